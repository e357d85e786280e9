"""Files that are asked for by a message: kept as what is to be made, under the name that the reply tells."""

from __future__ import annotations

import json
from typing import Final

from gateway.documents import Command, Document, Kind
from gateway.reports import Sheet
from gateway.steps.records import World
from gateway.steps.replies import safe_name
from gateway.steps.sheets import NOTICED, notice_of, sheet_of
from gateway.store import NoticeRow, NoticeState, Unit

# Kinds of notices that are drawn as PDF.
PRINT, NOTICE, STATISTICS = "print", "notice", "statistics"
EXPORT: Final = "export"


def order_print(world: World, unit: Unit, partner: str, document: Document) -> list[str]:
    """Order the print of a document, and of a declaration's receipt notice where there is one (DC-03).

    What is printed is the document as it stands now; it is drawn outside of this transaction.

    Returns:
        The names under which the files will come.

    Raises:
        RejectedError: `print.no-form`.
    """
    number = document.number
    ordered = [_order(unit, partner, PRINT, number, sheet_of(world, unit, document))]
    if document.kind is Kind.DECLARATION and document.state in NOTICED:
        ordered.append(_order(unit, partner, NOTICE, number, notice_of(world, unit, document)))
    return ordered


def order_file(unit: Unit, command: Command, kind: str, ending: str) -> str:
    """Order a file about what a query asks, and return its name."""
    draft = json.dumps(command.body, ensure_ascii=False).encode()
    return _add(unit, command.partner, kind, command.client_number, ending, draft)


def _order(unit: Unit, partner: str, kind: str, number: str, sheet: Sheet) -> str:
    ending = "pdf" if kind == PRINT else f"{kind}.pdf"
    return _add(unit, partner, kind, number, ending, sheet.to_bytes())


def _add(unit: Unit, partner: str, kind: str, number: str, ending: str, draft: bytes) -> str:  # noqa: PLR0913, PLR0917
    # A file that the ERP has not taken yet is never replaced, so that each has a name of its own. Numbers
    # that a file system cannot tell apart are counted as one, and a point leads the count only.
    stem = safe_name(number).replace(".", "_")
    earlier = unit.notices.count(partner, kind, stem)
    name = f"{stem}{f'.{earlier + 1}' if earlier else ''}.{ending}"
    unit.notices.add(
        NoticeRow(
            partner=partner,
            kind=kind,
            name=name,
            digest=unit.raw.put(draft),
            state=NoticeState.TO_MAKE,
            created_at=unit.now,
            number=stem,
        )
    )
    return name
