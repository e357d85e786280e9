"""Several gateways draw numbers and believe receipts at the same time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_LETTERS = "QGCMARD"


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
