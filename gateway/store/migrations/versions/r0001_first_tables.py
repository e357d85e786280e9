"""The first tables: from raw bytes to what customs answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# As in `gateway.store.columns`, written out because a migration never changes.
PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table and index."""
    op.create_table(
        "alerts",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("code", PLAIN, nullable=False),
        sa.Column("subject", PLAIN, nullable=False),
        sa.Column("opened_at", PLAIN, nullable=False),
        sa.Column("closed_at", PLAIN, nullable=True),
        sa.Column("values", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["code", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "documents",
        sa.Column("number", PLAIN, nullable=False),
        sa.Column("kind", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enterprise", PLAIN, nullable=False),
        sa.Column("partner", PLAIN, nullable=False),
        sa.Column("office", PLAIN, nullable=False),
        sa.Column("nature", PLAIN, nullable=False),
        sa.Column("ie_flag", PLAIN, nullable=False),
        sa.Column("client_number", PLAIN, nullable=False),
        sa.Column("customs_number", PLAIN, nullable=True),
        sa.Column("parent", PLAIN, nullable=True),
        sa.Column("period", PLAIN, nullable=True),
        sa.Column("valid_until", PLAIN, nullable=True),
        sa.Column("content", PLAIN, nullable=False),
        sa.Column("created_at", PLAIN, nullable=False),
        sa.Column("updated_at", PLAIN, nullable=False),
        sa.CheckConstraint("length(number) = 18", name=op.f("ck_documents_number_of_18")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_documents")),
    )
    op.create_index("ix_documents_client_number", "documents", ["partner", "kind", "client_number", "number"])
    op.create_index("ix_documents_customs_number", "documents", ["customs_number", "kind", "number"])
    op.create_index("ix_documents_parent", "documents", ["parent", "number"])
    op.create_index("ix_documents_period", "documents", ["enterprise", "kind", "period", "state", "number"])
    op.create_index("ix_documents_place", "documents", ["enterprise", "kind", "office", "nature", "number"])
    op.create_index("ix_documents_state", "documents", ["kind", "state", "number"])
    op.create_table(
        "raw",
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("stored_at", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_raw")),
    )
    op.create_table(
        "sequences",
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("value", COUNT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sequences")),
    )
    op.create_table(
        "document_versions",
        sa.Column("number", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", PLAIN, nullable=False),
        sa.Column("at", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["documents.number"], name=op.f("fk_document_versions_number")),
        sa.PrimaryKeyConstraint("number", "version", name=op.f("pk_document_versions")),
    )
    op.create_table(
        "history",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("number", PLAIN, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", PLAIN, nullable=False),
        sa.Column("event", PLAIN, nullable=False),
        sa.Column("from_state", PLAIN, nullable=True),
        sa.Column("to_state", PLAIN, nullable=False),
        sa.Column("cause_kind", PLAIN, nullable=False),
        sa.Column("cause_id", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["documents.number"], name=op.f("fk_history_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_version", "history", ["number", "version"], unique=True)
    op.create_table(
        "interchanges",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("channel", PLAIN, nullable=False),
        sa.Column("partner", PLAIN, nullable=False),
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("delivery", PLAIN, nullable=True),
        sa.Column("received_at", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("mapping", PLAIN, nullable=True),
        sa.Column("mapping_version", PLAIN, nullable=True),
        sa.Column("reply_digest", PLAIN, nullable=True),
        sa.Column("same_as", COUNT, nullable=True),
        sa.Column("reason", PLAIN, nullable=True),
        sa.Column("settled_at", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["raw.digest"], name=op.f("fk_interchanges_digest")),
        sa.ForeignKeyConstraint(["reply_digest"], ["raw.digest"], name=op.f("fk_interchanges_reply_digest")),
        sa.ForeignKeyConstraint(["same_as"], ["interchanges.id"], name=op.f("fk_interchanges_same_as")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interchanges")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_interchanges_delivery", "interchanges", ["channel", "delivery"], unique=True)
    op.create_index("ix_interchanges_same", "interchanges", ["partner", "digest", "id"])
    op.create_index("ix_interchanges_to_take", "interchanges", ["state", "id"])
    op.create_index(
        "ix_interchanges_to_settle",
        "interchanges",
        ["partner", "id"],
        sqlite_where=sa.text("state <> 'stored' AND delivery IS NOT NULL AND settled_at IS NULL"),
        postgresql_where=sa.text("state <> 'stored' AND delivery IS NOT NULL AND settled_at IS NULL"),
    )
    op.create_table(
        "notices",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("partner", PLAIN, nullable=False),
        sa.Column("kind", PLAIN, nullable=False),
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("created_at", PLAIN, nullable=False),
        sa.Column("delivered_at", PLAIN, nullable=True),
        sa.Column("number", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["raw.digest"], name=op.f("fk_notices_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notices_number", "notices", ["number", "id"])
    op.create_index("ix_notices_to_take", "notices", ["state", "partner", "id"])
    op.create_table(
        "receipts",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("channel", PLAIN, nullable=False),
        sa.Column("name", PLAIN, nullable=False),
        sa.Column("received_at", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("message_id", PLAIN, nullable=True),
        sa.Column("own_id", PLAIN, nullable=True),
        sa.Column("receipt_type", PLAIN, nullable=True),
        sa.Column("code", PLAIN, nullable=True),
        sa.Column("text", PLAIN, nullable=True),
        sa.Column("number", PLAIN, nullable=True),
        sa.Column("client_number", PLAIN, nullable=True),
        sa.Column("customs_number", PLAIN, nullable=True),
        sa.Column("reason", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(["digest"], ["raw.digest"], name=op.f("fk_receipts_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_receipts_digest", "receipts", ["digest", "id"])
    op.create_index("ix_receipts_message", "receipts", ["message_id", "id"])
    op.create_index("ix_receipts_number", "receipts", ["number", "id"])
    op.create_index("ix_receipts_to_take", "receipts", ["state", "id"])
    op.create_table(
        "relations",
        sa.Column("manifest_number", PLAIN, nullable=False),
        sa.Column("manifest_item", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("declaration_number", PLAIN, nullable=False),
        sa.Column("declaration_item", sa.Integer(), nullable=False),
        sa.Column("quantity", PLAIN, nullable=False),
        sa.Column("total", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(
            ["declaration_number"], ["documents.number"], name=op.f("fk_relations_declaration_number")
        ),
        sa.ForeignKeyConstraint(
            ["manifest_number"], ["documents.number"], name=op.f("fk_relations_manifest_number")
        ),
        sa.PrimaryKeyConstraint("manifest_number", "manifest_item", name=op.f("pk_relations")),
    )
    op.create_index(
        "ix_relations_declaration", "relations", ["declaration_number", "declaration_item", "manifest_number"]
    )
    op.create_table(
        "submissions",
        sa.Column("seq", COUNT, autoincrement=True, nullable=False),
        sa.Column("id", PLAIN, nullable=False),
        sa.Column("number", PLAIN, nullable=False),
        sa.Column("message_type", PLAIN, nullable=False),
        sa.Column("client_number", PLAIN, nullable=False),
        sa.Column("enterprise", PLAIN, nullable=False),
        sa.Column("route", PLAIN, nullable=False),
        sa.Column("state", PLAIN, nullable=False),
        sa.Column("unsigned_digest", PLAIN, nullable=False),
        sa.Column("signed_digest", PLAIN, nullable=True),
        sa.Column("created_at", PLAIN, nullable=False),
        sa.Column("sent_at", PLAIN, nullable=True),
        sa.Column("technical_at", PLAIN, nullable=True),
        sa.Column("business_at", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(["number"], ["documents.number"], name=op.f("fk_submissions_number")),
        sa.ForeignKeyConstraint(["signed_digest"], ["raw.digest"], name=op.f("fk_submissions_signed_digest")),
        sa.ForeignKeyConstraint(
            ["unsigned_digest"], ["raw.digest"], name=op.f("fk_submissions_unsigned_digest")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_submissions")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_submissions_awaited",
        "submissions",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("state = 'sent' AND (technical_at IS NULL OR business_at IS NULL)"),
        postgresql_where=sa.text("state = 'sent' AND (technical_at IS NULL OR business_at IS NULL)"),
    )
    op.create_index("ix_submissions_client_number", "submissions", ["client_number", "message_type", "seq"])
    op.create_index("ix_submissions_id", "submissions", ["id"], unique=True)
    op.create_index("ix_submissions_number", "submissions", ["number", "seq"])
    op.create_index(
        "ix_submissions_to_send",
        "submissions",
        ["seq"],
        unique=False,
        sqlite_where=sa.text("state || '' IN ('to_send', 'in_doubt')"),
        postgresql_where=sa.text("state || '' IN ('to_send', 'in_doubt')"),
    )
    op.create_index("ix_submissions_to_take", "submissions", ["state", "seq"])
    op.create_table(
        "attempts",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("submission_id", PLAIN, nullable=False),
        sa.Column("started_at", PLAIN, nullable=False),
        sa.Column("ended_at", PLAIN, nullable=True),
        sa.Column("outcome", PLAIN, nullable=True),
        sa.Column("detail", PLAIN, nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_attempts_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_attempts_submission", "attempts", ["submission_id", "id"])
    op.create_table(
        "messages",
        sa.Column("id", COUNT, autoincrement=True, nullable=False),
        sa.Column("interchange_id", COUNT, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("message_type", PLAIN, nullable=False),
        sa.Column("operation", PLAIN, nullable=False),
        sa.Column("partner", PLAIN, nullable=False),
        sa.Column("client_number", PLAIN, nullable=False),
        sa.Column("content_digest", PLAIN, nullable=False),
        sa.Column("outcome", PLAIN, nullable=False),
        sa.Column("document_number", PLAIN, nullable=True),
        sa.Column("reply", PLAIN, nullable=True),
        sa.ForeignKeyConstraint(
            ["interchange_id"], ["interchanges.id"], name=op.f("fk_messages_interchange_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_messages_client_number",
        "messages",
        ["partner", "message_type", "client_number", "operation", "id"],
    )
    op.create_index("ix_messages_document", "messages", ["document_number", "id"])
    op.create_index("ix_messages_position", "messages", ["interchange_id", "position"], unique=True)
