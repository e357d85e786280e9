"""The view of a month before it is closed: what is there, open, to be made, and what disagrees (AG-11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from gateway.documents import (
    AT_RISK,
    Command,
    Compared,
    Decision,
    Document,
    Kind,
    Totals,
    compare,
    deadline,
    is_given,
    rehearsed_run,
    shown,
    states_of,
)
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields
from gateway.steps.kept import document_of
from gateway.steps.naming import Names
from gateway.steps.records import StoredFacts, World
from gateway.steps.rehearsing import rehearsed
from gateway.store import DocumentFilter, ListedDocument, Unit

AGGREGATION: Final = "AggregationRequest"
REHEARSE: Final = "rehearse"
_STATES: Final = {state.value: state for state in states_of(Kind.MANIFEST)}
_RUN_STATES: Final = {state.value: state for state in states_of(Kind.AGGREGATION)}
_HEAD: Final = (
    "IEFlag",
    "CustomMaster",
    "IEPort",
    "TradeMode",
    "ManualNo",
    "AgentCode",
    "AgentName",
    "BillNo",
)
_PAGE: Final = 1000


def ask_rehearsal(world: World, unit: Unit, command: Command) -> Decision:
    """Take an ERP's wish for a rehearsal; it changes nothing, and its result comes with the reply.

    Raises:
        RejectedError: Every fault of the request.
    """
    rehearsed_run(command, StoredFacts(world, unit))
    return Decision(shown={"question": dict(command.body)})


def month_view(world: World, unit: Unit, command: Command) -> dict[str, Any]:
    """Return a month of an enterprise as it stands, and what a request would make of it.

    Raises:
        RejectedError: The request itself is wrong.
        ParkedError: `aggregation.figure` or `aggregation.no-profile`.
    """
    with rehearsed(world, unit, command) as rehearsal:
        run, declared = rehearsal.run, Totals()
        declarations = [_declaration(body, declared) for body in rehearsal.declarations]
        own = _own_totals(run, rehearsal.totals)
        left_out, warnings = rehearsal.left_out, rehearsal.warnings
        runs = list(_runs(unit, run))
        return {
            "enterprise": run.enterprise,
            "month": run.period,
            "at": unit.now.isoformat(timespec="seconds"),
            "states": list(_states(unit, run)),
            "deadlines": list(_deadlines(world, unit, run)),
            "manifests": rehearsal.totals.manifests,
            "totals": _told_totals(rehearsal.totals),
            "declarations": declarations,
            "left_out": [_told(each) for each in left_out],
            "own_totals": [_told_compared(each) for each in own],
            "runs": runs,
            "disagreements": list(_disagreements(rehearsal.totals, declared, own, runs)),
            "warnings": [_told(each) for each in warnings],
        }


def _states(unit: Unit, run: Document) -> Iterator[dict[str, Any]]:
    counts: Counter[str] = Counter()
    for row in unit.groups.count(_STATES, run.enterprise, run.period):
        counts[row.state] += row.manifests
    for name, state in _STATES.items():
        if counts[name]:
            yield {"state": name, "state_en": state.en, "state_zh": state.zh, "manifests": counts[name]}


def _deadlines(world: World, unit: Unit, run: Document) -> Iterator[dict[str, Any]]:
    """Yield until when what is not aggregated yet is due, by office and nature of goods."""
    names, today = Names.of(world), unit.now.date()
    places: Counter[tuple[str, str]] = Counter()
    for row in unit.groups.count(AT_RISK, run.enterprise, run.period):
        places[row.office, row.nature] += row.manifests
    for (office, nature), count in sorted(places.items()):
        last = deadline(world.settings, office, nature, run.period or "")
        yield {
            "office": names.code("customs_district", office),
            "nature": names.code("goods_nature", nature),
            "deadline": f"{last:%Y%m%d}",
            "days_left": (last - today).days,
            "manifests": count,
        }


def _declaration(body: Fields, declared: Totals) -> dict[str, Any]:
    """Tell what one declaration would hold, and add it to all of them."""
    content = _flat(body)
    own = Totals()
    own.add(content)
    declared.add(content)
    head: dict[str, Any] = {name: content[name] for name in _HEAD if name in content}
    return head | _told_totals(own)


def _flat(body: Fields) -> Fields:
    """Return head and items of a declaration as a manifest has them."""
    head, lists = body["DecHead"], body["DecLists"]
    assert isinstance(head, dict), "a declaration has a head"
    assert isinstance(lists, dict), "a declaration has items"
    return {**head, "Item": lists["DecList"]}


def _told_totals(totals: Totals) -> dict[str, Any]:
    return {
        "items": totals.items,
        "prices": {currency: shown(sum_) for currency, sum_ in sorted(totals.prices.items())},
        "quantities": {unit: shown(sum_) for unit, sum_ in sorted(totals.quantities.items())},
        "gross_weight": shown(totals.gross),
        "net_weight": shown(totals.net),
        "packages": shown(totals.packages),
    }


def _own_totals(run: Document, found: Totals) -> list[Compared]:
    return compare(run.content, found) if is_given(run.content) else []


def _told_compared(each: Compared) -> dict[str, Any]:
    return {"what": each.what, "given": each.given, "found": each.found, "differs": each.differs}


def _runs(unit: Unit, run: Document) -> Iterator[dict[str, Any]]:
    """Yield the runs that the month has had, with states, and whether the ERP's own totals still hold.

    Amendments may have taken manifests out of a run after its totals were compared (AM-07).
    """
    asked = DocumentFilter(kind=Kind.AGGREGATION, enterprises=[run.enterprise], period=run.period)
    for row in unit.documents.listing(asked, limit=_PAGE):
        states = Counter(listed.state for listed in _declarations_of(unit, row.number))
        told = {
            "number": row.number,
            "client_number": row.client_number,
            "state": row.state,
            "state_en": _RUN_STATES[row.state].en,
            "state_zh": _RUN_STATES[row.state].zh,
            "declarations": dict(states),
            **_told_by_content(unit, row.number),
        }
        yield {name: value for name, value in told.items() if value not in (None, [], {})}


def _told_by_content(unit: Unit, run: str) -> dict[str, Any]:
    """Return what the contents of a run and its declarations tell; nothing if any of them is archived."""
    found, made_any = Totals(), False
    try:
        made = document_of(unit, run)
        for listed in _declarations_of(unit, run) if is_given(made.content) else ():
            found.add(_flat(document_of(unit, listed.number).content))
            made_any = True
    except RejectedError:
        return {}
    compared = _kept_totals(made, found) if made_any else ()
    return {
        "forced": made.content.get("ForcedReason"),
        "own_totals": [_told_compared(each) for each in compared],
    }


def _kept_totals(run: Document, found: Totals) -> Iterable[Compared]:
    """Compare the totals that a run was requested with; declarations do not tell how many manifests."""
    return [each for each in _own_totals(run, found) if each.what != "ManifestCount"]


def _declarations_of(unit: Unit, run: str) -> Iterator[ListedDocument]:
    asked, after = DocumentFilter(kind=Kind.DECLARATION, parent=run), ""
    while page := unit.documents.listing(asked, limit=_PAGE, after=after):
        yield from page
        after = page[-1].number


def _disagreements(
    manifests: Totals, declared: Totals, own: Iterable[Compared], runs: Iterable[dict[str, Any]]
) -> Iterator[dict[str, str]]:
    """Yield all that does not agree: declarations with manifests, the ERP's totals with either."""
    for what, ours, theirs in (
        ("prices", manifests.prices, declared.prices),
        ("quantities", manifests.quantities, declared.quantities),
        ("weights", (manifests.gross, manifests.net), (declared.gross, declared.net)),
    ):
        if ours != theirs:
            yield _told(Violation("month.declarations-differ", values={"what": what}))
    for each in own:
        if each.differs:
            yield _told(Violation("month.total-differs", values=each.values))
    for run in runs:
        for total in run.get("own_totals", []):
            if total["differs"]:
                yield _told(Violation("month.run-differs", values={**total, "run": run["number"]}))


def _told(violation: Violation) -> dict[str, str]:
    number = {"number": str(violation.values["number"])} if "number" in violation.values else {}
    texts = {"text_en": violation.text("en"), "text_zh": violation.text("zh")}
    return {"code": violation.code, **number, **texts}
