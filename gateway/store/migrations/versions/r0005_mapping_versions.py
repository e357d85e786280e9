"""The bytes of every mapping that was ever in force, and on each message which one made it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the table; a message of an earlier time was made by the one mapping of its interchange."""
    op.create_table(
        "mapping_versions",
        sa.Column("mapping", PLAIN, nullable=False),
        sa.Column("version", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("since", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["raw.digest"], name=op.f("fk_mapping_versions_digest")),
        sa.PrimaryKeyConstraint("mapping", "version", name=op.f("pk_mapping_versions")),
    )
    for name in ("mapping", "mapping_version"):
        op.add_column("messages", sa.Column(name, PLAIN, nullable=True))
        op.execute(
            f"UPDATE messages SET {name} = "  # noqa: S608 -- a name of ours
            f"(SELECT {name} FROM interchanges WHERE interchanges.id = messages.interchange_id)"
        )
