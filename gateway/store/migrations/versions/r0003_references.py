"""Reference data of customs, and what manifests take of licences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables and their index."""
    op.create_table(
        "reference_data",
        sa.Column("kind", PLAIN, nullable=False),
        sa.Column("key", PLAIN, nullable=False),
        sa.Column("enterprise", PLAIN, nullable=False),
        sa.Column("valid_from", PLAIN, nullable=True),
        sa.Column("valid_until", PLAIN, nullable=True),
        sa.Column("told_at", PLAIN, nullable=False),
        sa.Column("content", PLAIN, nullable=False),
        sa.Column("receipt_id", COUNT, nullable=False),
        sa.Column("message_id", PLAIN, nullable=False),
        sa.Column("received_at", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipts.id"], name=op.f("fk_reference_data_receipt_id")),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_reference_data")),
    )
    op.create_table(
        "licence_uses",
        sa.Column("number", PLAIN, nullable=False),
        sa.Column("licence", PLAIN, nullable=False),
        sa.Column("goods_code", PLAIN, nullable=False),
        sa.Column("unit", PLAIN, nullable=False),
        sa.Column("quantity", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["documents.number"], name=op.f("fk_licence_uses_number")),
        sa.PrimaryKeyConstraint("number", "licence", "goods_code", "unit", name=op.f("pk_licence_uses")),
    )
    op.create_index("ix_licence_uses_licence", "licence_uses", ["licence", "number"])
