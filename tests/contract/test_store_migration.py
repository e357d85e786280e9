"""A database of the release before, on both databases: nothing that it holds is lost or changed."""

from __future__ import annotations

from typing import Final

from alembic import command
from sqlalchemy import text

from gateway.store import Store
from gateway.store.engine import make_engine
from gateway.store.migrate import settings
from tests.services.stores import Database, document, new

pytest_plugins = ("tests.services.store_fixtures",)

_AT: Final = "2026-10-20T12:00:00.000000+08:00"
_OLD: Final = "0004"
# What a gateway of that release had written: a file with one message, its document, and its submission.
_ROWS: Final = """
INSERT INTO raw (digest, bytes, size, stored_at) VALUES ('d', EMPTY, 0, 'AT');
INSERT INTO interchanges (
    channel, partner, name, digest, received_at, state, mapping, mapping_version
) VALUES ('folder', 'acme', 'm.csv', 'd', 'AT', 'understood', 'acme-csv/manifest', 'v1');
INSERT INTO messages (
    interchange_id, position, message_type, operation, partner, client_number, content_digest, outcome
) VALUES (1, 1, 'Manifest', 'save', 'acme', 'A-1', 'd', 'done');
INSERT INTO documents (
    number, kind, message_type, state, version, enterprise, partner, office, nature, ie_flag,
    client_number, content, created_at, updated_at
) VALUES (
    'M20260000000000001', 'manifest', 'Manifest', 'declared', 2, '4403180001', 'acme', '5301', '1', 'I',
    'A-1', '{}', 'AT', 'AT'
);
INSERT INTO history (number, version, at, event, from_state, to_state, cause_kind, cause_id) VALUES
    ('M20260000000000001', 1, 'AT', 'save', NULL, 'saved', 'message', '1'),
    ('M20260000000000001', 2, 'AT', 'declare', 'saved', 'declared', 'message', '1');
INSERT INTO alerts (code, subject, opened_at, "values") VALUES
    ('waiting.overdue', 's1', 'AT', '{}'), ('trouble.channel', 'outbox customs', 'AT', '{}');
INSERT INTO submissions (
    id, number, message_type, client_number, enterprise, route, state, unsigned_digest, signed_digest,
    created_at
) VALUES ('s1', 'M20260000000000001', 'Manifest', 'A-1', '4403180001', 'customs', 'sent', 'd', 'd', 'AT')
"""


def _of_old(database: Database) -> None:
    """Make the tables of that release and fill them."""
    engine = make_engine(database.url)
    empty = "x''" if database.kind == "sqlite" else "''::bytea"
    try:
        with engine.begin() as connection:
            command.upgrade(settings(connection), _OLD)
            for row in _ROWS.replace("AT'", f"{_AT}'").replace("EMPTY", empty).split(";"):
                connection.execute(text(row))
    finally:
        engine.dispose()


def _rows(database: Database, statement: str) -> list[tuple[object, ...]]:
    engine = make_engine(database.url)
    try:
        with engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]
    finally:
        engine.dispose()


def test_what_the_release_before_wrote_goes_on(empty_database: Database) -> None:
    """Each message names the mapping of its file, what was sent was sent as signed, and history is sealed."""
    _of_old(empty_database)
    store = Store(empty_database.url)
    store.migrate()
    made_by = "SELECT mapping, mapping_version, client_number FROM messages"
    assert _rows(empty_database, made_by) == [("acme-csv/manifest", "v1", "A-1")]
    sent = "SELECT id, signed_digest, sent_digest FROM submissions"
    assert _rows(empty_database, sent) == [("s1", "d", None)]
    with store.read() as unit:
        assert [alert.code for alert in unit.alerts.opened()] == ["waiting.technical-late"]
    with store.begin() as unit:
        unit.documents.put([new(document("M20260000000000002"))])
        assert unit.audit.seal(1000)
    with store.read() as unit:
        found = unit.audit.verify()
    assert (found.seals, found.rows, found.unsealed, found.broken) == (1, 3, 0, ())
    store.close()
