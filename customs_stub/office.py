"""READ FIRST: the office at work – look into the outbox, judge what is new, answer what is due."""

from __future__ import annotations

import logging
from dataclasses import fields
from pathlib import Path
from threading import Event

from customs_stub.announcing import Announcer, check
from customs_stub.clock import OfficeClock, real_seconds
from customs_stub.config import Config
from customs_stub.courses import Delivery
from customs_stub.delivery import Courier
from customs_stub.facts import Limits
from customs_stub.judgement import Examined, Examiner, Judgement, judge
from customs_stub.keys import Identity, Register, load_identity
from customs_stub.outbox import Outbox
from customs_stub.receipts import Result, build, spoil
from customs_stub.records import Records
from customs_stub.references import load
from customs_stub.results import result
from customs_stub.schedule import Slot, arrange
from customs_stub.schemas import Schemas
from customs_stub.store import Planned, Seen, Store, Taken
from customs_stub.submission import digest

LOG = logging.getLogger("customs_stub")


class Office:
    """A customs office that is open while `run` goes on."""

    def __init__(self, config: Config, clock: OfficeClock) -> None:
        """Open the office.

        Raises:
            ConfigError: Schemas, key, certificate, state or references cannot be used.
        """
        self._config = config
        self._clock = clock
        self._identity: Identity = load_identity(config.key, config.certificate)
        schemas, references = Schemas.load(config.schemas), load(config.references)
        check(references, clock.now(), schemas)
        self._examiner = Examiner(schemas, Register(config.enterprises), config.offices)
        for folder in (config.outbox, config.answers, config.enterprises):
            folder.mkdir(parents=True, exist_ok=True)
        self._store = Store(config.state)
        limits = Limits(**{field.name: getattr(config, field.name) for field in fields(Limits)})
        self._records = Records(self._store, clock, limits)
        self._courier = Courier(self._store, self._records, config.answers)
        self._outbox = Outbox(config.outbox, self._store.seen())
        Announcer(self._store, clock, self._identity, config.speaker).keep(references)

    def close(self) -> None:
        """Close the office; what is open waits in its state."""
        self._store.close()

    def run(self, stop: Event, *, until_idle: bool = False) -> None:
        """Work until told to stop, or until nothing is left to answer."""
        self._courier.recover()
        while not stop.is_set():
            moved = self._courier.deliver() + self.take()
            if moved:
                continue
            next_due = self._store.next_due()
            if until_idle and next_due is None:
                return
            pause = self._config.poll_seconds
            if next_due is not None:
                pause = min(pause, max(0.0, next_due - real_seconds()))
            stop.wait(pause)

    def take(self) -> int:
        """Take what is new in the outbox and return how many files that were."""
        taken = 0
        for file in self._outbox.look():
            try:
                data = (self._config.outbox / file.name).read_bytes()
            except FileNotFoundError:
                continue  # moved on by its owner between the look and the reading
            self._receive(file, data)
            self._outbox.taken(file)
            taken += 1
        return taken

    def _receive(self, file: Seen, data: bytes) -> None:
        stem = Path(file.name).stem
        examined = self._examiner.examine(data, stem)
        submission, mark = examined.submission, digest(data)
        with self._store.transaction():
            self._store.remember(file)
            if self._store.knows(submission.message_id, mark):
                LOG.info("took %s again: %s is known and answered once", file.name, submission.message_id)
                return
            claimed = self._store.claimed(submission.message_id)
            judgement = judge(examined, self._records, claimed=claimed)
            believed = not examined.faults and not claimed
            moment = self._clock.now().isoformat()
            self._store.add_message(
                Taken(submission.message_id, mark, submission.message_type, file.name, moment, believed)
            )
            self._answer(examined, judgement)
        LOG.info("took %s %s", file.name, _told(examined, judgement))

    def _answer(self, examined: Examined, judgement: Judgement) -> None:
        document: int | None = None
        given = Result()
        kind, submission = judgement.filed, examined.submission
        if kind is not None:
            if judgement.approved:
                given = result(kind, submission, self._records, self._store.number)
            document = self._records.add(kind, submission, given, approved=judgement.approved)
        for slot in arrange(judgement.plan, judgement.pause, self._clock.now(), real_seconds()):
            self._plan(examined, slot, given, document)

    def _plan(self, examined: Examined, slot: Slot, given: Result, document: int | None) -> None:
        submission, step = examined.submission, slot.step
        data = spoil(build(submission, slot, given, self._config.speaker, self._identity), step.delivery)
        kind = "technical" if step.technical else "business"
        how = "" if step.delivery is Delivery.WHOLE else f" ({step.delivery})"
        summary = f"{kind} {step.code}{how} for {submission.message_type} {submission.message_id}"
        for _ in range(step.copies):
            seq = self._store.number("receipt")
            self._store.plan(
                Planned(
                    seq=seq,
                    message_id=submission.message_id,
                    file=f"R{slot.moment:%Y%m%d%H%M%S}-{seq:08}-{kind}.xml",
                    data=data,
                    summary=f"{summary} {submission.client_number}".rstrip(),
                    due=slot.due,
                    delivery=step.delivery,
                    document=document,
                    effect=step.effect,
                )
            )


def _told(examined: Examined, judgement: Judgement) -> str:
    submission = examined.submission
    name = f"{submission.message_type or 'unreadable'} {submission.message_id} {submission.client_number}"
    verdict = "approved" if judgement.approved else "refused" if judgement.filed else "not received"
    codes = ",".join(dict.fromkeys(fault.code for step in judgement.plan for fault in step.faults))
    return f"{name.rstrip()}: {verdict} {codes}".rstrip()
