"""Several gateways draw numbers and believe receipts side by side; PostgreSQL compresses with less ado."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LETTERS = "QGCMARD"
_LONG = {"raw": "bytes", "documents": "content", "document_versions": "content", "messages": "reply"}
_KNOWS_LZ4 = "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'"


def upgrade() -> None:
    """Count on from where each letter stands; what waits to be believed stays in one lane."""
    op.add_column("receipts", sa.Column("lane", sa.Integer(), nullable=False, server_default="0"))
    if op.get_bind().dialect.name != "postgresql":
        return
    for letter in _LETTERS:
        sequence = f"numbers_{letter.lower()}"
        op.execute(f"CREATE SEQUENCE {sequence}")
        op.execute(f"SELECT setval('{sequence}', value) FROM sequences WHERE name = '{letter}'")  # noqa: S608
    op.execute("DELETE FROM sequences")
    # A server may have been built without it.
    if op.get_bind().scalar(sa.text(_KNOWS_LZ4)):
        for table, column in _LONG.items():
            op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET COMPRESSION lz4")
