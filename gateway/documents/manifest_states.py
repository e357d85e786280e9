"""The life of a manifest, 集报清单, and what the codes of its receipts mean (MF-12)."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Return what amendments do: a modification moves no state but takes out of a run, a withdrawal ends."""
    kept = {(state, event): state for state in states for event in (Event.AMEND, Event.MODIFY)}
    ended = dict.fromkeys(((state, Event.WITHDRAW) for state in states), _S.WITHDRAWN)
    return kept | ended | {(_S.AWAITING, Event.LEAVE): _S.CLEARED}


_COMMON: Table = {
    **beginning(_S, refused=_S.REJECTED, approved=_S.APPROVED),
    (_S.CLEARED, Event.AWAIT): _S.AWAITING,
    (_S.AWAITING, Event.AGGREGATE): _S.AGGREGATED,
    **_amended(*(state for state in _S if state in AMENDABLE)),
}
# A bonded manifest whose transport was corrected on its way from road to another is cleared from there.
_UNDER_WAY: Final = (_S.APPROVED, _S.ENTRUSTED, _S.CARRIED, _S.CROSSED)
_PLAIN: Table = {**_COMMON, **dict.fromkeys(((state, Event.CLEAR) for state in _UNDER_WAY), _S.CLEARED)}
_BONDED_ROAD: Table = {
    **_COMMON,
    (_S.APPROVED, Event.ENTRUST): _S.ENTRUSTED,
    (_S.ENTRUSTED, Event.CARRY): _S.CARRIED,
    (_S.CARRIED, Event.CROSS): _S.CROSSED,
    (_S.CROSSED, Event.CLEAR): _S.CLEARED,
}
_AWAITED: dict[State, frozenset[ReceiptType]] = {
    _S.DECLARED: BOTH,
    **dict.fromkeys((_S.SENT, *_UNDER_WAY), BUSINESS),
}

MACHINE = Machine(ManifestState, _PLAIN, _AWAITED, READINGS, ITEM_COMMANDS)
BONDED_ROAD_MACHINE = Machine(ManifestState, _BONDED_ROAD, _AWAITED, READINGS, ITEM_COMMANDS)

# Official codes 7 to 15; R and W are the gateway's own reading of a rejection and a withdrawal.
# 12 is a notice only: a manifest awaits aggregation when a run has taken it, and only a cleared one is
# ever taken (AG-02, AG-04). Customs' own word for it says neither that 15 has come nor that it has not.
MEANINGS: Mapping[str, Event | None] = {
    "7": Event.APPROVE,
    "9": Event.ENTRUST,
    "10": Event.CARRY,
    "11": Event.CROSS,
    "12": None,
    "15": Event.CLEAR,
    "R": Event.REFUSE,
    "W": Event.WITHDRAW,
}


def machine_of(document: Document) -> Machine:
    """Return the life of a manifest: only bonded road transport is entrusted, carried and crossed (MF-12)."""
    bonded_road = document.nature == Nature.BONDED and document.content.get("TrafMode") == ROAD
    return BONDED_ROAD_MACHINE if bonded_road else MACHINE
