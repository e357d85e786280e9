"""Drafts of declarations: composed of merged goods, kept until the whole set is proved, and proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from operator import attrgetter
from typing import Final

from gateway.documents import (
    Document,
    Goods,
    Sum,
    draft_declaration,
    issued,
    pieces,
    prove_declaration,
    prove_whole,
    unissued,
)
from gateway.errors import RejectedError
from gateway.messages import build_declaration
from gateway.steps.kept import to_document
from gateway.steps.records import StoredFacts, World
from gateway.store import DraftRow, MergedRow, PlaceRow, SumRow, Unit

# As long as a real one; the schema is asked before numbers are given.
_ANY_NUMBER: Final = "D" + "0" * 17
_PAGE: Final = 20

Composed = tuple[tuple[Goods, ...], Document]


def composed(world: World, unit: Unit, run: Document, merged: Iterator[MergedRow]) -> Iterator[Composed]:
    """Yield the declarations of a run, each with its goods; only one is in memory at a time.

    Raises:
        ParkedError: `aggregation.no-profile`.
    """
    facts = StoredFacts(world, unit)
    manifests: dict[str, Document] = {}
    goods = (
        Goods(row.part, row.item, row.first, row.last, row.wraps, row.contracts, *row.figures)
        for row in merged
    )
    for piece in pieces(goods, world.settings.aggregation.max_items):
        # Neighbours mostly come from the same manifests.
        wanted = {each.manifest for each in piece}
        manifests = {number: manifests[number] for number in wanted & manifests.keys()}
        rows = unit.months.many(wanted - manifests.keys())
        manifests |= {row.number: to_document(row) for row in rows}
        yield piece, draft_declaration(run, piece, manifests, facts)


def keep_drafts(unit: Unit, run: str, batch: Sequence[tuple[int, Composed]]) -> None:
    """Keep composed declarations, and which item of which of them each merged item is."""
    unit.lines.place(
        run,
        places=(
            PlaceRow(item=goods.item, declaration=index, position=position)
            for index, (piece, _) in batch
            for position, goods in enumerate(piece, 1)
        ),
        made=(_draft(index, declaration) for index, (_, declaration) in batch),
    )


def drafted(run: Document, draft: DraftRow) -> Document:
    """Return a kept draft as the declaration that it is to be."""
    return unissued(run, (draft.office, draft.nature, draft.ie_flag), draft.state, draft.content)


def prove_drafts(world: World, unit: Unit, run: Document) -> None:
    """Prove every declaration of a run against what was put into it, and hold it against the schema (AG-09).

    Raises:
        ParkedError: `aggregation.invariant`.
        RejectedError: A declaration would not be valid.
    """
    with closing(unit.lines.sums(run.number)) as rows:
        proved = _prove_each(world, unit, run, rows)
    prove_whole(run.number, lines=unit.lines.count(run.number), proved=proved)


def _prove_each(world: World, unit: Unit, run: Document, stored: Iterator[SumRow]) -> int:
    proved = 0
    groups = groupby(stored, attrgetter("declaration"))
    for draft in _drafts(unit, run.number):
        number, rows = next(groups, (0, iter(())))
        sums = [Sum(each.position, each.lines, each.words, *each.figures) for each in rows]
        into = sums if number == draft.declaration else []
        proved += prove_declaration(run.number, draft.declaration, draft.content, into)
        whole = issued(run, drafted(run, draft), draft.declaration, _ANY_NUMBER, unit.now)
        if whole.state == "declared":
            root = build_declaration(world.catalogue, whole.content)
            if faults := world.catalogue.check(root):
                raise RejectedError(faults)
    return proved


def _drafts(unit: Unit, run: str) -> Iterator[DraftRow]:
    after = 0
    while page := unit.lines.drafts(run, after=after, limit=_PAGE):
        yield from page
        after = page[-1].declaration


def _draft(index: int, declaration: Document) -> DraftRow:
    return DraftRow(
        declaration=index,
        office=declaration.office,
        nature=declaration.nature,
        ie_flag=declaration.ie_flag,
        state=declaration.state,
        content=declaration.content,
    )
