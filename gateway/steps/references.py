"""Reference messages of customs: account books, cargo manifests and licences, the newest of each kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from gateway.clock import parse_moment
from gateway.documents import cargo_key
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields
from gateway.messages import Head
from gateway.store import ReceiptContent, ReceiptRow, ReferenceRow, Unit

# What names one of each kind (GF-09, MF-08, MF-09).
_KEYS: Final[Mapping[str, Callable[[Fields], str]]] = {
    "AccountBook": lambda body: _text(body, "ManualNo"),
    "CargoManifest": cargo_key,
    "Licence": lambda body: _text(body, "LicenseNo"),
}
REFERENCES: Final = tuple(_KEYS)


def read_reference(receipt: ReceiptRow, head: Head, body: Fields) -> ReferenceRow:
    """Read a reference message that is verified and valid by its schema.

    Raises:
        RejectedError: `reference.time`, and `reference.item-twice` for every such item number.
    """
    faults: list[Violation] = list(_twice(head.message_type, body))
    told_at = _moment(head.message_type, body, faults)
    if told_at is None or faults:
        raise RejectedError(faults)
    return ReferenceRow(
        kind=head.message_type,
        key=_KEYS[head.message_type](body),
        enterprise=_text(body, "TradeCode"),
        valid_from=_text(body, "ValidFrom") or None,
        valid_until=_text(body, "ValidDate") or None,
        told_at=told_at,
        content=body,
        receipt_id=receipt.id,
        message_id=head.message_id,
        received_at=receipt.received_at,
    )


def office_of(told: ReferenceRow) -> str:
    """Return the customs office to which it belongs, empty for a licence, which belongs to none."""
    return _text(told.content, "CustomMaster")


def keep_reference(unit: Unit, told: ReferenceRow) -> Violation | None:
    """Keep what customs told; return why nothing changes where it told as much or more before.

    Raises:
        RejectedError: `reference.contradicts`: of two contents of the same moment nobody can say which
            one holds, and a person must ask customs.
    """
    standing = unit.references.keep(told)
    if standing is None:
        return None
    values = {"kind": told.kind, "key": told.key, "at": f"{standing.told_at:%F %T}"}
    if standing.told_at == told.told_at and standing.content != told.content:
        path = f"{told.kind}/UpdateTime"
        raise RejectedError([Violation("reference.contradicts", path, {**values, "by": standing.message_id})])
    return Violation("reference.superseded", values=values, warning=True)


def receipt_content(told: ReferenceRow, reason: Any) -> ReceiptContent:
    """Return what the receipt's row is to show of a reference message."""
    return ReceiptContent(
        own_id=told.message_id, receipt_type=told.kind, customs_number=told.key, reason=reason
    )


def log_line(told: ReferenceRow) -> dict[str, Any]:
    """Return what the receipt log tells of a reference message."""
    return {
        "type": told.kind,
        "customs_number": told.key,
        "enterprise": told.enterprise,
        "valid_from": told.valid_from,
        "valid_until": told.valid_until,
        "told_at": told.told_at.isoformat(),
    }


def _moment(kind: str, body: Fields, faults: list[Violation]) -> datetime | None:
    given = _text(body, "UpdateTime")
    try:
        return parse_moment(given)
    except ValueError:
        faults.append(Violation("reference.time", f"{kind}/UpdateTime", {"given": given}))
        return None


def _twice(kind: str, body: Fields) -> Iterator[Violation]:
    """Yield the item numbers that stand twice: a manifest's item could mean either of them."""
    items = body.get("Item", [])
    numbers = Counter(_text(item, "GNo") for item in items if isinstance(item, dict))
    for number, count in numbers.items():
        if count > 1:
            yield Violation("reference.item-twice", f"{kind}/Item/GNo", {"number": number, "count": count})


def _text(body: Fields, name: str) -> str:
    value = body.get(name, "")
    return value if isinstance(value, str) else ""
