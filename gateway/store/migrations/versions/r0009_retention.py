"""Where the content of a document lies that has been archived, and what finds all that refers to bytes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column; equal interchanges and client numbers are found whatever partner they are of."""
    op.add_column("documents", sa.Column("archive", PLAIN, nullable=True))
    op.drop_index("ix_documents_client_number", "documents")
    op.create_index("ix_documents_client_number", "documents", ["client_number", "partner", "kind", "number"])
    # In words that keep SQLite from looking at everything that was ever sent instead.
    awaited = sa.text("state || '' = 'sent' AND (technical_at IS NULL OR business_at IS NULL)")
    op.drop_index("ix_submissions_awaited", "submissions")
    op.create_index(
        "ix_submissions_awaited", "submissions", ["seq"], sqlite_where=awaited, postgresql_where=awaited
    )
    op.drop_index("ix_interchanges_same", "interchanges")
    op.create_index("ix_interchanges_same", "interchanges", ["digest", "partner", "id"])
    op.create_index("ix_reference_data_receipt", "reference_data", ["receipt_id"])
