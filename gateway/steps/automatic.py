"""Months that are aggregated without any request, where the profile of the enterprise says so (AG-05)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from gateway.config import Enterprise
from gateway.documents import GENERAL, Decision, Kind, deadline
from gateway.errors import RejectedError
from gateway.fields import Fields
from gateway.steps.aggregating import MonthRequest, request_month
from gateway.steps.records import Cause, World
from gateway.steps.replies import tell, tell_state
from gateway.steps.trouble import reasons_of
from gateway.store import GroupRow, Unit

ALERT: Final = "aggregation.automatic"
# Another run is still taking its manifests, or what is cleared is being amended: the next round looks again.
_LATER: Final = {"aggregation.still-marking", "aggregation.nothing-cleared"}
_DECEMBER: Final = 12
_BONDED: Final = "2"


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A month that is to be requested now: general trade, or bonded goods.

    Attributes:
        enterprise: Whose month.
        period: The month, `yyyyMM`.
        bonded: Which of the two; each is requested once.
    """

    enterprise: str
    period: str
    bonded: bool

    @property
    def client_number(self) -> str:
        """Return the number of the request, the same whenever it is asked for: so none is made twice."""
        return f"A{'B' if self.bonded else 'G'}{self.period[2:]}{self.enterprise}"


def due_months(world: World, unit: Unit) -> list[Due]:
    """Return what is to be requested now and was not yet."""
    if not any(profile.aggregate_automatically for profile in world.settings.enterprise):
        return []
    found = {due for row in unit.groups.count(["cleared"]) if (due := _due(world, row, unit.now))}
    return [due for due in sorted(found) if not _is_made(world, unit, due)]


def request_due(world: World, unit: Unit, due: list[Due]) -> int:
    """Request what is due, exactly what is cleared by now; return how many runs that made.

    The ERP is told of each; what is refused is told to operators, and tried again.
    """
    done = 0
    for each in due:
        criteria: Fields = {"GoodsNature": _BONDED} if each.bonded else {}
        request = MonthRequest(each.enterprise, each.period, each.client_number, criteria)
        try:
            with unit.savepoint():
                decision = request_month(world, unit, request, Cause("clock", "automatic"))
        except RejectedError as fault:
            if fault.code not in _LATER:
                values = {"enterprise": each.enterprise, "month": each.period, **reasons_of(fault)}
                unit.alerts.open(ALERT, each.client_number, values)
            continue
        unit.alerts.close(ALERT, each.client_number)
        _tell(unit, decision)
        done += 1
    return done


def begins(profile: Enterprise, period: str, last: date) -> datetime:
    """Return when a month is requested: on its day of the next month, on the last day if that is earlier."""
    year, month = int(period[:4]), int(period[4:])
    day = date(year + month // _DECEMBER, month % _DECEMBER + 1, profile.aggregate_on_day)
    return datetime.combine(min(day, last), profile.aggregate_at)


def _due(world: World, row: GroupRow, now: datetime) -> Due | None:
    profile = next((each for each in world.settings.enterprise if each.code == row.enterprise), None)
    if profile is None or not profile.aggregate_automatically:
        return None
    last = deadline(world.settings, row.office, row.nature, row.period)
    # What is too late is told with its deadline, and waits for an operator.
    if now.date() > last or now.replace(tzinfo=None) < begins(profile, row.period, last):
        return None
    return Due(row.enterprise, row.period, row.nature not in GENERAL)


def _is_made(world: World, unit: Unit, due: Due) -> bool:
    return any(
        unit.documents.by_client_number(partner.name, Kind.AGGREGATION, due.client_number)
        for partner in world.settings.partner
        if due.enterprise in partner.enterprises
    )


def _tell(unit: Unit, decision: Decision) -> None:
    run = decision.document
    told = {
        "notice": "requested",
        **tell_state(run),
        "month": run.period,
        "manifests": decision.shown["manifests"],
        "news": list(_texts(decision)),
    }
    tell(unit, run, "requested", f"{run.number}.requested.json", told)


def _texts(decision: Decision) -> Iterator[dict[str, str]]:
    for news in decision.news:
        yield {"code": news.code, "en": news.text("en"), "zh": news.text("zh")}
    for warning in decision.warnings:
        yield {"code": warning.code, "en": warning.text("en"), "zh": warning.text("zh")}
