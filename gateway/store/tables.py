"""The tables and their indices, each index named after the question that it answers."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from gateway.store.columns import (
    Count,
    Exact,
    Json,
    Words,
    count,
    moment,
    own_id,
    partial,
    refers,
    words,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


# Conditions that an index and its query must say in the same words. `|| ''` keeps SQLite from taking
# the general index on the state for these, after which it would have to sort the whole queue.
TO_SEND = "state || '' IN ('to_send', 'in_doubt')"
TO_SETTLE = "state <> 'stored' AND delivery IS NOT NULL AND settled_at IS NULL"
UNSEALED = "seal IS NULL"
AWAITED = "state || '' = 'sent' AND (technical_at IS NULL OR business_at IS NULL)"
TO_LOOK_AT = "state || '' = 'sent' AND due_at IS NOT NULL"


raw = Table(
    "raw",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    moment("stored_at"),
)

interchanges = Table(
    "interchanges",
    metadata,
    own_id(),
    words("channel"),
    words("partner"),
    words("name"),
    refers("digest", "raw.digest"),
    words("delivery", optional=True),
    moment("received_at"),
    words("state"),
    words("mapping", optional=True),
    words("mapping_version", optional=True),
    refers("reply_digest", "raw.digest", optional=True),
    refers("same_as", "interchanges.id", optional=True),
    Column("reason", Json),
    moment("settled_at", optional=True),
    Index("ix_interchanges_to_take", "state", "id"),
    Index("ix_interchanges_to_settle", "partner", "id", **partial(TO_SETTLE)),
    Index("ix_interchanges_same", "digest", "partner", "id"),
    Index("ix_interchanges_delivery", "channel", "delivery", unique=True),
    sqlite_autoincrement=True,
)

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("mapping", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    refers("digest", "raw.digest"),
    moment("since"),
)

messages = Table(
    "messages",
    metadata,
    own_id(),
    refers("interchange_id", "interchanges.id"),
    Column("position", Integer, nullable=False),
    words("message_type"),
    words("operation"),
    words("partner"),
    words("client_number"),
    words("content_digest"),
    words("outcome"),
    words("document_number", optional=True),
    Column("reply", Json),
    words("mapping", optional=True),
    words("mapping_version", optional=True),
    Index("ix_messages_position", "interchange_id", "position", unique=True),
    Index("ix_messages_client_number", "partner", "message_type", "client_number", "operation", "id"),
    Index("ix_messages_document", "document_number", "id"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    Column("number", Words, primary_key=True),
    words("kind"),
    Column("message_type", Words, nullable=False, server_default=""),
    words("state"),
    Column("version", Integer, nullable=False),
    words("enterprise"),
    words("partner"),
    words("office"),
    words("nature"),
    words("ie_flag"),
    words("client_number"),
    words("customs_number", optional=True),
    words("parent", optional=True),
    words("period", optional=True),
    words("valid_until", optional=True),
    Column("content", Json, nullable=False),
    moment("created_at"),
    moment("updated_at"),
    # The file in which its content lies since that was removed from here.
    words("archive", optional=True),
    CheckConstraint("length(number) = 18", "number_of_18"),
    Index("ix_documents_state", "kind", "state", "number"),
    Index("ix_documents_client_number", "client_number", "partner", "kind", "number"),
    Index("ix_documents_period", "enterprise", "kind", "period", "state", "number"),
    Index("ix_documents_place", "enterprise", "kind", "office", "nature", "number"),
    Index("ix_documents_customs_number", "customs_number", "kind", "number"),
    Index("ix_documents_parent", "parent", "number"),
)

document_versions = Table(
    "document_versions",
    metadata,
    Column("number", ForeignKey("documents.number"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content", Json, nullable=False),
    moment("at"),
)

history = Table(
    "history",
    metadata,
    own_id(),
    refers("number", "documents.number"),
    Column("version", Integer, nullable=False),
    moment("at"),
    words("event"),
    words("from_state", optional=True),
    words("to_state"),
    words("cause_kind"),
    words("cause_id"),
    count("seal", optional=True),
    # One row a version: the last guard of compare-and-set.
    Index("ix_history_version", "number", "version", unique=True),
    Index("ix_history_unsealed", "id", **partial(UNSEALED)),
    Index("ix_history_sealed", "seal", "id"),
    sqlite_autoincrement=True,
)

submissions = Table(
    "submissions",
    metadata,
    own_id("seq"),
    words("id"),
    refers("number", "documents.number"),
    words("message_type"),
    words("client_number"),
    words("enterprise"),
    words("route"),
    words("state"),
    refers("unsigned_digest", "raw.digest"),
    refers("signed_digest", "raw.digest", optional=True),
    refers("sent_digest", "raw.digest", optional=True),
    moment("created_at"),
    moment("sent_at", optional=True),
    moment("technical_at", optional=True),
    moment("business_at", optional=True),
    words("holder", optional=True),
    moment("due_at", optional=True),
    moment("awaited_anew", optional=True),
    Index("ix_submissions_id", "id", unique=True),
    Index("ix_submissions_to_take", "state", "seq"),
    Index("ix_submissions_number", "number", "seq"),
    Index("ix_submissions_client_number", "client_number", "message_type", "seq"),
    Index("ix_submissions_to_send", "seq", **partial(TO_SEND)),
    Index("ix_submissions_awaited", "seq", **partial(AWAITED)),
    Index("ix_submissions_to_look_at", "due_at", **partial(TO_LOOK_AT)),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    own_id(),
    refers("submission_id", "submissions.id"),
    moment("started_at"),
    moment("ended_at", optional=True),
    words("outcome", optional=True),
    words("detail"),
    Index("ix_attempts_submission", "submission_id", "id"),
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    own_id(),
    refers("digest", "raw.digest"),
    words("channel"),
    words("name"),
    moment("received_at"),
    words("state"),
    # What is in different lanes may be believed at the same time.
    Column("lane", Integer, nullable=False, server_default="0"),
    words("message_id", optional=True),
    words("own_id", optional=True),
    words("receipt_type", optional=True),
    words("code", optional=True),
    words("text", optional=True),
    words("number", optional=True),
    words("client_number", optional=True),
    words("customs_number", optional=True),
    Column("reason", Json),
    Index("ix_receipts_to_take", "state", "id"),
    Index("ix_receipts_digest", "digest", "id"),
    Index("ix_receipts_number", "number", "id"),
    Index("ix_receipts_message", "message_id", "id"),
    sqlite_autoincrement=True,
)

notices = Table(
    "notices",
    metadata,
    own_id(),
    words("partner"),
    words("kind"),
    words("name"),
    refers("digest", "raw.digest"),
    words("state"),
    moment("created_at"),
    moment("delivered_at", optional=True),
    words("number", optional=True),
    Index("ix_notices_to_take", "state", "partner", "id"),
    Index("ix_notices_number", "number", "id"),
    sqlite_autoincrement=True,
)

sequences = Table(
    "sequences",
    metadata,
    Column("name", Words, primary_key=True),
    Column("value", Count, nullable=False),
)

relations = Table(
    "relations",
    metadata,
    # The key is AG-09: no manifest item can go into two declaration items.
    Column("manifest_number", ForeignKey("documents.number"), primary_key=True),
    Column("manifest_item", Integer, primary_key=True, autoincrement=False),
    refers("declaration_number", "documents.number"),
    Column("declaration_item", Integer, nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("total", Exact, nullable=False),
    Index("ix_relations_declaration", "declaration_number", "declaration_item", "manifest_number"),
)

aggregation_runs = Table(
    "aggregation_runs",
    metadata,
    Column("run", ForeignKey("documents.number"), primary_key=True),
    words("phase"),
    words("last"),
    count("done"),
    count("manifests"),
    count("lines"),
    count("declarations"),
    words("keys"),
    moment("moment", optional=True),
)

# Without a row id a table of SQLite is in the order of its key. Neither of these refers to documents: a
# rehearsal has them in a database of their own.
aggregation_lines = Table(
    "aggregation_lines",
    metadata,
    Column("run", Words, primary_key=True),
    Column("manifest", Words, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *(words(name) for name in ("part", "item", "words", "rank")),
    *(count(name) for name in ("quantity", "total", "net", "tare", "packages")),
    *(
        count(name, optional=True)
        for name in ("first_quantity", "second_quantity", "freight", "insurance", "other")
    ),
    words("wrap"),
    words("contract"),
    sqlite_with_rowid=False,
)

aggregation_goods = Table(
    "aggregation_goods",
    metadata,
    Column("run", Words, primary_key=True),
    Column("item", Words, primary_key=True),
    Column("declaration", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)

aggregation_drafts = Table(
    "aggregation_drafts",
    metadata,
    Column("run", Words, primary_key=True),
    Column("declaration", Integer, primary_key=True, autoincrement=False),
    *(words(name) for name in ("office", "nature", "ie_flag", "state")),
    Column("content", Json, nullable=False),
    words("number", optional=True),
)

reference_data = Table(
    "reference_data",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    words("enterprise"),
    words("valid_from", optional=True),
    words("valid_until", optional=True),
    moment("told_at"),
    Column("content", Json, nullable=False),
    refers("receipt_id", "receipts.id"),
    words("message_id"),
    moment("received_at"),
    Index("ix_reference_data_receipt", "receipt_id"),
)

licence_uses = Table(
    "licence_uses",
    metadata,
    Column("number", ForeignKey("documents.number"), primary_key=True),
    Column("licence", Words, primary_key=True),
    Column("goods_code", Words, primary_key=True),
    Column("unit", Words, primary_key=True),
    Column("quantity", Exact, nullable=False),
    Index("ix_licence_uses_licence", "licence", "number"),
)
