"""Deadlines of aggregation: operators and ERP are told before they pass, with what is at risk (AG-12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.documents import AT_RISK, Kind, deadline, states_of, warned_from
from gateway.errors import Violation
from gateway.steps.records import World
from gateway.steps.replies import to_bytes
from gateway.store import DocumentFilter, GroupRow, ListedDocument, NoticeRow, Unit

# The deadline is near; the deadline is over and something was left.
NEAR: Final = "aggregation.deadline"
MISSED: Final = "aggregation.deadline-missed"

_NOTICE: Final = "deadline"
# So many numbers stand in an alert; the notice has all of them.
_NAMED: Final = 5
_PAGE: Final = 1000
_STATES: Final = {state.value: state for state in states_of(Kind.MANIFEST)}


@dataclass(frozen=True, slots=True)
class Risk:
    """What is open of an enterprise's month at one deadline that is near or over.

    Attributes:
        enterprise: Whose month.
        period: The month, `yyyyMM`.
        last: The deadline.
        groups: The manifests that are not aggregated, counted.
    """

    enterprise: str
    period: str
    last: date
    groups: tuple[GroupRow, ...]

    @property
    def subject(self) -> str:
        """Return what names it, in alerts and notices."""
        return f"{self.enterprise} {self.period} {self.last:%Y%m%d}"

    @property
    def manifests(self) -> int:
        """Return how many manifests are open."""
        return sum(group.manifests for group in self.groups)

    def code(self, today: date) -> str:
        """Return what operators are told of it on a day."""
        return NEAR if today <= self.last else MISSED


def risks(world: World, unit: Unit) -> list[Risk]:
    """Return every deadline that is near or over and has open manifests."""
    settings, today = world.settings, unit.now.date()
    found: dict[tuple[str, str, date], list[GroupRow]] = {}
    for row in unit.groups.count(AT_RISK):
        last = deadline(settings, row.office, row.nature, row.period)
        if today >= warned_from(settings.aggregation.calendar, row.office, last):
            found.setdefault((row.enterprise, row.period, last), []).append(row)
    return [Risk(*key, tuple(groups)) for key, groups in sorted(found.items())]


def tell_deadlines(world: World, unit: Unit, found: list[Risk]) -> int:
    """Open and close the alerts of deadlines, tell each ERP once; return how many alerts changed."""
    today = unit.now.date()
    wanted = {(risk.code(today), risk.subject): risk for risk in found}
    opened = set(_opened(unit))
    for code, subject in opened - wanted.keys():
        unit.alerts.close(code, subject)
    for (code, subject), risk in wanted.items():
        if (code, subject) in opened:
            continue
        listed = list(_listed(unit, risk))
        unit.alerts.open(code, subject, _values(risk, listed))
        if code == NEAR:
            _tell_partners(world, unit, risk, listed)
    return len(opened ^ wanted.keys())


def unchanged(unit: Unit, found: list[Risk]) -> bool:
    """Tell whether all that is to be told of deadlines was told."""
    today = unit.now.date()
    return set(_opened(unit)) == {(risk.code(today), risk.subject) for risk in found}


def _opened(unit: Unit) -> Iterator[tuple[str, str]]:
    for alert in unit.alerts.opened():
        if alert.code in {NEAR, MISSED}:
            yield alert.code, alert.subject


def _tell_partners(world: World, unit: Unit, risk: Risk, listed: list[ListedDocument]) -> None:
    """Write one notice to each ERP that speaks for the enterprise; an alert that opens again repeats none."""
    digest = None
    for partner in world.settings.partner:
        if risk.enterprise not in partner.enterprises:
            continue
        if unit.notices.count(partner.name, _NOTICE, risk.subject):
            continue
        digest = digest or unit.raw.put(to_bytes(_told(unit, risk, listed)))
        unit.notices.add(
            NoticeRow(
                partner=partner.name,
                kind=_NOTICE,
                name=f"{risk.subject.replace(' ', '.')}.{_NOTICE}.json",
                digest=digest,
                created_at=unit.now,
                number=risk.subject,
            )
        )


def _told(unit: Unit, risk: Risk, listed: list[ListedDocument]) -> dict[str, Any]:
    news = Violation(NEAR, values=_values(risk, listed))
    return {
        "notice": _NOTICE,
        "enterprise": risk.enterprise,
        "month": risk.period,
        "deadline": f"{risk.last:%Y%m%d}",
        "days_left": (risk.last - unit.now.date()).days,
        "news": [{"code": news.code, "en": news.text("en"), "zh": news.text("zh")}],
        "manifests": risk.manifests,
        "states": [
            {**_state(state), "manifests": count}
            for state, count in sorted(Counter(each.state for each in listed).items())
        ],
        "at_risk": [_told_one(each) for each in listed],
    }


def _told_one(manifest: ListedDocument) -> dict[str, Any]:
    told: dict[str, Any] = {
        "number": manifest.number,
        "client_number": manifest.client_number,
        "customs_number": manifest.customs_number,
        **_state(manifest.state),
        "office": manifest.office,
        "nature": manifest.nature,
        "run": manifest.parent,
    }
    return {name: value for name, value in told.items() if value is not None}


def _state(name: str) -> dict[str, str]:
    state = _STATES[name]
    return {"state": state.value, "state_en": state.en, "state_zh": state.zh}


def _values(risk: Risk, listed: list[ListedDocument]) -> dict[str, Any]:
    first = ", ".join(each.number for each in listed[:_NAMED])
    return {
        "enterprise": risk.enterprise,
        "month": risk.period,
        "deadline": f"{risk.last:%Y%m%d}",
        "manifests": risk.manifests,
        "first": first + (" …" if len(listed) > _NAMED else ""),
    }


def _listed(unit: Unit, risk: Risk) -> Iterator[ListedDocument]:
    places = {(group.office, group.nature) for group in risk.groups}
    asked = DocumentFilter(
        kind=Kind.MANIFEST, states=AT_RISK, enterprises=[risk.enterprise], period=risk.period
    )
    after = ""
    while page := unit.documents.listing(asked, limit=_PAGE, after=after):
        yield from (each for each in page if (each.office, each.nature) in places)
        after = page[-1].number
