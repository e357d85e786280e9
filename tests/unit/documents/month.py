"""A month aggregated in memory: the phases of a run one after another, with all of it at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from gateway.config import Aggregation
from gateway.documents import (
    Decision,
    Document,
    Event,
    Goods,
    Kind,
    Line,
    News,
    Outgoing,
    Sum,
    draft_declaration,
    finish,
    issued,
    moved,
    pieces,
    prove_declaration,
    prove_manifest,
    prove_whole,
    publish,
    spread,
)
from gateway.documents.merging import added
from gateway.fields import Fields
from tests.unit.documents.world import World

FIGURES = (
    *("quantity", "total", "first_quantity", "second_quantity", "net", "tare", "packages"),
    *("freight", "insurance", "other"),
)


@dataclass(frozen=True)
class Relation:
    """Where an item of a manifest went."""

    manifest: str
    manifest_item: int
    declaration: str
    declaration_item: int


@dataclass(frozen=True)
class Made:
    """What became of a run."""

    run: Document
    declarations: tuple[Document, ...]
    relations: tuple[Relation, ...]
    outgoing: tuple[tuple[str, Outgoing], ...]
    news: tuple[News, ...]


def lines_of(manifests: Iterable[Document], keys: Aggregation) -> list[Line]:
    """Spread manifests into lines."""
    return [line for manifest in manifests for line in spread(manifest, keys)]


def merge(lines: Iterable[Line]) -> list[Goods]:
    """Merge lines into goods, in the order in which the store yields them."""
    groups: dict[str, list[Line]] = {}
    oldest: dict[str, str] = {}
    for line in sorted(lines, key=attrgetter("rank")):
        groups.setdefault(line.item, []).append(line)
        oldest.setdefault(line.part, line.rank)
    goods = [_merged(group) for group in groups.values()]
    return sorted(goods, key=lambda each: (oldest[each.part], each.first))


def cut(manifests: Iterable[Document], keys: Aggregation) -> list[tuple[Goods, ...]]:
    """Merge manifests and cut them into declarations."""
    return list(pieces(merge(lines_of(manifests, keys)), keys.max_items))


def sums_of(piece: Sequence[Goods], lines: Iterable[Line]) -> list[Sum]:
    """Add up what was put into a declaration, line by line."""
    sums = []
    for position, goods in enumerate(piece, 1):
        mine = [line for line in lines if line.item == goods.item]
        words = (min(line.words for line in mine), max(line.words for line in mine))
        sums.append(Sum(position, len(mine), words, *_figures(mine)))
    return sums


def prove(
    run: str,
    manifests: Sequence[Document],
    contents: Sequence[Fields],
    lines: Sequence[Line],
    parts: Sequence[Sequence[Goods]],
) -> None:
    """Prove everything that a run proves."""
    for manifest in manifests:
        prove_manifest(run, manifest, [line for line in lines if line.manifest == manifest.number])
    proved = sum(
        prove_declaration(run, index, content, sums_of(piece, lines))
        for index, (content, piece) in enumerate(zip(contents, parts, strict=True), 1)
    )
    prove_whole(run, lines=len(lines), proved=proved)


def make_declarations(run: Document, world: World) -> Made:
    """Make the declarations of a requested run, and write all of it."""
    run = world.apply(Decision((moved(world.documents[run.number], Event.MAKE),))).document
    found = world.manifests(run.enterprise, run.period or "", {"awaiting_aggregation"})
    manifests = {each.number: each for each in found if each.parent == run.number}
    keys = world.settings.aggregation
    lines = lines_of(manifests.values(), keys)
    parts = cut(manifests.values(), keys)
    drafts = [draft_declaration(run, piece, manifests, world) for piece in parts]
    prove(run.number, list(manifests.values()), [draft.content for draft in drafts], lines, parts)
    made = [
        issued(run, draft, index, world.new_number(Kind.DECLARATION), world.now)
        for index, draft in enumerate(drafts, 1)
    ]
    published = world.apply(publish(made))
    for manifest in manifests.values():
        world.move(replace(manifest, state="aggregated"), "aggregate")
    ended = world.apply(finish(run, manifests=len(manifests), declarations=len(made)))
    return Made(
        run=ended.document,
        declarations=tuple(made),
        relations=tuple(_relations(lines, parts, made)),
        outgoing=published.outgoing,
        news=ended.news,
    )


def aggregate(world: World, month: str = "202610", client_number: str = "AG-1", **fields: str) -> Made:
    """Request and make the declarations of a month; return what was made."""
    asked = world.do("AggregationRequest", "", client_number, {"Month": month, **fields})
    return make_declarations(asked.document, world)


def _relations(
    lines: Iterable[Line], parts: Iterable[Sequence[Goods]], made: Iterable[Document]
) -> Iterable[Relation]:
    places: Mapping[str, tuple[str, int]] = {
        goods.item: (declaration.number, position)
        for piece, declaration in zip(parts, made, strict=True)
        for position, goods in enumerate(piece, 1)
    }
    for line in lines:
        yield Relation(line.manifest, line.position, *places[line.item])


def _merged(lines: Sequence[Line]) -> Goods:
    return Goods(
        lines[0].part,
        lines[0].item,
        lines[0].rank,
        lines[-1].rank,
        (min(line.wrap for line in lines), max(line.wrap for line in lines)),
        (min(line.contract for line in lines), max(line.contract for line in lines)),
        *_figures(lines),
    )


def _figures(lines: Sequence[Line]) -> list[Any]:
    return [added(getattr(line, name) for line in lines) for name in FIGURES]
