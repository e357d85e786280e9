"""Sends out account books, cargo manifests and licences: once, when changed, and when asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from customs_stub.clock import OfficeClock, real_seconds
from customs_stub.config import ConfigError
from customs_stub.content import to_text
from customs_stub.courses import Delivery
from customs_stub.keys import Identity
from customs_stub.layers import Layer, Piece, dress_through
from customs_stub.letters import Letter, add, sealed
from customs_stub.references import ITEM, UPDATED, Reference
from customs_stub.schemas import Schemas
from customs_stub.store import Planned, Store
from customs_stub.xmltree import Record

A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Announcer:
    """Keeps the office's references as its file has them, and plans the messages that tell of them.

    Attributes:
        store: The office's memory.
        clock: The office's time.
        identity: The office's key and certificate.
        office: Who speaks where a reference names no office.
        door: The door through which the messages leave.
        layers: What stands at that door.
    """

    store: Store
    clock: OfficeClock
    identity: Identity
    office: str
    door: str
    layers: Sequence[Layer] = ()

    def keep(self, references: Sequence[Reference]) -> int:
        """Keep exactly these, send what is new or changed, and return how many that is."""
        with self.store.transaction():
            known = {(kind, key) for kind, key in self.store.db.execute("SELECT kind, key FROM reference")}
            for kind, key in known - {(str(each.kind), each.key) for each in references}:
                self.store.db.execute("DELETE FROM reference WHERE kind = ? AND key = ?", (kind, key))
            return sum(self._announce(each, again=False) for each in references)

    def send(self, references: Iterable[Reference]) -> int:
        """Send these again, whether they changed or not, and return how many they are."""
        with self.store.transaction():
            return sum(self._announce(each, again=True) for each in references)

    def _announce(self, reference: Reference, *, again: bool) -> bool:
        query = "SELECT updated, content FROM reference WHERE kind = ? AND key = ?"
        found = self.store.db.execute(query, (reference.kind, reference.key)).fetchone()
        now, content = self.clock.now(), to_text(reference.body)
        if found and found[1] == content:
            updated = datetime.fromisoformat(found[0])
            if not again:
                return False
        else:
            # What is newer must say so, even at an office whose clock was set back.
            updated = max(now, datetime.fromisoformat(found[0]) + A_SECOND) if found else now
        row = (reference.kind, reference.key, reference.label, updated.isoformat(), content)
        self.store.db.execute("INSERT OR REPLACE INTO reference VALUES (?, ?, ?, ?, ?)", row)
        self._plan(reference, updated, now)
        return True

    def _plan(self, reference: Reference, updated: datetime, now: datetime) -> None:
        letter, root = _message(reference, updated, now, self.office)
        seq = self.store.number("receipt")
        piece = Piece(f"R{now:%Y%m%d%H%M%S}-{seq:08}-reference.xml", sealed(root, self.identity))
        piece = dress_through(self.layers, piece, letter.message_id, now)
        self.store.plan(
            Planned(
                seq=seq,
                message_id=letter.message_id,
                file=piece.name,
                data=piece.data,
                summary=f"{reference.kind} {reference.key}",
                due=real_seconds(),
                delivery=Delivery.WHOLE,
                door=self.door,
            )
        )


def check(references: Iterable[Reference], now: datetime, schemas: Schemas) -> None:
    """Check that each can be sent.

    Raises:
        ConfigError: What does not fit the schemas of the messages, all of it.
    """
    faults = [
        f"{reference.kind} {reference.key}: {fault.path} {fault.detail}"
        for reference in references
        for fault in schemas.check(_message(reference, now, now, "0000")[1])
    ]
    if faults:
        raise ConfigError(faults)


def _message(
    reference: Reference, updated: datetime, now: datetime, office: str
) -> tuple[Letter, etree._Element]:
    body = reference.body
    letter = Letter(
        message_type=str(reference.kind),
        sender=body.get("CustomMaster") or office,
        moment=now,
        receiver=body.get("TradeCode"),
    )
    root, element = letter.begin()
    _fill(element, body)
    add(element, UPDATED, updated.isoformat())
    for item in body.all(ITEM):
        _fill(add(element, ITEM), item)
    return letter, root


def _fill(parent: etree._Element, record: Record) -> None:
    for name, value in record.values.items():
        add(parent, name, value)
