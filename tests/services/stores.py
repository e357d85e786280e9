"""Rows for tests to put into a store, with everything usual filled in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from gateway.clock import CHINA
from gateway.store import (
    ChangeRow,
    DocumentRow,
    InterchangeRow,
    ReceiptRow,
    ReferenceRow,
    RelationRow,
    SubmissionRow,
    Unit,
)
from gateway.store.tables import relations

NOON = datetime(2026, 10, 20, 12, tzinfo=CHINA)
LICENCE = "1:26-AB-100001"


@dataclass(frozen=True)
class Database:
    """A database of one kind."""

    kind: str
    url: str


def document(number: str = "M20260000000000001", **fields: Any) -> DocumentRow:
    """Return a saved manifest, with the fields given."""
    usual: dict[str, Any] = {
        "kind": "manifest",
        "message_type": "Manifest",
        "state": "saved",
        "version": 0,
        "enterprise": "4403180001",
        "partner": "acme",
        "office": "5301",
        "nature": "1",
        "ie_flag": "I",
        "client_number": "A-1",
        "content": {"GoodsNature": "1"},
    }
    return DocumentRow(number=number, **usual | fields)


def new(row: DocumentRow) -> ChangeRow:
    """Return the change that makes a document."""
    return _change(row, None, 0)


def changed(row: DocumentRow, state: str, version: int) -> ChangeRow:
    """Return the change of a document that is expected in the state and version."""
    return _change(row, state, version)


def _change(row: DocumentRow, state: str | None, version: int) -> ChangeRow:
    return ChangeRow(
        document=row,
        expected_state=state,
        expected_version=version,
        event="save" if state is None else "change",
        cause_kind="message",
        cause_id="1",
    )


def add_interchange(unit: Unit, data: bytes, **fields: Any) -> InterchangeRow:
    """Store bytes and their interchange."""
    usual: dict[str, Any] = {"channel": "inbox", "partner": "acme", "name": "a.csv", "received_at": unit.now}
    return unit.interchanges.add(InterchangeRow(digest=unit.raw.put(data), **usual | fields))


def add_submission(unit: Unit, name: str, **fields: Any) -> SubmissionRow:
    """Store a submission of the usual document."""
    usual: dict[str, Any] = {
        "number": "M20260000000000001",
        "message_type": "Manifest",
        "client_number": "A-1",
        "enterprise": "4403180001",
        "route": "customs",
        "unsigned_digest": unit.raw.put(b"<Message/>"),
        "created_at": unit.now,
    }
    return unit.submissions.add(SubmissionRow(id=name, **usual | fields))


def add_receipt(unit: Unit, data: bytes, **fields: Any) -> ReceiptRow:
    """Store the bytes of a receipt."""
    usual: dict[str, Any] = {"channel": "customs", "name": "r.xml", "received_at": unit.now}
    row = ReceiptRow(digest=unit.raw.put(data), **usual | fields)
    unit.receipts.add([row])
    kept = unit.receipts.newest(limit=500)
    return next(each for each in kept if (each.digest, each.name) == (row.digest, row.name))


def add_relations(unit: Unit, *made: RelationRow) -> None:
    """Keep merge relations without the aggregation that makes them."""
    unit._connection.execute_many(insert(relations), [asdict(row) for row in made])


def reference(unit: Unit, **fields: Any) -> ReferenceRow:
    """Return a licence that a receipt has brought, with the fields given."""
    usual: dict[str, Any] = {
        "kind": "Licence",
        "key": LICENCE,
        "enterprise": "4403180001",
        "valid_from": "20260101",
        "valid_until": "20261231",
        "told_at": NOON,
        "content": {
            "LicenseNo": LICENCE,
            "Item": [{"CodeTS": "0810600000", "GUnit": "035", "GQty": "10000"}],
        },
        "receipt_id": add_receipt(unit, b"licence").id,
        "message_id": "C-1",
        "received_at": unit.now,
    }
    return ReferenceRow(**usual | fields)
