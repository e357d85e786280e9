"""What leaves of a message that is encrypted: other bytes than those that were signed."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was sent until now left as it was signed."""
    # In one statement: SQLite takes a reference together with its column, and never by itself.
    words = "TEXT" if op.get_context().dialect.name == "sqlite" else 'TEXT COLLATE "C"'
    refers = f"CONSTRAINT {op.f('fk_submissions_sent_digest')} REFERENCES raw (digest)"
    op.execute(f"ALTER TABLE submissions ADD COLUMN sent_digest {words} {refers}")
