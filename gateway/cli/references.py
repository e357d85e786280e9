"""The command that lists what customs has told of account books, cargo manifests and licences."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.steps.references import REFERENCES
from gateway.store import ReferenceRow, Unit


@click.command()
@click.option("--kind", type=click.Choice(REFERENCES), default=None)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", nargs=2, default=("", ""), help="Kind and number of the last of the page before.")
@command
def references(session: Session, /, *, kind: str | None, limit: int, after: tuple[str, str]) -> int:
    """List what customs has told of.

    Account books, cargo manifests and licences, and what is left of each licence.
    """
    with session.readable.read() as unit:
        found = unit.references.listing(kind=kind, limit=limit, after=after)
        told = [_told(row) for row in found]
        licensed = {row.key: _licensed(unit, row) for row in found if row.kind == "Licence"}
    show = session.show
    if show.json:
        show.data([{**each, "licensed": licensed.get(each["number"], [])} for each in told])
        return DONE
    columns = ("kind", "reference", "enterprise", "valid_from", "valid_until", "items", "told_at", "received")
    show.rows("references", columns, [{**each, "reference": each["number"]} for each in told])
    if licensed:
        rows = [{"reference": number, **each} for number, figures in licensed.items() for each in figures]
        show.rows("licensed", ("reference", "goods_code", "unit", "quantity", "used", "left"), rows)
    return DONE


def _told(row: ReferenceRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "number": row.key,
        "enterprise": row.enterprise,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "items": len(row.content.get("Item", [])),
        "told_at": f"{row.told_at:%F %T}",
        "received": f"{row.received_at:%F %T}",
        "message": row.message_id,
        "receipt": row.receipt_id,
    }


def _licensed(unit: Unit, row: ReferenceRow) -> list[dict[str, Any]]:
    """Return what a licence gives of each goods code and unit, what is used, and what is left (MF-08)."""
    given: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    used = given.copy()
    items = row.content.get("Item", [])
    for item in items:
        if isinstance(item, dict):
            given[str(item["CodeTS"]), str(item["GUnit"])] += Decimal(str(item["GQty"]))
    for use in unit.references.used(row.key):
        used[use.goods_code, use.unit] += use.quantity
    return [
        {
            "goods_code": code,
            "unit": measure,
            "quantity": f"{given[code, measure]:f}",
            "used": f"{used[code, measure]:f}",
            "left": f"{given[code, measure] - used[code, measure]:f}",
        }
        for code, measure in sorted({*given, *used})
    ]
