"""The audit trail: what operators did, and seals that chain it and the history of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PLAIN = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Nothing of a trail is changed or removed; only its seal is set, once.
_SQLITE = """
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} {when}
BEGIN SELECT RAISE(ABORT, 'the audit trail of {table} is only added to'); END
"""
_POSTGRES = """
CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION audit_refuse()
"""
_TRUNCATE = """
CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION audit_refuse()
"""
_REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail of % is only added to', TG_TABLE_NAME; END $$
"""
_KEPT = {
    "history": (
        *("id", "number", "version", "at", "event", "from_state", "to_state", "cause_kind", "cause_id"),
    ),
    "acts": ("id", "at", "operator", "act", "subject", "detail"),
}


def upgrade() -> None:
    """Make the tables, and let nobody change what stands in them."""
    op.create_table(
        "acts",
        sa.Column("id", COUNT, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("at", PLAIN, nullable=False),
        sa.Column("operator", PLAIN, nullable=False),
        sa.Column("act", PLAIN, nullable=False),
        sa.Column("subject", PLAIN, nullable=False),
        sa.Column("detail", PLAIN, nullable=False),
        sa.Column("seal", COUNT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "seals",
        sa.Column("id", COUNT, primary_key=True, autoincrement=True, nullable=False),
        sa.Column("at", PLAIN, nullable=False),
        sa.Column("rows", COUNT, nullable=False),
        sa.Column("digest", PLAIN, nullable=False),
        sa.Column("chain", PLAIN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sqlite_autoincrement=True,
    )
    op.add_column("history", sa.Column("seal", COUNT, nullable=True))
    waits = sa.text("seal IS NULL")
    for table in _KEPT:
        op.create_index(f"ix_{table}_unsealed", table, ["id"], sqlite_where=waits, postgresql_where=waits)
        op.create_index(f"ix_{table}_sealed", table, ["seal", "id"])
    _guard(op.get_context().dialect.name)


def _guard(dialect: str) -> None:
    form = _SQLITE if dialect == "sqlite" else _POSTGRES
    same = "IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM"
    if dialect == "postgresql":
        op.execute(_REFUSE)
    for table, columns in _KEPT.items():
        kept = " AND ".join(f"OLD.{column} {same} NEW.{column}" for column in columns)
        op.execute(form.format(table=table, event="DELETE", when=""))
        changed = f"WHEN (OLD.seal IS NOT NULL OR NOT ({kept}))"
        op.execute(form.format(table=table, event="UPDATE", when=changed))
    for event in ("UPDATE", "DELETE"):
        op.execute(form.format(table="seals", event=event, when=""))
    # A truncation looks at no row; SQLite knows none.
    for table in (*_KEPT, "seals") if dialect == "postgresql" else ():
        op.execute(_TRUNCATE.format(table=table))
