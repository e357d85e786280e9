"""The documents on file, as the checks ask for them, as judgements add to them and as receipts move them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from customs_stub.amendment import amended
from customs_stub.checks.declaration import amounts, period
from customs_stub.checks.licence import Claim, claims
from customs_stub.clock import OfficeClock
from customs_stub.content import to_record, to_text
from customs_stub.facts import DEAD, VOID, Filed, Limits, Period, Referred, State
from customs_stub.grants import granted
from customs_stub.receipts import Result
from customs_stub.store import Store
from customs_stub.submission import PARENTS, Kind, Submission
from customs_stub.xmltree import Record

ZERO = Decimal(0)
# What these claim of a licence is free, or is the manifest's own by now.
SPENT = VOID | {State.GRANTED}
COLUMNS = "id, kind, enterprise, office, nature, state, unified_number, customs_number, valid_until, content"


class Records:
    """What is on file; gives the checks their facts."""

    def __init__(self, store: Store, clock: OfficeClock, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits

    @property
    def today(self) -> date:
        """The office's date."""
        return self._clock.now().date()

    @property
    def limits(self) -> Limits:
        """The figures of the rules."""
        return self._limits

    def qualifications(self, enterprise: str, office: str, nature: str) -> list[Filed]:
        """Return the live qualifications."""
        condition = "enterprise = ? AND kind = ? AND office = ? AND nature = ?"
        return _live(self._filed(condition, enterprise, Kind.QUALIFICATION, office, nature))

    def by_unified_number(self, kind: Kind, number: str) -> Filed | None:
        """Return the live document of that kind under the enterprise's unified number."""
        found = _live(self._filed("unified_number = ? AND kind = ?", number, kind)) if number else []
        return found[0] if found else None

    def by_client_number(self, kind: Kind, enterprise: str, number: str) -> Filed | None:
        """Return the live document of that kind under the client's own number."""
        found = _live(
            self._filed("enterprise = ? AND kind = ? AND client_number = ?", enterprise, kind, number)
        )
        return found[0] if found else None

    def was_tried(self, kind: Kind, enterprise: str, number: str) -> bool:
        """Tell whether a document of that kind came before under the client's own number."""
        condition = "enterprise = ? AND kind = ? AND client_number = ?"
        return bool(self._filed(condition, enterprise, kind, number))

    def volume(self, customs_number: str) -> Filed | None:
        """Return the volume that carries the number, live or not."""
        condition = "customs_number = ? AND kind = ?"
        found = self._filed(condition, customs_number, Kind.VOLUME) if customs_number else []
        return found[0] if found else None

    def undecided(self, parent: Filed) -> Filed | None:
        """Return an application against a document that is not decided yet."""
        found = self._filed("parent = ? AND state = ?", parent.id, State.PENDING)
        return found[0] if found else None

    def keeps(self, kind: Referred) -> bool:
        """Tell whether the office keeps any of that kind."""
        query = "SELECT 1 FROM reference WHERE kind = ? LIMIT 1"
        return self._store.db.execute(query, (kind,)).fetchone() is not None

    def referred(self, kind: Referred, number: str) -> list[Record]:
        """Return what it keeps under the number of an account book, a licence or a bill of lading."""
        query = "SELECT content FROM reference WHERE kind = ? AND label = ?"
        return [to_record(content) for (content,) in self._store.db.execute(query, (kind, number))]

    def licence_used(self, licence: str, code: str, unit: str, besides: str) -> Decimal:
        """Return what manifests hold under a licence, all but the one of that unified number."""
        rows = self._store.db.execute(
            "SELECT d.state, c.quantity FROM claim c JOIN document d ON d.id = c.document"
            " WHERE c.licence = ? AND c.code = ? AND c.unit = ? AND d.unified_number <> ?",
            (licence, code, unit, besides),
        )
        return sum((Decimal(quantity) for state, quantity in rows if state not in SPENT), ZERO)

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the cleared manifests by currency; empty when there are none."""
        return self._totals(Kind.MANIFEST, period, {State.CLEARED})

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the live declarations by currency."""
        return self._totals(Kind.DECLARATION, period, set(State) - DEAD)

    def add(self, kind: Kind, submission: Submission, result: Result, *, approved: bool) -> int:
        """File a document as pending and return its id."""
        body = submission.body
        ie_flag, month = body.get("IEFlag"), body.get("DeclDate")[:6]
        if kind is Kind.DECLARATION:
            closed = period(submission)
            ie_flag, month = closed.ie_flag, closed.month
        row = {
            "kind": kind,
            "enterprise": submission.enterprise,
            "office": submission.office,
            "nature": body.get("GoodsNature"),
            "ie_flag": ie_flag,
            "month": month,
            "client_number": submission.client_number,
            "unified_number": submission.unified_number,
            "customs_number": result.customs_number,
            "valid_until": result.valid_until,
            "state": State.PENDING,
            # What is about to be refused must not keep others from the same parent.
            "parent": self._parent(kind, body) if approved else None,
            "content": to_text(Record() if kind is Kind.DECLARATION else body),
        }
        marks = ", ".join(f":{name}" for name in row)
        cursor = self._store.db.execute(
            f"INSERT INTO document ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - names of this file
            row,
        )
        document = cursor.lastrowid
        assert document is not None, "an INSERT gives a row id"
        if kind is Kind.MANIFEST:
            self._count(document, body)
        elif kind is Kind.MODIFICATION and approved:
            self._reserve(document, body)
        elif kind is Kind.DECLARATION:
            self._total(document, body.group("DecLists").all("DecList"))
        return document

    def become(self, document: int, state: State) -> None:
        """Move a document; an application that is granted moves what it was made against, too."""
        self._store.db.execute(
            "UPDATE document SET state = ? WHERE id = ? AND state <> ?", (state, document, State.WITHDRAWN)
        )
        if state is State.GRANTED:
            (application,) = self._filed("id = ?", document)
            (parent,) = self._filed("id = (SELECT parent FROM document WHERE id = ?)", document)
            self._put(granted(application, parent))

    def _put(self, parent: Filed) -> None:
        self._store.db.execute(
            "UPDATE document SET state = ?, valid_until = ?, content = ? WHERE id = ?",
            (parent.state, parent.valid_until, to_text(parent.content), parent.id),
        )
        if parent.kind is Kind.MANIFEST:
            for table in ("amount", "claim"):
                self._store.db.execute(f"DELETE FROM {table} WHERE document = ?", (parent.id,))  # noqa: S608
            self._count(parent.id, parent.content)
        if parent.state is State.WITHDRAWN:
            self._store.drop_planned(parent.id)

    def _parent(self, kind: Kind, body: Record) -> int | None:
        if kind not in PARENTS:
            return None
        above, name = PARENTS[kind]
        parent = self.by_unified_number(above, body.get(name))
        return parent.id if parent else None

    def _count(self, document: int, manifest: Record) -> None:
        self._total(document, manifest.all("Item"))
        self._claim(document, claims(manifest))

    def _reserve(self, modification: int, body: Record) -> None:
        """Keep what a modification takes beyond its manifest from others until it is decided (MF-08)."""
        kind, name = PARENTS[Kind.MODIFICATION]
        parent = self.by_unified_number(kind, body.get(name))
        assert parent is not None, "without it the modification was not approved"
        before = {each.place: each.quantity for each in claims(parent.content)}
        after = claims(amended(parent.content, body.all("Change")))
        more = (replace(each, quantity=each.quantity - before.get(each.place, ZERO)) for each in after)
        self._claim(modification, [each for each in more if each.quantity > 0])

    def _claim(self, document: int, taken: Iterable[Claim]) -> None:
        rows = [(*claim.place, document, str(claim.quantity)) for claim in taken]
        self._store.db.executemany("INSERT INTO claim VALUES (?, ?, ?, ?, ?)", rows)

    def _total(self, document: int, items: Iterable[Record]) -> None:
        totals = [(document, currency, str(total)) for currency, total in amounts(items).items()]
        self._store.db.executemany("INSERT INTO amount VALUES (?, ?, ?)", totals)

    def _filed(self, condition: str, *values: str | int) -> list[Filed]:
        order = "ORDER BY id DESC"
        query = f"SELECT {COLUMNS} FROM document WHERE {condition} {order}"  # noqa: S608 - conditions of this file
        return [_document(*row) for row in self._store.db.execute(query, values)]

    def _totals(self, kind: Kind, period: Period, states: set[State]) -> Mapping[str, Decimal]:
        # Decimal sums are made here: SQLite would add them as floating point.
        rows = self._store.db.execute(
            "SELECT d.state, a.currency, a.total FROM document d JOIN amount a ON a.document = d.id"
            " WHERE d.enterprise = ? AND d.kind = ? AND d.office = ? AND d.ie_flag = ? AND d.month = ?",
            (period.enterprise, kind, period.office, period.ie_flag, period.month),
        )
        totals: dict[str, Decimal] = defaultdict(Decimal)
        for state, currency, total in rows:
            if state in states:
                totals[currency] += Decimal(total)
        return totals


def _live(found: list[Filed]) -> list[Filed]:
    return [filed for filed in found if filed.state not in DEAD]


def _document(*row: Any) -> Filed:
    number, kind, enterprise, office, nature, state, unified, customs, until, content = row
    return Filed(
        id=number,
        kind=Kind(kind),
        enterprise=enterprise,
        office=office,
        nature=nature,
        state=State(state),
        unified_number=unified,
        customs_number=customs,
        valid_until=until,
        content=to_record(content),
    )
