"""The criteria of an aggregation as options, each the field of a request that an ERP would send (AG-02)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final, TypeVar

import click

from gateway.cli.dates import Day
from gateway.fields import Fields

F = TypeVar("F", bound=Callable[..., Any])


class Figure(click.ParamType[tuple[str, str]]):
    """A figure of a currency or unit: `USD=14000.00`, `035=1400`."""

    name = "figure"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        """Read what it is of, and the figure."""
        of, _, text = str(value).partition("=")
        if not of or not text.replace(".", "", 1).isdecimal():
            self.fail(f"{value} is no figure such as USD=14000.00 or 035=1400", param, ctx)
        return of, text


_CRITERIA: Final = (
    click.option("--office", "CustomMaster", help="Declaring customs, code or name."),
    click.option("--ie", "IEFlag", type=click.Choice(["I", "E"]), help="Import or export."),
    click.option("--nature", "GoodsNature", help="Goods nature, code or name; default: general trade."),
    click.option("--manual-no", "ManualNo", help="Filing number of the goods."),
    click.option("--from", "DeclDateFrom", type=Day(), help="First declaration date."),
    click.option("--to", "DeclDateTo", type=Day(), help="Last declaration date."),
    click.option("--manifest", "Manifest", multiple=True, help="Only this one; may be given several times."),
    click.option("--agent", "AgentCode", help="Who declares: ten characters, or none."),
    click.option("--own-count", "ManifestCount", help="How many manifests the ERP counts, to compare."),
    click.option(
        "--own-total", "prices", type=Figure(), multiple=True, help="The ERP's total: USD=14000.00."
    ),
    click.option("--own-quantity", "quantities", type=Figure(), multiple=True, help="The same: 035=1400."),
)


def criteria(function: F) -> F:
    """Give a command the options of a request."""
    given: F = reduce(lambda made, option: option(made), reversed(_CRITERIA), function)
    return given


def fields_of(asked: Mapping[str, Any]) -> Fields:
    """Return the fields of a request that the options stand for."""
    fields: Fields = {
        name: value for name, value in asked.items() if name[0].isupper() and isinstance(value, str)
    }
    if manifests := asked["Manifest"]:
        fields["Manifest"] = [{"SeqNo": number} for number in manifests]
    totals = [*_totals(asked["prices"], "TradeCurr", "DeclTotal")]
    totals += _totals(asked["quantities"], "GUnit", "GQty")
    if totals:
        fields["Total"] = totals
    return fields


def _totals(given: Sequence[tuple[str, str]], of: str, name: str) -> list[Fields]:
    return [{of: key, name: text} for key, text in given]
