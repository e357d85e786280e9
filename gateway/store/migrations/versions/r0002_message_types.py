"""Documents know the type of their message: a change or an amendment may be one of several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
TYPES = {
    "qualification": "QualificationFiling",
    "volume": "GoodsFiling",
    "manifest": "Manifest",
    "aggregation": "AggregationRequest",
    "declaration": "DecMessage",
}


def upgrade() -> None:
    """Add the column and tell each document that is there what it is."""
    op.add_column("documents", sa.Column("message_type", PLAIN, nullable=False, server_default=""))
    documents = sa.table("documents", sa.column("kind"), sa.column("message_type"))
    for kind, message_type in TYPES.items():
        op.execute(documents.update().where(documents.c.kind == kind).values(message_type=message_type))
