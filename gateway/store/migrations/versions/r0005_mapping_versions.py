"""The bytes of every mapping that was ever in force, so that what it made can be made and explained again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "mapping_versions",
        sa.Column("mapping", PLAIN, nullable=False),
        sa.Column("version", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("since", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["raw.digest"], name=op.f("fk_mapping_versions_digest")),
        sa.PrimaryKeyConstraint("mapping", "version", name=op.f("pk_mapping_versions")),
    )
