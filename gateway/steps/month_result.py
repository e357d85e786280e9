"""The result of an aggregation, as the ERP is told it: the declarations, and what went into which (AG-04)."""

from __future__ import annotations

from typing import Any, Final

from gateway.documents import Document, Kind
from gateway.steps.replies import tell, tell_state
from gateway.store import DocumentFilter, ListedDocument, RunRow, Unit

MOST_DECLARATIONS: Final = 1000
MOST_RELATIONS: Final = 5000


def tell_result(unit: Unit, run: Document, row: RunRow) -> None:
    """Tell the ERP which declarations its month became (AG-04).

    Of a large month only the first declarations stand here, and no relations; queries bring both, page by
    page (QR-03, QR-04).
    """
    asked = DocumentFilter(kind=Kind.DECLARATION, parent=run.number)
    made = unit.documents.listing(asked, limit=MOST_DECLARATIONS)
    few = row.lines <= MOST_RELATIONS
    told = {
        "notice": "result",
        **tell_state(run),
        "month": run.period,
        "counts": {"manifests": row.manifests, "items": row.lines, "declarations": row.declarations},
        "declarations": [tell_state(_unread(each)) for each in made],
        "relations": [
            {
                "manifest": relation.manifest_number,
                "item": relation.manifest_item,
                "declaration": relation.declaration_number,
                "declaration_item": relation.declaration_item,
            }
            for each in (made if few else ())
            for relation in unit.relations.of_declaration(each.number)
        ],
    }
    tell(unit, run, "result", f"{run.number}.result.json", told)


def _unread(row: ListedDocument) -> Document:
    """Return a listed document without its content, which a state does not need."""
    values: dict[str, Any] = {name: getattr(row, name, {}) for name in Document.__dataclass_fields__}
    return Document(**values | {"kind": Kind(row.kind)})
