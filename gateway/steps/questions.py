"""What a query asks: its criteria read and checked, with the defaults of the manual (QR-01 to QR-08)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.documents import Kind, states_of
from gateway.errors import RejectedError, Violation, refuse
from gateway.fields import Fields
from gateway.steps.kept import DELETED
from gateway.steps.records import World
from gateway.store import Order, Search

MESSAGE: Final = "Query"
RELATION, STATISTICS, EXPORT = "merge-relation", "statistics", "export"
GROUPS: Final = ("kind", "office", "state", "month")
_PAGE_SIZE: Final = 100

_NUMBERS: Final = ("SeqNo", "CustomsNo", "ClientSeqNo")
_PLACE: Final = ("TradeCode", "CustomMaster", "State", "DateFrom", "DateTo")
_PAGED: Final = ("Page", "PageSize", "SortBy")
_GOODS: Final = ("GoodsNature", "IEFlag", "ManualNo", "BillNo")
_CONSIGNEE: Final = "1"
# Where the enterprise of each role stands; whoever entered a declaration owns the document (QR-03).
_PARTIES: Final[Mapping[str, str]] = {"1": "DecHead/TradeCode", "2": "DecHead/AgentCode", "3": ""}
_AMENDMENTS: Final = {"1": "ManifestModification", "2": "ManifestWithdrawal"}
_SORTED: Final = {
    "SeqNo": "number",
    "CustomsNo": "customs_number",
    "ClientSeqNo": "client_number",
    "State": "state",
    "CustomMaster": "office",
    "Created": "created_at",
    "Changed": "updated_at",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What one kind of query is about.

    Attributes:
        kind: The kind of the documents.
        criteria: What may be asked.
        inside: The group of the content in which its fields stand.
        day: The field of the day that is asked for; empty for the day of the first saving.
        defaults: What is asked where no number and none of these is given.
    """

    kind: Kind
    criteria: tuple[str, ...]
    inside: str = ""
    day: str = ""
    defaults: Mapping[str, str] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Return the path of a field in the content."""
        return f"{self.inside}/{name}" if self.inside else name


_DECLARATION: Final = Subject(
    Kind.DECLARATION,
    (*_NUMBERS, *_PLACE, *_GOODS, "DeclTrnRel", "EnterpriseRole", "Cleared", *_PAGED),
    inside="DecHead",
    day="PDate",
    defaults={"DeclTrnRel": "0", "EnterpriseRole": "2", "IEFlag": "I"},
)
SUBJECTS: Final[Mapping[str, Subject]] = {
    "filing": Subject(Kind.QUALIFICATION, (*_NUMBERS, *_PLACE, "GoodsNature", *_PAGED)),
    "manifest": Subject(
        Kind.MANIFEST,
        (*_NUMBERS, *_PLACE, *_GOODS, *_PAGED),
        day="DeclDate",
        defaults={"GoodsNature": "1", "IEFlag": "I"},
    ),
    "declaration": _DECLARATION,
    RELATION: Subject(Kind.MANIFEST, ("SeqNo", "Page", "PageSize")),
    "amendment": Subject(Kind.AMENDMENT, (*_NUMBERS, *_PLACE, "IEFlag", "AmendmentType", *_PAGED)),
    STATISTICS: Subject(Kind.MANIFEST, (*_PLACE, *_GOODS, "GroupBy"), day="DeclDate"),
    EXPORT: replace(
        _DECLARATION,
        criteria=tuple(name for name in _DECLARATION.criteria if name not in _PAGED),
        defaults={**_DECLARATION.defaults, "EnterpriseRole": _CONSIGNEE},
    ),
}
# Asked together: whoever names one of the two does not want the other by default.
_TOGETHER: Final = {"manifest": ("GoodsNature", "IEFlag")}
_MANDATORY: Final = {RELATION: "SeqNo", "amendment": "AmendmentType"}


@dataclass(frozen=True, slots=True)
class Question:
    """A query that can be answered.

    Attributes:
        kind: What is asked for, as in `QueryKind`.
        criteria: What was asked, with what was taken by default.
        search: The same for the store.
        groups: What statistics are grouped by.
        page: Which page, from 1.
        size: How many rows a page has.
    """

    kind: str
    criteria: Mapping[str, str]
    search: Search
    order: Order
    groups: tuple[str, ...]
    page: int
    size: int


def read_question(world: World, body: Fields, own: Collection[str] | None) -> Question:
    """Read the criteria of a query.

    Args:
        world: What stays the same.
        body: The body of the message `Query`; whatever its structure has wrong is left out.
        own: The enterprises of whoever asks (QR-08); None is an operator, who sees all.

    Raises:
        RejectedError: Every fault: `query.not-a-criterion`, `query.missing`, `query.foreign-enterprise`,
            `query.unknown-state`, `query.unknown-order`, `query.dates-swapped`, `query.not-consignee`,
            `query.unknown-kind`.
    """
    given = {name: value for name, value in body.items() if isinstance(value, str)}
    kind = given.pop("QueryKind", "")
    if kind not in SUBJECTS:
        raise refuse("query.unknown-kind", f"{MESSAGE}/QueryKind", expected=", ".join(SUBJECTS))
    subject = SUBJECTS[kind]
    asked = name_codes(world, {name: value for name, value in given.items() if name in subject.criteria})
    faults = [*_unfit(kind, subject, given), *_wrong(subject, asked, own)]
    if kind == EXPORT and asked.get("EnterpriseRole", _CONSIGNEE) != _CONSIGNEE:
        faults.append(_fault("query.not-consignee", "EnterpriseRole", given=asked["EnterpriseRole"]))
    if faults:
        raise RejectedError(faults)
    if kind == EXPORT and own is None:
        own = [enterprise.code for enterprise in world.settings.enterprise]
    criteria = {**_defaults(kind, subject, asked), **asked}
    # Whatever else it asks for, a list is exported only by a party of its declarations (QR-07).
    if kind == EXPORT:
        criteria["EnterpriseRole"] = _CONSIGNEE
    return Question(
        kind=kind,
        criteria=criteria,
        search=_search(subject, criteria, own),
        order=_order(subject, criteria.get("SortBy", "")),
        groups=tuple(dict.fromkeys(criteria.get("GroupBy", ",".join(GROUPS)).split(","))),
        page=int(criteria.get("Page", "1")),
        size=int(criteria.get("PageSize", _PAGE_SIZE)),
    )


def name_codes(world: World, given: Mapping[str, str]) -> dict[str, str]:
    """Take names of code tables for their codes, as everywhere (EN-03)."""
    codes, dictionary = world.codes.today, world.catalogue.dictionary
    taken = dict(given)
    for name, value in given.items():
        spec = dictionary.find(f"{MESSAGE}/{name}")
        if spec is not None and spec.table and codes.has(spec.table):
            taken[name] = codes.code(spec.table, value) or value
    return taken


def _unfit(kind: str, subject: Subject, given: Mapping[str, str]) -> Iterator[Violation]:
    for name in given:
        if name not in subject.criteria:
            yield _fault("query.not-a-criterion", name, kind=kind, expected=", ".join(subject.criteria))
    name = _MANDATORY.get(kind, "")
    if name and name not in given:
        yield _fault("query.missing", name, kind=kind, field=name)


def _wrong(subject: Subject, asked: Mapping[str, str], own: Collection[str] | None) -> Iterator[Violation]:
    enterprise = asked.get("TradeCode")
    if enterprise and own is not None and enterprise not in own:
        expected = ", ".join(sorted(own))
        yield _fault("query.foreign-enterprise", "TradeCode", given=enterprise, expected=expected)
    if (given := asked.get("State")) and not _state(subject, given):
        expected = ", ".join(f"{state.value} {state.zh}" for state in states_of(subject.kind))
        yield _fault("query.unknown-state", "State", given=given, expected=expected)
    if (given := asked.get("SortBy")) and given.lstrip("-") not in _sorts(subject):
        yield _fault("query.unknown-order", "SortBy", given=given, expected=", ".join(_sorts(subject)))
    first, last = asked.get("DateFrom", ""), asked.get("DateTo", "")
    if first and last and first > last:
        yield _fault("query.dates-swapped", "DateTo", first=first, last=last)


def _defaults(kind: str, subject: Subject, asked: Mapping[str, str]) -> dict[str, str]:
    """Return what the manual's page asks by itself; a number that is named needs none of it."""
    if any(name in asked for name in _NUMBERS) or any(name in asked for name in _TOGETHER.get(kind, ())):
        return {}
    return dict(subject.defaults)


def _search(subject: Subject, criteria: Mapping[str, str], own: Collection[str] | None) -> Search:
    enterprise = criteria.get("TradeCode")
    days = (criteria.get("DateFrom", ""), criteria.get("DateTo", ""))
    manifests = subject.kind is Kind.MANIFEST
    state = _state(subject, criteria.get("State", ""))
    cleared = criteria.get("Cleared")
    named = any(name in criteria for name in _NUMBERS)
    inside = [name for name in ("ManualNo", "BillNo", "DeclTrnRel") if name in criteria]
    return Search(
        kind=subject.kind,
        message_type=_AMENDMENTS.get(criteria.get("AmendmentType", "")),
        enterprises=[enterprise] if enterprise else own,
        parties=_parties(subject, criteria.get("EnterpriseRole")),
        states=[*filter(None, (state, "cleared" if cleared == "1" else ""))],
        without=[*(() if state or named else (DELETED,)), *(("cleared",) if cleared == "0" else ())],
        number=criteria.get("SeqNo"),
        customs_number=criteria.get("CustomsNo"),
        client_number=criteria.get("ClientSeqNo"),
        office=criteria.get("CustomMaster"),
        nature=criteria.get("GoodsNature"),
        ie_flag=criteria.get("IEFlag"),
        days=days,
        day_at=subject.path(subject.day) if subject.day else "",
        # The month of a manifest is that of its declaration date, and there is an index of it.
        periods=(days[0][:6], days[1][:6]) if manifests else ("", ""),
        content={subject.path(name): criteria[name] for name in inside},
    )


def _parties(subject: Subject, role: str | None) -> tuple[str, ...]:
    if subject.kind is not Kind.DECLARATION:
        return ("",)
    return (_PARTIES[role],) if role else tuple(_PARTIES.values())


def _state(subject: Subject, given: str) -> str:
    """Return the state that is meant by its code, its name in either language, or its official number."""
    found = (s for s in states_of(subject.kind) if given and given in {s.value, s.en, s.zh, s.official})
    return next((state.value for state in found), "")


def _sorts(subject: Subject) -> Iterable[str]:
    return (*_SORTED, *((subject.day,) if subject.day else ()))


def _order(subject: Subject, given: str) -> Order:
    name = given.lstrip("-") or "SeqNo"
    return Order(_SORTED.get(name) or subject.path(name), descending=given.startswith("-"))


def _fault(code: str, name: str, **values: object) -> Violation:
    return Violation(code, f"{MESSAGE}/{name}", values)
