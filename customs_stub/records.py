"""The documents on file, as the checks ask for them and as judgements add to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from customs_stub.checks.declaration import amounts, period
from customs_stub.checks.manifest import AS_FILED
from customs_stub.clock import OfficeClock
from customs_stub.facts import DEAD, Filed, Goods, Limits, Period, State
from customs_stub.store import Store
from customs_stub.submission import Kind, Submission

COLUMNS = "id, kind, enterprise, office, nature, state, customs_number, valid_until"


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

    def volume(self, customs_number: str) -> Filed | None:
        """Return the volume that carries the number, live or not."""
        found = (
            self._filed("customs_number = ? AND kind = ?", customs_number, Kind.VOLUME)
            if customs_number
            else []
        )
        return found[0] if found else None

    def goods(self, volume: Filed) -> Mapping[str, Goods]:
        """Return the items of a volume by item number."""
        items: dict[str, dict[str, str]] = defaultdict(dict)
        rows = self._store.db.execute(
            "SELECT number, name, value FROM goods WHERE document = ?", (volume.id,)
        )
        for number, name, value in rows:
            items[number][name] = value
        return {number: Goods(values) for number, values in items.items()}

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the cleared manifests by currency; empty when there are none."""
        return self._totals(Kind.MANIFEST, period, {State.CLEARED})

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the live declarations by currency."""
        return self._totals(Kind.DECLARATION, period, set(State) - DEAD)

    def add(self, kind: Kind, submission: Submission, customs_number: str, valid_until: str) -> int:
        """File a document as pending and return its id."""
        body = submission.body
        ie_flag, month = body.get("IEFlag"), body.get("DeclDate")[:6]
        items = body.all("Item")
        if kind is Kind.DECLARATION:
            closed = period(submission)
            ie_flag, month = closed.ie_flag, closed.month
            items = body.group("DecLists").all("DecList")
        cursor = self._store.db.execute(
            "INSERT INTO document (kind, enterprise, office, nature, ie_flag, month, client_number,"
            " unified_number, customs_number, valid_until, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kind,
                submission.enterprise,
                submission.office,
                body.get("GoodsNature"),
                ie_flag,
                month,
                submission.client_number,
                submission.unified_number,
                customs_number,
                valid_until,
                State.PENDING,
            ),
        )
        document = cursor.lastrowid
        assert document is not None, "an INSERT gives a row id"
        if kind is Kind.VOLUME:
            goods = [(document, item.get("GNo"), name, item.get(name)) for item in items for name in AS_FILED]
            self._store.db.executemany("INSERT OR IGNORE INTO goods VALUES (?, ?, ?, ?)", goods)
        elif kind in {Kind.MANIFEST, Kind.DECLARATION}:
            totals = [(document, currency, str(total)) for currency, total in amounts(items).items()]
            self._store.db.executemany("INSERT INTO amount VALUES (?, ?, ?)", totals)
        return document

    def _filed(self, condition: str, *values: str) -> list[Filed]:
        order = "ORDER BY id DESC"
        query = f"SELECT {COLUMNS} FROM document WHERE {condition} {order}"  # noqa: S608 - conditions of this file
        return [
            Filed(row[0], Kind(row[1]), row[2], row[3], row[4], State(row[5]), row[6], row[7])
            for row in self._store.db.execute(query, values)
        ]

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
