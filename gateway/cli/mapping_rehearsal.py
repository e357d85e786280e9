"""The command that shows what changed mappings would make of what really came."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from gateway.building import make_mappings
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED
from gateway.clock import parse_moment
from gateway.errors import refuse
from gateway.steps.mapping_effects import Result
from gateway.steps.rehearsing_mappings import Rehearsed, Wanted, rehearse

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# So many differences of one file fit before the eyes; JSON has all of them.
_SHOWN = 20


class Since(click.ParamType[datetime | timedelta]):
    """A day, a moment, or how long ago: 2026-10-01, 2026-10-01T08:00, 90m, 12h, 7d, 2w."""

    name = "since"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | timedelta:
        """Read it."""
        found = re.fullmatch(r"([0-9]{1,4})([mhdw])", str(value))
        try:
            if found:
                return timedelta(**{_UNITS[found[2]]: int(found[1])})
            return parse_moment(str(value))
        except ValueError:
            self.fail(
                f"{value} is neither a day or moment such as 2026-10-01 nor a time such as 7d", param, ctx
            )


@click.command("rehearse")
@click.option(
    "--since", type=Since(), required=True, metavar="WHEN", help="2026-10-01, 2026-10-01T08:00, 12h or 7d."
)
@click.option("--partner", default=None, help="Only what this partner sent.")
@click.option(
    "--mapping", default="*", help="Only what this mapping understood, or would now; * and ? may stand in it."
)
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="The changed mappings, instead of those of the configuration.",
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="At most so many files."
)
@command
def mappings_rehearse(session: Session, /, **asked: Any) -> int:
    """Show what changed mappings would make of what really came.

    Nothing is stored or sent. Ends with 0 if everything stays as it was, else with 1.
    """
    partner = asked["partner"]
    known = [each.name for each in session.settings.partner]
    if partner is not None and partner not in known:
        raise refuse("cli.unknown-partner", given=partner, expected=", ".join(known))
    since = asked["since"]
    if isinstance(since, timedelta):
        since = session.clock.now() - since
    wanted = Wanted(since, partner, asked["mapping"], asked["limit"])
    mappings = make_mappings(session.settings, session.world, asked["folder"])
    counts: Counter[str] = Counter()
    different = []
    for each in rehearse(session.world, session.store, mappings, wanted):
        counts[each.result] += 1
        if each.result is not Result.SAME:
            different.append(_told(each))
    _show(session, {str(each): counts[each] for each in Result}, different)
    return DONE if len(different) == 0 else REFUSED


def _told(each: Rehearsed) -> dict[str, Any]:
    return {
        "interchange": each.interchange.id,
        "at": f"{each.interchange.received_at:%F %T}",
        "partner": each.interchange.partner,
        "file": each.file,
        "mapping_before": each.before,
        "mapping_after": each.after,
        "result": str(each.result),
        "differences": [difference.told() for difference in each.differences],
    }


def _show(session: Session, counts: dict[str, int], different: list[dict[str, Any]]) -> None:
    show = session.show
    if show.json:
        show.data({"counts": counts, "different": different})
        return
    columns = ("at", "partner", "file", "mapping_before", "mapping_after", "result")
    show.rows("files that would fare differently", columns, different)
    for each in different:
        shown = each["differences"][:_SHOWN]
        if shown:
            show.rows(each["file"], ("path", "before", "after", "rule", "source", "place"), shown)
        if len(each["differences"]) > len(shown):
            show.line("more-differences", count=len(each["differences"]) - len(shown))
    show.line("rehearsed", count=sum(counts.values()), same=counts[Result.SAME], different=len(different))
