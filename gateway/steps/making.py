"""Making what was asked for: results of queries, exports and prints, outside of transactions that write."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from typing import Any, Final

from gateway.documents import Command
from gateway.errors import ParkedError, RejectedError, refuse
from gateway.reports import Sheet, draw, to_xlsx
from gateway.steps.asking import answer
from gateway.steps.containment import contained
from gateway.steps.counting import count_manifests, statistics_sheet
from gateway.steps.listing import export_table
from gateway.steps.month_view import AGGREGATION, REHEARSE, month_view
from gateway.steps.naming import Names
from gateway.steps.ordering import EXPORT, NOTICE, PRINT, STATISTICS
from gateway.steps.questions import read_question
from gateway.steps.records import World
from gateway.steps.replies import REFUSED, outcome_of, tell_violations, to_bytes, violations_of
from gateway.steps.trouble import PRINTS, Trouble
from gateway.store import NoticeRow, Store, Unit

REPLY: Final = "reply"
NOT_MADE: Final = "print.not-made"
# Without a library or a typeface nothing can be drawn, and the rest must not wait for that.
_DRAWN: Final = (PRINT, NOTICE, STATISTICS)
_WRITTEN: Final = (REPLY, EXPORT)
# So few that what is made is delivered soon.
_BATCH: Final = 10
# A print takes seconds, and no answer is to wait for more than one.
_DRAWN_AT_ONCE: Final = 1
# What one file may ask: its reply is made in memory, and others wait for theirs meanwhile.
_MOST_QUESTIONS: Final = 100
_MOST_ROWS: Final = 10_000


def make_ordered(world: World, store: Store, trouble: Trouble) -> int:
    """Make what waits for it, and return how much that was."""
    with store.begin() as unit:
        written, drawn = _take(unit, _WRITTEN, _BATCH), _take(unit, _DRAWN, _DRAWN_AT_ONCE)
    done = 0
    for drafts, guard in (
        (written, nullcontext()),
        (drawn, trouble.at(PRINTS) if drawn else nullcontext()),
    ):
        with guard:
            for row, draft in drafts:
                _make_one(world, store, row, draft)
                done += 1
    return done


def _take(unit: Unit, kinds: Collection[str], most: int) -> list[tuple[NoticeRow, bytes]]:
    return unit.raw.many((row, row.digest) for row in unit.notices.take_to_make(kinds, most))


def _make_one(world: World, store: Store, row: NoticeRow, draft: bytes) -> None:
    try:
        with contained(row.name):
            data = _make(world, store, row, draft)
    except (RejectedError, ParkedError) as fault:
        with store.begin() as unit:
            unit.notices.park(row.id)
            unit.alerts.open(NOT_MADE, f"notice {row.id}", {"name": row.name, "code": fault.code})
        return
    with store.begin() as unit:
        unit.notices.made(row.id, unit.raw.put(data))


def _make(world: World, store: Store, row: NoticeRow, draft: bytes) -> bytes:
    if row.kind in {PRINT, NOTICE}:
        return draw(Sheet.from_bytes(draft))
    with store.read() as unit:
        made = _READ[row.kind](world, unit, row, json.loads(draft))
    # Drawing needs nothing of the database, which is free meanwhile.
    return draw(made) if isinstance(made, Sheet) else made


def _reply(world: World, unit: Unit, row: NoticeRow, told: dict[str, Any]) -> bytes:
    """Put the results of its questions into a reply; what cannot be answered is refused with the reason."""
    asked = rows = 0
    for place, entry in enumerate(told["messages"]):
        if "question" not in entry:
            continue
        body = entry.pop("question")
        try:
            with contained(row.name):
                if asked >= _MOST_QUESTIONS or rows >= _MOST_ROWS:
                    raise refuse("query.too-many", questions=_MOST_QUESTIONS, rows=_MOST_ROWS)
                entry["result"] = _result(world, unit, row, entry, body)
            asked += 1
            rows += len(entry["result"].get("rows", ()))
        except (RejectedError, ParkedError) as fault:
            violations = violations_of(fault, "")
            refused = {**entry, "outcome": REFUSED}
            told["messages"][place] = refused | tell_violations(violations, world.catalogue.dictionary)
    return to_bytes(told | {"outcome": outcome_of(told["messages"])})


def _result(
    world: World, unit: Unit, row: NoticeRow, entry: Mapping[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    if entry["type"] == AGGREGATION:
        return month_view(
            world, unit, Command(AGGREGATION, REHEARSE, entry["client_number"], row.partner, body)
        )
    own = world.partner(row.partner).enterprises
    return answer(world, unit, read_question(world, body, own), own)


def _export(world: World, unit: Unit, row: NoticeRow, body: dict[str, Any]) -> bytes:
    question = read_question(world, body, world.partner(row.partner).enterprises)
    return to_xlsx(export_table(world, unit, question))


def _statistics(world: World, unit: Unit, row: NoticeRow, body: dict[str, Any]) -> Sheet:
    question = read_question(world, body, world.partner(row.partner).enterprises)
    names = Names.of(world)
    return statistics_sheet(names, question, count_manifests(names, unit, question))


_READ: Final[Mapping[str, Callable[[World, Unit, NoticeRow, dict[str, Any]], Sheet | bytes]]] = {
    REPLY: _reply,
    EXPORT: _export,
    STATISTICS: _statistics,
}
