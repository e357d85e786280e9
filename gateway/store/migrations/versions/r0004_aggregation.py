"""What an aggregation works with until it is published: its progress, lines, goods and drafts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIGURES = ("quantity", "total", "net", "tare", "packages")
OPTIONAL_FIGURES = ("first_quantity", "second_quantity", "freight", "insurance", "other")


def upgrade() -> None:
    """Make the tables; in their order they are read."""
    op.create_table(
        "aggregation_runs",
        sa.Column("run", PLAIN, nullable=False),
        sa.Column("phase", PLAIN, nullable=False),
        sa.Column("last", PLAIN, nullable=False),
        sa.Column("done", COUNT, nullable=False),
        sa.Column("manifests", COUNT, nullable=False),
        sa.Column("lines", COUNT, nullable=False),
        sa.Column("declarations", COUNT, nullable=False),
        sa.Column("keys", PLAIN, nullable=False),
        sa.Column("moment", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(["run"], ["documents.number"], name=op.f("fk_aggregation_runs_run")),
        sa.PrimaryKeyConstraint("run", name=op.f("pk_aggregation_runs")),
    )
    words = ("part", "item", "words", "rank")
    op.create_table(
        "aggregation_lines",
        sa.Column("run", PLAIN, nullable=False),
        sa.Column("manifest", PLAIN, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *(sa.Column(name, PLAIN, nullable=False) for name in words),
        *(sa.Column(name, COUNT, nullable=False) for name in FIGURES),
        *(sa.Column(name, COUNT, nullable=True) for name in OPTIONAL_FIGURES),
        sa.Column("wrap", PLAIN, nullable=False),
        sa.Column("contract", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("run", "manifest", "position", name=op.f("pk_aggregation_lines")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "aggregation_goods",
        sa.Column("run", PLAIN, nullable=False),
        sa.Column("item", PLAIN, nullable=False),
        sa.Column("declaration", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", "item", name=op.f("pk_aggregation_goods")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "aggregation_drafts",
        sa.Column("run", PLAIN, nullable=False),
        sa.Column("declaration", sa.Integer(), nullable=False),
        *(sa.Column(name, PLAIN, nullable=False) for name in ("office", "nature", "ie_flag", "state")),
        sa.Column("content", PLAIN, nullable=False),
        sa.Column("number", PLAIN, nullable=True),
        sa.PrimaryKeyConstraint("run", "declaration", name=op.f("pk_aggregation_drafts")),
    )
