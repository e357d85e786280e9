"""Documents: what they are, what may happen to them, what they decide; pure, without input or output."""

from gateway.documents.aggregation import (
    draft_declaration,
    finish,
    issued,
    publish,
    rehearsed_run,
    request_aggregation,
    unissued,
)
from gateway.documents.application import UNDECIDED
from gateway.documents.balance import Sum, prove_declaration, prove_manifest, prove_whole
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
    Stale,
    Use,
)
from gateway.documents.declaration import declare_declaration
from gateway.documents.differences import Difference, differences
from gateway.documents.filed import FILED
from gateway.documents.lives import (
    APPROVED,
    allowed_commands,
    awaited,
    final_states,
    moved,
    state_of,
    states_of,
    waiting_states,
)
from gateway.documents.manifest_states import ManifestState
from gateway.documents.merging import Goods, Line, pieces, spread
from gateway.documents.origins import Making, Trail, Where, trail_of_decision, trail_of_modification
from gateway.documents.receipts import advance
from gateway.documents.selection import Selection, selection_of
from gateway.documents.states import Event
from gateway.documents.totals import Compared, Totals, compare, is_given, shown

__all__ = [
    "APPROVED",
    "AT_RISK",
    "FILED",
    "GENERAL",
    "UNDECIDED",
    "Answer",
    "Change",
    "CodeLookup",
    "Command",
    "Compared",
    "Decision",
    "Difference",
    "Document",
    "Event",
    "Facts",
    "Goods",
    "Kind",
    "Line",
    "Making",
    "ManifestState",
    "Nature",
    "News",
    "Outgoing",
    "Reference",
    "Selection",
    "Stale",
    "Sum",
    "Totals",
    "Trail",
    "Use",
    "Where",
    "advance",
    "allowed_commands",
    "awaited",
    "cargo_bill",
    "cargo_key",
    "compare",
    "deadline",
    "decide",
    "declare_declaration",
    "differences",
    "draft_declaration",
    "final_states",
    "finish",
    "is_given",
    "issued",
    "moved",
    "pieces",
    "prove_declaration",
    "prove_manifest",
    "prove_whole",
    "publish",
    "rehearsed_run",
    "request_aggregation",
    "selection_of",
    "shown",
    "spread",
    "state_of",
    "states_of",
    "trail_of_decision",
    "trail_of_modification",
    "unissued",
    "waiting_states",
    "warned_from",
]
