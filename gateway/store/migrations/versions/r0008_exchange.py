"""Who works on what, and how the exchange over each route goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; what is on its way is nobody's and is due at once."""
    op.create_table(
        "leases",
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("holder", PLAIN, nullable=False),
        sa.Column("process", PLAIN, nullable=True),
        sa.Column("since", PLAIN, nullable=False),
        sa.Column("until", PLAIN, nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "circuits",
        sa.Column("route", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("since", PLAIN, nullable=False),
        sa.Column("failures", COUNT, nullable=False),
        sa.Column("due_at", PLAIN, nullable=True),
        sa.Column("outage", PLAIN, nullable=True),
        sa.Column("pilot", PLAIN, nullable=True),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_circuits")),
    )
    op.add_column("submissions", sa.Column("holder", PLAIN, nullable=True))
    op.add_column("submissions", sa.Column("due_at", PLAIN, nullable=True))
    awaited = "state = 'sent' AND (technical_at IS NULL OR business_at IS NULL)"
    op.execute(f"UPDATE submissions SET due_at = sent_at WHERE {awaited}")
    due = sa.text("state || '' = 'sent' AND due_at IS NOT NULL")
    op.create_index(
        "ix_submissions_to_look_at", "submissions", ["due_at"], sqlite_where=due, postgresql_where=due
    )
    # What is late is told by what it is; of an outbox that is away its circuit tells anew.
    op.execute("UPDATE alerts SET code = 'waiting.technical-late' WHERE code = 'waiting.overdue'")
    op.execute(
        "UPDATE alerts SET closed_at = opened_at WHERE closed_at IS NULL"
        " AND code = 'trouble.channel' AND subject LIKE 'outbox %'"
    )
