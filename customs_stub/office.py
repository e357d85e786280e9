"""READ FIRST: the office at work – look into the outbox, judge what is new, answer what is due."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Event

from customs_stub.clock import OfficeClock, real_seconds
from customs_stub.config import Config
from customs_stub.courses import Delivery
from customs_stub.delivery import Courier
from customs_stub.facts import Limits
from customs_stub.judgement import Examined, Examiner, Judgement, judge
from customs_stub.keys import Identity, Register, load_identity
from customs_stub.numbers import give
from customs_stub.outbox import Outbox
from customs_stub.receipts import Result, build, spoil
from customs_stub.records import Records
from customs_stub.schedule import Slot, arrange
from customs_stub.schemas import Schemas
from customs_stub.store import Planned, Seen, Store, Taken
from customs_stub.submission import Kind, digest

LOG = logging.getLogger("customs_stub")
ANY_OFFICE = "0000"


class Office:
    """A customs office that is open while `run` goes on."""

    def __init__(self, config: Config, clock: OfficeClock) -> None:
        """Open the office.

        Raises:
            ConfigError: Schemas, key, certificate or state cannot be used.
        """
        self._config = config
        self._clock = clock
        self._identity: Identity = load_identity(config.key, config.certificate)
        self._examiner = Examiner(Schemas.load(config.schemas), Register(config.enterprises), config.offices)
        for folder in (config.outbox, config.answers, config.enterprises):
            folder.mkdir(parents=True, exist_ok=True)
        self._store = Store(config.state)
        limits = Limits(config.guarantee_months, config.volume_items, config.declaration_items)
        self._records = Records(self._store, clock, limits)
        self._courier = Courier(self._store, config.answers)
        self._outbox = Outbox(config.outbox, self._store.seen())

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
        result = Result()
        if judgement.filed is not None:
            result = self._result(judgement.filed, examined) if judgement.approved else Result()
            document = self._records.add(
                judgement.filed, examined.submission, result.customs_number, result.valid_until
            )
        for slot in arrange(judgement.plan, judgement.pause, self._clock.now(), real_seconds()):
            self._plan(examined, slot, result, document)

    def _result(self, kind: Kind, examined: Examined) -> Result:
        submission, today = examined.submission, self._records.today
        number = give(kind, submission, today, self._store.number)
        if kind is not Kind.QUALIFICATION:
            return Result(number)
        # A bonded qualification has no guarantee whose date could bound it: it holds for a year.
        guaranteed = submission.body.get("GuaranteeValidDate")
        return Result(number, guaranteed or f"{today.year + 1}{today:%m%d}".replace("0229", "0228"))

    def _plan(self, examined: Examined, slot: Slot, result: Result, document: int | None) -> None:
        submission, step = examined.submission, slot.step
        office = self._config.offices[0] if self._config.offices else ANY_OFFICE
        data = spoil(build(submission, slot, result, office, self._identity), step.delivery)
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
