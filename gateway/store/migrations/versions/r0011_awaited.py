"""When something was sent stays as it was, although the clock was put back since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Everything is awaited since it was sent."""
    op.add_column("submissions", sa.Column("awaited_anew", PLAIN, nullable=True))
