"""The tables and their indices, each index named after the question that it answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    text,
)

from gateway.store.columns import Count, Exact, Json, Moment, Words

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


# Conditions that an index and its query must say in the same words. `|| ''` keeps SQLite from taking
# the general index on the state for the first one, after which it would have to sort the whole queue.
TO_SEND = "state || '' IN ('to_send', 'in_doubt')"
TO_SETTLE = "state <> 'stored' AND delivery IS NOT NULL AND settled_at IS NULL"
UNSEALED = "seal IS NULL"
AWAITED = "state = 'sent' AND (technical_at IS NULL OR business_at IS NULL)"


def _partial(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _own_id(name: str = "id") -> Column[int]:
    return Column(name, Count, primary_key=True, autoincrement=True)


def _words(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Words, nullable=optional)


def _count(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, Count, nullable=optional)


def _moment(name: str, *, optional: bool = False) -> Column[object]:
    return Column(name, Moment, nullable=optional)


def _refers(name: str, target: str, *, optional: bool = False) -> Column[object]:
    return Column(name, ForeignKey(target), nullable=optional)


raw = Table(
    "raw",
    metadata,
    Column("digest", Words, primary_key=True),
    Column("bytes", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    _moment("stored_at"),
)

interchanges = Table(
    "interchanges",
    metadata,
    _own_id(),
    _words("channel"),
    _words("partner"),
    _words("name"),
    _refers("digest", "raw.digest"),
    _words("delivery", optional=True),
    _moment("received_at"),
    _words("state"),
    _words("mapping", optional=True),
    _words("mapping_version", optional=True),
    _refers("reply_digest", "raw.digest", optional=True),
    _refers("same_as", "interchanges.id", optional=True),
    Column("reason", Json),
    _moment("settled_at", optional=True),
    Index("ix_interchanges_to_take", "state", "id"),
    Index("ix_interchanges_to_settle", "partner", "id", **_partial(TO_SETTLE)),
    Index("ix_interchanges_same", "partner", "digest", "id"),
    Index("ix_interchanges_delivery", "channel", "delivery", unique=True),
    sqlite_autoincrement=True,
)

mapping_versions = Table(
    "mapping_versions",
    metadata,
    Column("mapping", Words, primary_key=True),
    Column("version", Words, primary_key=True),
    _refers("digest", "raw.digest"),
    _moment("since"),
)

messages = Table(
    "messages",
    metadata,
    _own_id(),
    _refers("interchange_id", "interchanges.id"),
    Column("position", Integer, nullable=False),
    _words("message_type"),
    _words("operation"),
    _words("partner"),
    _words("client_number"),
    _words("content_digest"),
    _words("outcome"),
    _words("document_number", optional=True),
    Column("reply", Json),
    _words("mapping", optional=True),
    _words("mapping_version", optional=True),
    Index("ix_messages_position", "interchange_id", "position", unique=True),
    Index("ix_messages_client_number", "partner", "message_type", "client_number", "operation", "id"),
    Index("ix_messages_document", "document_number", "id"),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    Column("number", Words, primary_key=True),
    _words("kind"),
    Column("message_type", Words, nullable=False, server_default=""),
    _words("state"),
    Column("version", Integer, nullable=False),
    _words("enterprise"),
    _words("partner"),
    _words("office"),
    _words("nature"),
    _words("ie_flag"),
    _words("client_number"),
    _words("customs_number", optional=True),
    _words("parent", optional=True),
    _words("period", optional=True),
    _words("valid_until", optional=True),
    Column("content", Json, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("length(number) = 18", "number_of_18"),
    Index("ix_documents_state", "kind", "state", "number"),
    Index("ix_documents_client_number", "partner", "kind", "client_number", "number"),
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
    _moment("at"),
)

history = Table(
    "history",
    metadata,
    _own_id(),
    _refers("number", "documents.number"),
    Column("version", Integer, nullable=False),
    _moment("at"),
    _words("event"),
    _words("from_state", optional=True),
    _words("to_state"),
    _words("cause_kind"),
    _words("cause_id"),
    _count("seal", optional=True),
    # One row a version: the last guard of compare-and-set.
    Index("ix_history_version", "number", "version", unique=True),
    Index("ix_history_unsealed", "id", **_partial(UNSEALED)),
    Index("ix_history_sealed", "seal", "id"),
    sqlite_autoincrement=True,
)

submissions = Table(
    "submissions",
    metadata,
    _own_id("seq"),
    _words("id"),
    _refers("number", "documents.number"),
    _words("message_type"),
    _words("client_number"),
    _words("enterprise"),
    _words("route"),
    _words("state"),
    _refers("unsigned_digest", "raw.digest"),
    _refers("signed_digest", "raw.digest", optional=True),
    _moment("created_at"),
    _moment("sent_at", optional=True),
    _moment("technical_at", optional=True),
    _moment("business_at", optional=True),
    Index("ix_submissions_id", "id", unique=True),
    Index("ix_submissions_to_take", "state", "seq"),
    Index("ix_submissions_number", "number", "seq"),
    Index("ix_submissions_client_number", "client_number", "message_type", "seq"),
    Index("ix_submissions_to_send", "seq", **_partial(TO_SEND)),
    Index("ix_submissions_awaited", "seq", **_partial(AWAITED)),
    sqlite_autoincrement=True,
)

attempts = Table(
    "attempts",
    metadata,
    _own_id(),
    _refers("submission_id", "submissions.id"),
    _moment("started_at"),
    _moment("ended_at", optional=True),
    _words("outcome", optional=True),
    _words("detail"),
    Index("ix_attempts_submission", "submission_id", "id"),
    sqlite_autoincrement=True,
)

receipts = Table(
    "receipts",
    metadata,
    _own_id(),
    _refers("digest", "raw.digest"),
    _words("channel"),
    _words("name"),
    _moment("received_at"),
    _words("state"),
    _words("message_id", optional=True),
    _words("own_id", optional=True),
    _words("receipt_type", optional=True),
    _words("code", optional=True),
    _words("text", optional=True),
    _words("number", optional=True),
    _words("client_number", optional=True),
    _words("customs_number", optional=True),
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
    _own_id(),
    _words("partner"),
    _words("kind"),
    _words("name"),
    _refers("digest", "raw.digest"),
    _words("state"),
    _moment("created_at"),
    _moment("delivered_at", optional=True),
    _words("number", optional=True),
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
    _refers("declaration_number", "documents.number"),
    Column("declaration_item", Integer, nullable=False),
    Column("quantity", Exact, nullable=False),
    Column("total", Exact, nullable=False),
    Index("ix_relations_declaration", "declaration_number", "declaration_item", "manifest_number"),
)

aggregation_runs = Table(
    "aggregation_runs",
    metadata,
    Column("run", ForeignKey("documents.number"), primary_key=True),
    _words("phase"),
    _words("last"),
    _count("done"),
    _count("manifests"),
    _count("lines"),
    _count("declarations"),
    _words("keys"),
    _moment("moment", optional=True),
)

# Without a row id a table of SQLite is in the order of its key. Neither of these refers to documents: a
# rehearsal has them in a database of their own.
aggregation_lines = Table(
    "aggregation_lines",
    metadata,
    Column("run", Words, primary_key=True),
    Column("manifest", Words, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    *(_words(name) for name in ("part", "item", "words", "rank")),
    *(_count(name) for name in ("quantity", "total", "net", "tare", "packages")),
    *(
        _count(name, optional=True)
        for name in ("first_quantity", "second_quantity", "freight", "insurance", "other")
    ),
    _words("wrap"),
    _words("contract"),
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
    *(_words(name) for name in ("office", "nature", "ie_flag", "state")),
    Column("content", Json, nullable=False),
    _words("number", optional=True),
)

reference_data = Table(
    "reference_data",
    metadata,
    Column("kind", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    _words("enterprise"),
    _words("valid_from", optional=True),
    _words("valid_until", optional=True),
    _moment("told_at"),
    Column("content", Json, nullable=False),
    _refers("receipt_id", "receipts.id"),
    _words("message_id"),
    _moment("received_at"),
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

alerts = Table(
    "alerts",
    metadata,
    _own_id(),
    _words("code"),
    _words("subject"),
    _moment("opened_at"),
    _moment("closed_at", optional=True),
    Column("values", Json, nullable=False),
    Index("ix_alerts_open", "code", "subject", unique=True, **_partial("closed_at IS NULL")),
    sqlite_autoincrement=True,
)

acts = Table(
    "acts",
    metadata,
    _own_id(),
    _moment("at"),
    _words("operator"),
    _words("act"),
    _words("subject"),
    Column("detail", Json, nullable=False),
    _count("seal", optional=True),
    Index("ix_acts_unsealed", "id", **_partial(UNSEALED)),
    Index("ix_acts_sealed", "seal", "id"),
    sqlite_autoincrement=True,
)

seals = Table(
    "seals",
    metadata,
    _own_id(),
    _moment("at"),
    _count("rows"),
    _words("digest"),
    _words("chain"),
    sqlite_autoincrement=True,
)
