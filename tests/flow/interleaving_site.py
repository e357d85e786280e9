"""A gateway with its real store and signatures, whose channel and customs do as they are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from customs_stub.courses import Step
from customs_stub.keys import load_identity
from customs_stub.receipts import Result, build
from customs_stub.schedule import Slot
from customs_stub.submission import Submission
from customs_stub.xmltree import Record
from gateway import pipeline
from gateway.bootstrap import Bell, open_gateway
from gateway.channels import MemoryInbox
from gateway.errors import GatewayError, RetryError, UnsentError
from gateway.parts import Gateway
from gateway.store import SubmissionRow
from tests.flow import erp
from tests.flow.interleaving_model import End, Event, Hearing, Model, Receipt, Sending
from tests.services.installation import FILING, PATIENCE_SECONDS, Installation

ROUTE = "customs"
# Longer than the longest pause before another attempt, shorter than any receipt may take.
PAUSE = timedelta(minutes=20)
_ANSWERS = {
    Receipt.RECEIVED: Step(True, "0", "接收成功"),
    Receipt.APPROVED: Step(False, "A", "海关审批通过"),
    Receipt.REFUSED: Step(False, "R", "核准拒绝"),
    Receipt.DUPLICATE: Step(True, "-8", "报文重复：已经接收过"),
}


class Died(BaseException):
    """What happens to a process in the middle of sending."""


class StandingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = FILING

    def now(self) -> datetime:
        """Tell the time."""
        return self.moment


class Customs:
    """An outbox that does as it is told, and remembers what arrived."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.told = Sending(End.SENT)
        self.asked = False
        self.arrived: list[bytes] = []

    def send_many(
        self, files: Sequence[tuple[str, bytes]], check: Callable[[], None]
    ) -> dict[str, GatewayError]:
        """Take one message, or not."""
        check()
        self.asked = True
        ((name, data),) = files
        if self.told.arrives:
            self.arrived.append(data)
        for receipt in self.told.early:
            self._site.hear(receipt)
        if self.told.end is End.DIED:
            raise Died
        faults = {End.DOUBT: RetryError, End.UNSENT: UnsentError}
        fault = faults.get(self.told.end)
        return {} if fault is None else {name: fault("channels.not-sent", name=name, reason="told so")}


@dataclass(frozen=True)
class Seen:
    """How it stands with the message at the gateway, and at customs.

    Attributes:
        submission: Its state.
        technical: The technical receipt is noted.
        business: The decision is noted.
        states: The states that its document has passed.
        person: A receipt waits for a person.
        copies: How often customs got it.
        kinds: In how many different forms.
        told: How many receipts the ERP was told of.
    """

    submission: str
    technical: bool
    business: bool
    states: tuple[str, ...]
    person: bool
    copies: int
    kinds: int
    told: int


def expected(model: Model) -> Seen:
    """Return how it must stand: one form at most, and each step of the document told once."""
    return Seen(
        submission=model.submission,
        technical=model.technical,
        business=model.business,
        states=model.states,
        person=model.person,
        copies=model.copies,
        kinds=min(model.copies, 1),
        told=len(model.states) - 1,
    )


class Site:
    """A gateway with its real store and signatures, and messages that are ready to be sent."""

    def __init__(self, gateway: Gateway, clock: StandingClock, installation: Installation) -> None:
        self.customs = Customs(self)
        self._inbox = MemoryInbox()
        self._gateway = replace(
            gateway, customs_outboxes={ROUTE: self.customs}, customs_inboxes={ROUTE: self._inbox}
        )
        self.clock = clock
        self._installation = installation
        self._names = 0
        self._mine: set[str] = set()
        self._receipts: dict[tuple[str, Receipt], bytes] = {}
        folder = installation.folder / "var/customs"
        self._identity = load_identity(folder / "customs.key", folder / "customs.pem")
        self._row: SubmissionRow | None = None

    @property
    def row(self) -> SubmissionRow:
        """The message that everything is about."""
        assert self._row is not None, "choose one first"
        return self._row

    def begin(self, client_number: str) -> None:
        """Declare a volume; everything is about its message from now on, which is signed and to be sent."""
        self._installation.drop(f"{client_number}.json", erp.volume(client_number))
        patience = time.monotonic() + PATIENCE_SECONDS
        while not (pipeline.intake(self._gateway, ["acme"]) and pipeline.understand(self._gateway)):
            assert time.monotonic() < patience, "it is not taken"
        pipeline.sign(self._gateway)
        with self._gateway.store.read() as unit:
            (self._row,) = unit.submissions.latest_of_client_number("GoodsFiling", client_number)
        self.customs.arrived = []
        self._mine = set()

    def play(self, event: Event, heard: frozenset[Receipt]) -> None:
        """Let something happen."""
        if isinstance(event.value, Sending):
            self.customs.told, self.customs.asked = event.value, False
            with suppress(RetryError, Died):
                pipeline.dispatch(self._gateway, ROUTE)
        elif isinstance(event.value, Hearing):
            self.hear(event.value.receipt)
        elif event is Event.TIMER:
            self.clock.moment += PAUSE
        else:
            for receipt in sorted(heard):
                self.hear(receipt)

    def hear(self, receipt: Receipt) -> None:
        """Let a receipt come, under a new name: the same bytes as before, if it came before."""
        self._names += 1
        name = f"R{self._names:08}.xml"
        self._mine.add(name)
        self._inbox.put(name, self._signed(receipt))
        pipeline.receive(self._gateway, ROUTE)
        pipeline.believe(self._gateway)

    def look(self) -> Seen:
        """Tell how it stands."""
        with self._gateway.store.read() as unit:
            row = unit.submissions.by_message_id(self.row.id)
            assert row is not None
            history = [each.to_state for each in unit.documents.history(self.row.number)]
            alerts = {alert.subject for alert in unit.alerts.opened() if alert.code == "receipt.not-applied"}
            told = unit.notices.count("acme", "receipt", self.row.number)
        return Seen(
            submission=str(row.state),
            technical=row.technical_at is not None,
            business=row.business_at is not None,
            states=tuple(history),
            person=bool(alerts & self._mine),
            copies=len(self.customs.arrived),
            kinds=len(set(self.customs.arrived)),
            told=told,
        )

    def _signed(self, receipt: Receipt) -> bytes:
        key = (self.row.id, receipt)
        if key not in self._receipts:
            about = Submission(
                message_id=self.row.id,
                message_type=self.row.message_type,
                sender="GW4403180001",
                client_number=self.row.client_number,
                unified_number=self.row.number,
                office="5301",
                enterprise=self.row.enterprise,
                body=Record(),
            )
            result = Result(f"J5301600{self.row.seq:04}") if receipt is Receipt.APPROVED else Result()
            self._receipts[key] = build(
                about, Slot(_ANSWERS[receipt], FILING, 0.0), result, "5301", self._identity
            )
        return self._receipts[key]


@contextmanager
def opened(folder: Path, url: str = "") -> Iterator[Site]:
    """Open a gateway with a qualification that is approved, on SQLite or on the database of the URL."""
    installation = Installation(folder, {"sqlite:///var/gateway.db": url} if url else {})
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
    clock = StandingClock()
    with open_gateway(installation.settings, clock, Bell()) as gateway:
        yield Site(gateway, clock, installation)
