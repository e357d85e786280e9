"""The store: tables, queries and migrations on SQLite or PostgreSQL; every arrow between stages is a row."""

from gateway.store.audit import Act, Broken, Seal, Trail
from gateway.store.groups import GroupRow
from gateway.store.leases import LeaseRow
from gateway.store.lines import DraftRow, LineRow, MergedRow, PlaceRow, SumRow
from gateway.store.listing import DocumentFilter
from gateway.store.member import Member
from gateway.store.months import Move, Offered
from gateway.store.receipts import ReceiptContent
from gateway.store.references import ReferenceRow, UseRow
from gateway.store.retention import Kept
from gateway.store.rows import (
    AlertRow,
    AttemptRow,
    ChangeRow,
    CircuitRow,
    DocumentRow,
    HistoryRow,
    InterchangeRow,
    ListedDocument,
    MessageRow,
    NoticeRow,
    ReceiptRow,
    RelationRow,
    SettleRow,
    SubmissionRow,
    VersionRow,
)
from gateway.store.runs import RunRow
from gateway.store.searching import Order, Search
from gateway.store.states import AttemptOutcome, InterchangeState, NoticeState, ReceiptState, SubmissionState
from gateway.store.status import Counts
from gateway.store.store import Store
from gateway.store.unit import Unit

__all__ = [
    "Act",
    "AlertRow",
    "AttemptOutcome",
    "AttemptRow",
    "Broken",
    "ChangeRow",
    "CircuitRow",
    "Counts",
    "DocumentFilter",
    "DocumentRow",
    "DraftRow",
    "GroupRow",
    "HistoryRow",
    "InterchangeRow",
    "InterchangeState",
    "Kept",
    "LeaseRow",
    "LineRow",
    "ListedDocument",
    "Member",
    "MergedRow",
    "MessageRow",
    "Move",
    "NoticeRow",
    "NoticeState",
    "Offered",
    "Order",
    "PlaceRow",
    "ReceiptContent",
    "ReceiptRow",
    "ReceiptState",
    "ReferenceRow",
    "RelationRow",
    "RunRow",
    "Seal",
    "Search",
    "SettleRow",
    "Store",
    "SubmissionRow",
    "SubmissionState",
    "SumRow",
    "Trail",
    "Unit",
    "UseRow",
    "VersionRow",
]
