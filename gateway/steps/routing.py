"""Which way a message takes to customs, and whether the configuration leaves any without one (CU-06)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from gateway.config import Route, Settings
from gateway.documents import Document, Nature
from gateway.errors import Violation, refuse
from gateway.store import Unit

MESSAGE_TYPES: Final = (
    *("QualificationFiling", "QualificationChange", "QualificationExtension"),
    *("GoodsFiling", "GoodsFilingChange"),
    *("Manifest", "ManifestModification", "ManifestWithdrawal", "DecMessage"),
)
# Bonded goods are not filed in volumes, and only bonded qualifications are extended (QF-07, EX-01).
_NEVER_BONDED: Final = frozenset({"GoodsFiling", "GoodsFilingChange"})
_ONLY_BONDED: Final = frozenset({"QualificationExtension"})
# The customs at which alone these natures exist (QF-06).
_ONLY_AT: Final = {str(Nature.BORDER): "07", str(Nature.CONTRACT): "57"}
# Stands for every office that no route names.
_ELSEWHERE: Final = ""
_MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class Matter:
    """What a message is about, as far as its route depends on it.

    Attributes:
        message_type: The body's element name; amendments and changes have their own.
        nature: The nature of the goods.
        office: The declaring customs, four characters.
        enterprise: The enterprise in whose name it goes.
    """

    message_type: str
    nature: str
    office: str
    enterprise: str

    @classmethod
    def of(cls, document: Document, message_type: str) -> Matter:
        """Return what a document's message is about; a change or amendment is about what it changes."""
        return cls(message_type, document.nature, document.office, document.enterprise)


def choose(routes: Sequence[Route], matter: Matter) -> Route:
    """Return the first route of which every list that is not empty names the matter (CU-06).

    Raises:
        RejectedError: `routing.no-route`.
    """
    for route in routes:
        if _takes(route, matter):
            return route
    raise refuse(
        "routing.no-route",
        message_type=matter.message_type,
        nature=matter.nature,
        office=matter.office,
        enterprise=matter.enterprise,
        routes=", ".join(route.name for route in routes),
    )


def route_faults(settings: Settings) -> list[Violation]:
    """Return every fault of the routes' lists: unknown words, routes never taken, messages without one.

    A warning among them tells that offices which no route names have none, which may be meant.
    """
    faults = list(_unknown_words(settings))
    misspelt = {fault.values["route"] for fault in faults}
    taken: set[int] = set()
    for matter, route in _tried(settings):
        if route is not None:
            taken.add(route)
        else:
            faults.append(_gap(settings, matter))
    faults += [
        Violation("routing.never-taken", values={"route": route.name})
        for position, route in enumerate(settings.route)
        if position not in taken and route.name not in misspelt
    ]
    open_elsewhere = [fault for fault in faults if fault.warning]
    told = [fault for fault in faults if not fault.warning][:_MOST_TOLD]
    return [*told, *_unknown_types(settings), *open_elsewhere[:1]]


def stranded(settings: Settings, unit: Unit) -> list[Violation]:
    """Return a fault for each route and partner gone from the configuration while something waits for it."""
    routes = unit.submissions.stranded([route.name for route in settings.route])
    # The operators, who are told in the receipt log, go by no name.
    partners = unit.parking.stranded(["", *(partner.name for partner in settings.partner)])
    return [
        *(
            Violation("routing.in-use", values={"route": route, "count": count})
            for route, count in sorted(routes.items())
        ),
        *(
            Violation("operating.partner-in-use", values={"partner": partner, "count": count})
            for partner, count in sorted(partners.items())
        ),
    ]


def _takes(route: Route, matter: Matter) -> bool:
    return (
        (not route.documents or matter.message_type in route.documents)
        and (not route.goods_natures or matter.nature in route.goods_natures)
        and (not route.offices or _at(route, matter.office))
        and (not route.enterprises or matter.enterprise in route.enterprises)
    )


def _at(route: Route, office: str) -> bool:
    return office in route.offices or office[:2] in route.offices


def _unknown_words(settings: Settings) -> Iterator[Violation]:
    profiles = [each.code for each in settings.enterprise]
    for route in settings.route:
        for key, given, known in (
            ("documents", route.documents, MESSAGE_TYPES),
            ("goods_natures", route.goods_natures, tuple(Nature)),
            ("enterprises", route.enterprises, profiles),
        ):
            for word in given:
                if word not in known:
                    values = {"route": route.name, "key": key, "given": word, "known": ", ".join(known)}
                    yield Violation("routing.unknown-word", values=values)


def _unknown_types(settings: Settings) -> Iterator[Violation]:
    """Yield the words among the exchanges' documents that are no message type."""
    for position, entry in enumerate(settings.exchange, 1):
        for word in entry.documents:
            if word not in MESSAGE_TYPES:
                values = {"position": position, "given": word, "known": ", ".join(MESSAGE_TYPES)}
                yield Violation("config.exchange-type", values=values)


def _tried(settings: Settings) -> Iterator[tuple[Matter, int | None]]:
    """Yield a matter of each kind that the lists tell apart, and the position of the route that it takes."""
    routes = settings.route
    named = dict.fromkeys(office for route in routes for office in route.offices)
    offices = _of_each(
        (*named, _ELSEWHERE), lambda office: (office[:2], *(_at(route, office) for route in routes))
    )
    enterprises = _of_each(
        [each.code for each in settings.enterprise],
        lambda code: tuple(code in route.enterprises for route in routes),
    )
    for combination in product(MESSAGE_TYPES, Nature, offices, enterprises):
        matter = Matter(*combination)
        if _exists(matter):
            yield matter, next((at for at, route in enumerate(routes) if _takes(route, matter)), None)


def _of_each(words: Iterable[str], told_apart: Callable[[str], Hashable]) -> list[str]:
    """Return the first of those words between which no list makes a difference."""
    found: dict[Hashable, str] = {}
    for word in words:
        found.setdefault(told_apart(word), word)
    return list(found.values())


def _exists(matter: Matter) -> bool:
    """Whether such a document can be; elsewhere may be any office."""
    bonded = matter.nature == Nature.BONDED
    if matter.message_type in (_NEVER_BONDED if bonded else _ONLY_BONDED):
        return False
    customs = _ONLY_AT.get(matter.nature, matter.office[:2])
    return matter.office == _ELSEWHERE or matter.office[:2] == customs


def _gap(settings: Settings, matter: Matter) -> Violation:
    """Tell of a matter without a route; a warning where it is only that no route names its office."""
    unnamed = matter.office == _ELSEWHERE
    if unnamed and (matter.nature in _ONLY_AT or any(route.offices for route in settings.route)):
        return Violation("routing.office-open", values={"enterprise": matter.enterprise}, warning=True)
    values = {
        "message_type": matter.message_type,
        "nature": matter.nature,
        "office": matter.office or "*",
        "enterprise": matter.enterprise,
    }
    return Violation("routing.gap", values=values)
