"""The view of a month on a terminal (AG-11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gateway.cli.show import Show

_DECLARATIONS: Final = (
    *("IEFlag", "CustomMaster", "TradeMode", "ManualNo", "AgentName", "BillNo"),
    *("items", "price", "gross_weight", "net_weight"),
)


def show_month(show: Show, month: Mapping[str, Any]) -> None:
    """Print a month as tables, what does not agree at the end, where it is seen."""
    heading = {name: month[name] for name in ("enterprise", "month", "at", "manifests")}
    show.pairs("month-view", heading)
    show.rows("states", ("state", "manifests"), month["states"])
    show.rows("deadlines", ("office", "nature", "deadline", "days_left", "manifests"), _deadlines(month))
    declarations = [{**each, "price": _sums(each["prices"])} for each in month["declarations"]]
    show.rows("declarations that would be made", _DECLARATIONS, declarations)
    show.rows("totals", ("what", "found"), _totals(month["totals"], show))
    show.rows("left out", ("code", "text"), _texts(month["left_out"], show))
    if month["runs"]:
        rows = [{**each, "declarations": _counts(each, show)} for each in month["runs"]]
        show.rows("runs", ("number", "client_number", "state", "declarations", "forced"), rows)
    if month["own_totals"]:
        rows = [{**each, "differs": show.word(str(each["differs"]))} for each in month["own_totals"]]
        show.rows("own totals", ("what", "given", "found", "differs"), rows)
    if month["warnings"]:
        show.rows("warnings", ("code", "text"), _texts(month["warnings"], show))
    show.rows("disagreements", ("code", "text"), _texts(month["disagreements"], show))


def _deadlines(month: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for each in month["deadlines"]:
        yield {
            **each,
            **{name: f"{each[name]['code']} {each[name]['name']}" for name in ("office", "nature")},
        }


def _totals(totals: Mapping[str, Any], show: Show) -> Iterator[dict[str, str]]:
    for sums in (totals["prices"], totals["quantities"]):
        yield from ({"what": of, "found": figure} for of, figure in sums.items())
    for name in ("gross_weight", "net_weight", "packages", "items"):
        yield {"what": show.word(name), "found": totals[name]}


def _sums(sums: Mapping[str, str]) -> str:
    return ", ".join(f"{figure} {of}" for of, figure in sums.items())


def _counts(run: Mapping[str, Any], show: Show) -> str:
    return ", ".join(f"{count} {show.word(state)}" for state, count in run.get("declarations", {}).items())


def _texts(told: Iterable[Mapping[str, str]], show: Show) -> Iterator[dict[str, str]]:
    for each in told:
        yield {"code": each["code"], "text": each[f"text_{show.language}"]}
