"""Documents: what they are, what may happen to them, what they decide; pure, without input or output."""

from gateway.documents.aggregation import Rehearsal, make_declarations, rehearse, request_aggregation
from gateway.documents.application import UNDECIDED
from gateway.documents.calendar import AT_RISK, GENERAL, deadline, warned_from
from gateway.documents.cargo import cargo_bill, cargo_key
from gateway.documents.commands import decide
from gateway.documents.core import (
    Answer,
    Change,
    CodeLookup,
    Command,
    Decision,
    Document,
    Facts,
    Kind,
    Nature,
    News,
    Outgoing,
    Reference,
    Relation,
    Stale,
    Use,
)
from gateway.documents.declaration import declare_declaration
from gateway.documents.differences import Difference, differences
from gateway.documents.lives import APPROVED, allowed_commands, awaited, state_of, states_of, waiting_states
from gateway.documents.receipts import advance

__all__ = [
    "APPROVED",
    "AT_RISK",
    "GENERAL",
    "UNDECIDED",
    "Answer",
    "Change",
    "CodeLookup",
    "Command",
    "Decision",
    "Difference",
    "Document",
    "Facts",
    "Kind",
    "Nature",
    "News",
    "Outgoing",
    "Reference",
    "Rehearsal",
    "Relation",
    "Stale",
    "Use",
    "advance",
    "allowed_commands",
    "awaited",
    "cargo_bill",
    "cargo_key",
    "deadline",
    "decide",
    "declare_declaration",
    "differences",
    "make_declarations",
    "rehearse",
    "request_aggregation",
    "state_of",
    "states_of",
    "waiting_states",
    "warned_from",
]
