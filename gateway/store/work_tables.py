"""The tables of the work itself: routes, leases, what operators are told and what they did."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from gateway.store.columns import Json, Words, count, moment, own_id, partial, words
from gateway.store.tables import UNSEALED, metadata

# How the exchange over a route goes; a route without a row goes well.
circuits = Table(
    "circuits",
    metadata,
    Column("route", Words, primary_key=True),
    words("state"),
    moment("since"),
    count("failures"),
    moment("due_at", optional=True),
    words("outage", optional=True),
    words("pilot", optional=True),
)

# Which gateways live, each until a moment if no heartbeat is seen; and which does what only one may do.
leases = Table(
    "leases",
    metadata,
    Column("name", Words, primary_key=True),
    words("holder"),
    words("process", optional=True),
    moment("since"),
    moment("until", optional=True),
)

alerts = Table(
    "alerts",
    metadata,
    own_id(),
    words("code"),
    words("subject"),
    moment("opened_at"),
    moment("closed_at", optional=True),
    Column("values", Json, nullable=False),
    Index("ix_alerts_open", "code", "subject", unique=True, **partial("closed_at IS NULL")),
    sqlite_autoincrement=True,
)

acts = Table(
    "acts",
    metadata,
    own_id(),
    moment("at"),
    words("operator"),
    words("act"),
    words("subject"),
    Column("detail", Json, nullable=False),
    count("seal", optional=True),
    Index("ix_acts_unsealed", "id", **partial(UNSEALED)),
    Index("ix_acts_sealed", "seal", "id"),
    sqlite_autoincrement=True,
)

seals = Table(
    "seals",
    metadata,
    own_id(),
    moment("at"),
    count("rows"),
    words("digest"),
    words("chain"),
    sqlite_autoincrement=True,
)
