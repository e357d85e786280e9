"""What is kept, as the documents know it, and the way back: rows, documents and reference data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.documents import Document, Kind, Reference, state_of
from gateway.errors import refuse
from gateway.store import DocumentRow, ReferenceRow, Unit

# What was deleted is shown to those only who ask for it.
DELETED = "deleted"


def to_document(row: DocumentRow) -> Document:
    """Return a kept document as the documents know it.

    Raises:
        RejectedError: `document.archived`: of its content nothing is here any more.
    """
    check_here(row)
    return _known(row)


def _known(row: DocumentRow) -> Document:
    values: dict[str, Any] = {name: getattr(row, name) for name in Document.__dataclass_fields__}
    return Document(**values | {"kind": Kind(row.kind)})


def check_here(row: DocumentRow) -> None:
    """See that a document's content is in the database.

    Raises:
        RejectedError: `document.archived`.
    """
    if row.archive is not None:
        state = state_of(_known(row))
        raise refuse(
            "document.archived",
            number=row.number,
            state_en=state.en,
            state_zh=state.zh,
            archive=row.archive,
        )


def document_of(unit: Unit, number: str) -> Document:
    """Return a document that is there."""
    row = unit.documents.get(number)
    assert row is not None, f"{number} is not there"
    return to_document(row)


def volumes_of(unit: Unit, qualification: str) -> Iterator[Document]:
    """Yield the volumes under a qualification as people are shown them, without those that were deleted."""
    for child in map(to_document, unit.documents.children(qualification)):
        if child.kind is Kind.VOLUME and child.state != DELETED:
            yield child


def to_row(document: Document) -> DocumentRow:
    """Return a document as it is kept."""
    values: dict[str, Any] = {name: getattr(document, name) for name in Document.__dataclass_fields__}
    return DocumentRow(**values | {"kind": str(document.kind), "state": str(document.state)})


def to_reference(row: ReferenceRow) -> Reference:
    """Return kept reference data as the documents know it."""
    return Reference(row.key, row.enterprise, row.valid_from, row.valid_until, row.content)
