"""What evidence asks of the store, on both databases: everything about one document, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest

from gateway.store import MessageRow, NoticeRow, Store, Unit
from tests.services.stores import NOON, add_interchange, add_receipt, changed, document, new

pytest_plugins = ("tests.services.store_fixtures",)

NUMBER = document().number
OTHER = "M20260000000000002"


def _moved(unit: Unit, number: str) -> None:
    row = document(number)
    unit.documents.put([new(row)])
    unit.documents.put([changed(replace(row, state="declared"), "saved", 1)])


@pytest.mark.requirement("CU-03")
def test_each_version_tells_its_seal_and_the_one_before(store: Store) -> None:
    """Whoever knows the values can compute the chain; what is not sealed yet has none."""
    with store.begin() as unit:
        unit.documents.put([new(document(OTHER))])
        first = unit.audit.seal(1)
        _moved(unit, NUMBER)
        second = unit.audit.seal(1)
        unit.audit.seal(1)
    with store.begin() as unit:
        unit.documents.put([changed(replace(document(), state="sent"), "declared", 2)])
    with store.read() as unit:
        seals = unit.audit.seals_of(NUMBER)
        assert (sorted(seals), unit.audit.seals_of("M29990000000000001")) == ([1, 2], {})
        assert unit.audit.seals_of(OTHER)[1].before == "0" * 64
    assert (seals[1].before, seals[1].chain, seals[2].before) == (first, second, second)
    for seal in seals.values():
        assert seal.chain == sha256(f"{seal.before}{seal.digest}{seal.moment}".encode()).hexdigest()
        assert seal.rows == 1


def test_acts_about_one_thing_come_in_their_order(store: Store) -> None:
    """Without those about others."""
    with store.begin() as unit:
        for act, subject in (("declare", NUMBER), ("declare", OTHER), ("correct", NUMBER)):
            unit.audit.act("root", act, subject, {})
    with store.read() as unit:
        assert [act.act for act in unit.audit.acts_about(NUMBER)] == ["declare", "correct"]


def test_messages_notices_and_receipts_of_a_document_are_found(store: Store) -> None:
    """Each kind by the document's number, replies by their names, a receipt by its own."""
    with store.begin() as unit:
        unit.documents.put([new(document()), new(document(OTHER, client_number="A-2"))])
        arrival = add_interchange(unit, b"order")
        for position, number in enumerate((NUMBER, OTHER, NUMBER, None), 1):
            unit.messages.add(
                MessageRow(
                    interchange_id=arrival.id,
                    position=position,
                    message_type="Manifest",
                    operation="save",
                    partner="acme",
                    client_number="A-1",
                    content_digest="0",
                    outcome="accepted",
                    document_number=number,
                )
            )
        told = unit.raw.put(b"told")
        for partner, name, of in (
            ("acme", "1.reply.json", None),
            ("beta", "1.reply.json", None),
            ("acme", "2.reply.json", None),
            ("acme", "receipt.json", NUMBER),
            ("beta", "receipt.json", NUMBER),
            ("acme", "receipt.json", OTHER),
        ):
            unit.notices.add(
                NoticeRow(
                    partner=partner, kind="reply", name=name, digest=told, created_at=unit.now, number=of
                )
            )
        receipt = add_receipt(unit, b"<Receipt/>")
    with store.read() as unit:
        assert [message.position for message in unit.messages.about(NUMBER)] == [1, 3]
        assert [notice.partner for notice in unit.notices.of(NUMBER)] == ["acme", "beta"]
        named = unit.notices.named("acme", ["1.reply.json", "receipt.json"])
        assert [(notice.partner, notice.name) for notice in named] == [("acme", "1.reply.json")]
        assert unit.receipts.get(receipt.id) == receipt
        assert unit.receipts.get(receipt.id + 1) is None


def test_bytes_tell_since_when_they_are_kept(store: Store) -> None:
    """The first time counts: of a signed message that is when it was signed."""
    with store.begin() as unit:
        first = unit.now
        digest = unit.raw.put(b"signed")
    with store.begin() as unit:
        unit.raw.put(b"signed")
        assert unit.raw.kept_at(digest) == first
        assert unit.raw.kept_at("0" * 64) is None
    assert first >= NOON
