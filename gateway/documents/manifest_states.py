"""The life of a manifest, 集报清单, and what the codes of its receipts mean (MF-12)."""

from __future__ import annotations

from typing import Final

from gateway.documents.core import Document, Nature, ReceiptType
from gateway.documents.states import (
    BOTH,
    BUSINESS,
    ITEM_COMMANDS,
    READINGS,
    Event,
    Machine,
    State,
    Table,
    beginning,
)

ROAD: Final = "4"


class ManifestState(State):
    """The states of a manifest; the numbers are the official ones that the manual tells."""

    ENTERED = "entered", "entered", "录入"
    SAVED = "saved", "saved", "暂存"
    DECLARED = "declared", "declared", "已申报"
    SENT = "sent", "sent to customs", "发往海关成功"
    RECEIVE_FAILED = "receive_failed", "receive failed", "接受失败"
    REJECTED = "rejected", "rejected", "海关退单"
    APPROVED = "approved", "approved", "海关审批通过", "7"
    ENTRUSTED = "entrusted", "entrusted", "已委托", "9"
    CARRIED = "carried", "carried", "已承运", "10"
    CROSSED = "crossed", "crossed", "已过境", "11"
    AWAITING = "awaiting_aggregation", "awaiting aggregation", "待汇总", "12"
    CLEARED = "cleared", "cleared", "已结关", "15"
    AGGREGATED = "aggregated", "aggregated", "已汇总"
    WITHDRAWN = "withdrawn", "withdrawn", "已撤销"
    DELETED = "deleted", "deleted", "已删除"


_S = ManifestState

# In these a manifest may be modified or withdrawn (AM-01); each has its official number.
AMENDABLE: Final = frozenset({_S.APPROVED, _S.ENTRUSTED, _S.CARRIED, _S.CROSSED, _S.AWAITING, _S.CLEARED})


def _amended(*states: State) -> Table:
    """Return what amendments do: one that is declared or approved moves no state but takes out of a run."""
    kept = {(state, event): state for state in states for event in (Event.AMEND, Event.MODIFY)}
    return kept | {(_S.AWAITING, Event.LEAVE): _S.CLEARED}


_COMMON: Table = {
    **beginning(_S, refused=_S.REJECTED, approved=_S.APPROVED),
    (_S.CLEARED, Event.AWAIT): _S.AWAITING,
    (_S.AWAITING, Event.AGGREGATE): _S.AGGREGATED,
    (_S.APPROVED, Event.WITHDRAW): _S.WITHDRAWN,
    (_S.CLEARED, Event.WITHDRAW): _S.WITHDRAWN,
    (_S.AWAITING, Event.WITHDRAW): _S.WITHDRAWN,
    **_amended(_S.APPROVED, _S.CLEARED, _S.AWAITING),
}
_PLAIN: Table = {**_COMMON, (_S.APPROVED, Event.CLEAR): _S.CLEARED}
_BONDED_ROAD: Table = {
    **_COMMON,
    (_S.APPROVED, Event.ENTRUST): _S.ENTRUSTED,
    (_S.ENTRUSTED, Event.CARRY): _S.CARRIED,
    (_S.CARRIED, Event.CROSS): _S.CROSSED,
    (_S.CROSSED, Event.CLEAR): _S.CLEARED,
    (_S.ENTRUSTED, Event.WITHDRAW): _S.WITHDRAWN,
    (_S.CARRIED, Event.WITHDRAW): _S.WITHDRAWN,
    (_S.CROSSED, Event.WITHDRAW): _S.WITHDRAWN,
    **_amended(_S.ENTRUSTED, _S.CARRIED, _S.CROSSED),
}
_PLAIN_AWAITED: dict[State, frozenset[ReceiptType]] = {
    _S.DECLARED: BOTH,
    _S.SENT: BUSINESS,
    _S.APPROVED: BUSINESS,
}
_ROAD_AWAITED = {**_PLAIN_AWAITED, _S.ENTRUSTED: BUSINESS, _S.CARRIED: BUSINESS, _S.CROSSED: BUSINESS}

MACHINE = Machine(ManifestState, _PLAIN, _PLAIN_AWAITED, READINGS, ITEM_COMMANDS)
BONDED_ROAD_MACHINE = Machine(ManifestState, _BONDED_ROAD, _ROAD_AWAITED, READINGS, ITEM_COMMANDS)

# Official codes 7 to 15; R and W are the gateway's own reading of a rejection and a withdrawal.
MEANINGS = {
    "7": Event.APPROVE,
    "9": Event.ENTRUST,
    "10": Event.CARRY,
    "11": Event.CROSS,
    "12": Event.AWAIT,
    "15": Event.CLEAR,
    "R": Event.REFUSE,
    "W": Event.WITHDRAW,
}


def machine_of(document: Document) -> Machine:
    """Return the life of a manifest: only bonded road transport is entrusted, carried and crossed (MF-12)."""
    bonded_road = document.nature == Nature.BONDED and document.content.get("TrafMode") == ROAD
    return BONDED_ROAD_MACHINE if bonded_road else MACHINE
