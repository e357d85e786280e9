"""READ FIRST: the office at work – look at its doors, judge what is new, answer what is due."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from threading import Event

from customs_stub.announcing import Announcer, check
from customs_stub.choosing import Choice, Scripts
from customs_stub.clock import OfficeClock, real_seconds
from customs_stub.config import Config
from customs_stub.courses import Delivery, repeated
from customs_stub.delivery import Courier
from customs_stub.doors import Door, Parcel
from customs_stub.facts import Limits
from customs_stub.judgement import Examined, Examiner, Judgement, judge
from customs_stub.keys import Register
from customs_stub.layers import Piece, dress_through, open_through
from customs_stub.opening import open_doors
from customs_stub.outages import Outages
from customs_stub.receipts import Result, build
from customs_stub.records import Records
from customs_stub.references import load
from customs_stub.results import result
from customs_stub.schedule import Slot, arrange
from customs_stub.schemas import Schemas
from customs_stub.spoiling import load_identities, spoil, twisted
from customs_stub.store import Planned, Store, Taken
from customs_stub.submission import digest

LOG = logging.getLogger("customs_stub")


@dataclass(frozen=True, slots=True)
class Taking:
    """How a parcel was taken.

    Attributes:
        let_in: It went further than the door.
        at_once: Its answers are to leave before anything else is done.
    """

    let_in: bool
    at_once: bool


class Office:
    """A customs office that is open while `run` goes on."""

    def __init__(self, config: Config, clock: OfficeClock, scripts: Sequence[Path] = ()) -> None:
        """Open the office, with scenario files besides those of its folder.

        Raises:
            ConfigError: Schemas, key, certificate, state, references or scenario files cannot be used.
        """
        self._config = config
        self._clock = clock
        self._identities = load_identities(config.key, config.certificate)
        self._scripts = Scripts(config.scenarios, scripts)
        schemas, references = Schemas.load(config.schemas), load(config.references)
        check(references, clock.now(), schemas)
        self._examiner = Examiner(schemas, Register(config.enterprises), config.offices)
        config.enterprises.mkdir(parents=True, exist_ok=True)
        self._store = Store(config.state)
        self._doors = open_doors(config, self._store)
        limits = Limits(**{field.name: getattr(config, field.name) for field in fields(Limits)})
        self._records = Records(self._store, clock, limits)
        self._courier = Courier(self._store, self._records, self._doors)
        self._outages = Outages(self._store, self._scripts)
        first = next(iter(self._doors.values()))
        Announcer(self._store, clock, self._identities.own, config.speaker, first.name, first.layers).keep(
            references
        )

    def close(self) -> None:
        """Close the office; what is open waits in its state."""
        for door in self._doors.values():
            door.close()
        self._store.close()

    def run(self, stop: Event, *, until_idle: bool = False) -> None:
        """Work until told to stop, or until nothing is left to answer."""
        self._courier.recover()
        while not stop.is_set():
            able = self._outages.now()
            moved = self._courier.deliver() if able.answers else 0
            moved += self.take()
            if moved:
                continue
            next_due = self._store.next_due() if able.answers else None
            if until_idle and next_due is None and not able.passing:
                return
            pause = self._config.poll_seconds
            if next_due is not None:
                pause = min(pause, max(0.0, next_due - real_seconds()))
            stop.wait(pause)

    def take(self) -> int:
        """Take what is new at the doors, unless the office is closed; return how many that were."""
        taken = 0
        for door in self._doors.values():
            for parcel in door.take() if self._outages.now().takes else ():
                opened = self._open(door, parcel)
                if opened.let_in:
                    door.taken(parcel)
                else:
                    door.refused(parcel)
                taken += 1
                able = self._outages.now()
                if opened.at_once and able.answers:
                    self._courier.deliver()
                if not able.takes:
                    break
        return taken

    def _open(self, door: Door, parcel: Parcel) -> Taking:
        """Take a parcel in one transaction."""
        opened = open_through(door.layers, parcel.name, parcel.data, self._clock.now())
        at_once = False
        with self._store.transaction():
            if parcel.seen is not None:
                self._store.remember(parcel.seen)
            for word in opened.words:
                self._say(door, word, parcel)
            if opened.data is not None:
                at_once = self._receive(door, parcel.name, opened.data).scenario.at_once
        return Taking(opened.data is not None or opened.passed > 0, at_once)

    def _say(self, door: Door, word: Piece, parcel: Parcel) -> None:
        """Plan what the transport says by itself."""
        self._store.plan(
            Planned(
                seq=self._store.number("receipt"),
                message_id=Path(parcel.name).stem,
                file=word.name,
                data=word.data,
                summary=f"word of the transport for {parcel.name}",
                due=real_seconds(),
                delivery=Delivery.WHOLE,
                door=door.name,
            )
        )

    def _receive(self, door: Door, name: str, data: bytes) -> Choice:
        examined, mark = self._examiner.examine(data, Path(name).stem), digest(data)
        if not examined.faults:
            examined = replace(examined, submission=replace(examined.submission, digest=mark))
        submission = examined.submission
        choice = self._scripts.choose(submission)
        numbers = (submission.unified_number, submission.client_number)
        self._store.count(submission.message_id, mark, door.name, numbers)
        if self._store.knows(submission.message_id, mark):
            LOG.info("took %s again: %s is known", name, submission.message_id)
            if choice.scenario.repeats_told:
                self._answer(door, examined, Judgement(None, False, repeated()), choice)
            return choice
        claimed = self._store.claimed(submission.message_id)
        judgement = judge(examined, self._records, choice, claimed=claimed)
        believed = not examined.faults and not claimed
        moment = self._clock.now().isoformat()
        self._store.add_message(
            Taken(submission.message_id, mark, submission.message_type, name, moment, believed)
        )
        self._answer(door, examined, judgement, choice)
        self._outages.begin(choice)
        LOG.info("took %s %s", name, _told(examined, judgement))
        return choice

    def _answer(self, door: Door, examined: Examined, judgement: Judgement, choice: Choice) -> None:
        document: int | None = None
        given = Result()
        kind, submission = judgement.filed, examined.submission
        if kind is not None:
            if judgement.approved:
                given = result(kind, submission, self._records, self._store.number)
            document = self._records.add(kind, submission, given, approved=judgement.approved)
        for slot in arrange(judgement.plan, choice, self._clock.now(), real_seconds()):
            self._plan(door, examined, slot, given, document)

    def _plan(self, door: Door, examined: Examined, slot: Slot, given: Result, document: int | None) -> None:
        submission, step = examined.submission, slot.step
        signer, about = self._identities.of(step.delivery), twisted(submission, step.delivery)
        data = spoil(build(about, slot, given, self._config.speaker, signer), step.delivery)
        kind = "technical" if step.technical else "business"
        how = "" if step.delivery is Delivery.WHOLE else f" ({step.delivery})"
        summary = f"{kind} {step.code}{how} for {submission.message_type} {submission.message_id}"
        for _ in range(step.copies):
            seq = self._store.number("receipt")
            piece = Piece(f"R{slot.moment:%Y%m%d%H%M%S}-{seq:08}-{kind}.xml", data)
            number = submission.unified_number or submission.message_id
            piece = dress_through(door.layers, piece, number, slot.moment)
            self._store.plan(
                Planned(
                    seq=seq,
                    message_id=submission.message_id,
                    file=piece.name,
                    data=piece.data,
                    summary=f"{summary} {submission.client_number}".rstrip(),
                    due=slot.due,
                    delivery=step.delivery,
                    stage="held" if step.held else "planned",
                    document=document,
                    effect=step.effect,
                    door=door.name,
                )
            )


def _told(examined: Examined, judgement: Judgement) -> str:
    submission = examined.submission
    name = f"{submission.message_type or 'unreadable'} {submission.message_id} {submission.client_number}"
    verdict = "approved" if judgement.approved else "refused" if judgement.filed else "not received"
    codes = ",".join(dict.fromkeys(fault.code for step in judgement.plan for fault in step.faults))
    return f"{name.rstrip()}: {verdict} {codes}".rstrip()
