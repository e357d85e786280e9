"""One transaction: the areas of the store as they stand in it, its savepoints and its one time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from sqlalchemy.exc import PendingRollbackError

from gateway.errors import GatewayError
from gateway.store.alerts import Alerts
from gateway.store.audit import Audit
from gateway.store.circuits import Circuits
from gateway.store.connection import Connection
from gateway.store.documents import Documents
from gateway.store.groups import Groups
from gateway.store.interchanges import Interchanges
from gateway.store.leases import Leases
from gateway.store.lines import Lines
from gateway.store.mapping_versions import MappingVersions
from gateway.store.messages import Messages
from gateway.store.months import Months
from gateway.store.notices import Notices
from gateway.store.parking import Parking
from gateway.store.raw import Raw
from gateway.store.receipts import Receipts
from gateway.store.references import References
from gateway.store.relations import Relations
from gateway.store.restoring import Restoring
from gateway.store.retention import Retention
from gateway.store.runs import Runs
from gateway.store.searching import Searching
from gateway.store.status import Status
from gateway.store.submissions import Submissions
from gateway.store.turns import Turns


class Unit:
    """Everything that a stage does in one transaction; it belongs to one thread.

    Attributes:
        now: The time of this transaction, the same for every row that it writes.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now
        self.raw = Raw(connection, now)
        self.interchanges = Interchanges(connection, now)
        self.mapping_versions = MappingVersions(connection, now)
        self.messages = Messages(connection)
        self.documents = Documents(connection, now)
        self.submissions = Submissions(connection, now)
        self.circuits = Circuits(connection)
        self.receipts = Receipts(connection)
        self.notices = Notices(connection, now)
        self.relations = Relations(connection)
        self.months = Months(connection, now)
        self.runs = Runs(connection)
        self.lines = Lines(connection)
        self.searching = Searching(connection)
        self.groups = Groups(connection)
        self.references = References(connection)
        self.alerts = Alerts(connection, now)
        self.audit = Audit(connection, now)
        self.parking = Parking(connection, now)
        self.status = Status(connection)
        self.leases = Leases(connection)
        self.turns = Turns(connection)
        self.restoring = Restoring(connection)
        self.retention = Retention(connection)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Let one item fail alone: what is written inside is undone when an exception leaves it."""
        # The library's own begin_nested() takes five times as long, and every item needs one.
        self._connection.say("SAVEPOINT item")
        whole = False
        try:
            yield
            whole = True
        finally:
            if not whole:
                self._undo()
        self._connection.say("RELEASE SAVEPOINT item")

    def _undo(self) -> None:
        # Where the whole transaction is lost, so is its savepoint; what lost it is what is to be told.
        with suppress(GatewayError, PendingRollbackError):
            self._connection.say("ROLLBACK TO SAVEPOINT item")
            self._connection.say("RELEASE SAVEPOINT item")
