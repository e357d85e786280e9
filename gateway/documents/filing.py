"""The lives of a qualification and of a volume, which go the same way (QF-08, GF-06)."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.documents.core import ReceiptType
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


class FilingState(State):
    """The states of a qualification filing or volume."""

    ENTERED = "entered", "entered", "录入"
    SAVED = "saved", "saved", "暂存"
    DECLARED = "declared", "declared", "已申报"
    SENT = "sent", "sent to customs", "发往海关成功"
    RECEIVE_FAILED = "receive_failed", "receive failed", "接受失败"
    REFUSED = "refused", "refused", "核准拒绝"
    APPROVED = "approved", "approved", "海关审批通过"
    REVOKED = "revoked", "revoked", "取消资质"
    DELETED = "deleted", "deleted", "已删除"


_S = FilingState

_ORDER: Table = {
    **beginning(_S, refused=_S.REFUSED, approved=_S.APPROVED),
    (_S.APPROVED, Event.REVOKE): _S.REVOKED,
    (_S.REVOKED, Event.DELETE): _S.DELETED,
    # A change or extension is declared: of two at once only one finds the filing as it expected (CH-01).
    (_S.APPROVED, Event.AMEND): _S.APPROVED,
    # What customs approved before it revoked the filing is still written down.
    (_S.APPROVED, Event.CHANGE): _S.APPROVED,
    (_S.REVOKED, Event.CHANGE): _S.REVOKED,
}
_AWAITED: Mapping[State, frozenset[ReceiptType]] = {_S.DECLARED: BOTH, _S.SENT: BUSINESS}

QUALIFICATION = Machine(
    FilingState,
    {
        **_ORDER,
        (_S.APPROVED, Event.EXTEND): _S.APPROVED,
        (_S.REVOKED, Event.EXTEND): _S.REVOKED,
    },
    _AWAITED,
    readings=frozenset({Event.PRINT, Event.SHOW}),
)
VOLUME = Machine(
    FilingState,
    {
        # A held volume comes back when its qualification has ended for good.
        **_ORDER,
        (_S.DECLARED, Event.RECALL): _S.SAVED,
    },
    _AWAITED,
    readings=READINGS,
    items=ITEM_COMMANDS,
)

# The gateway's own reading: no public list of the filings' business codes exists.
MEANINGS = {"A": Event.APPROVE, "R": Event.REFUSE, "V": Event.REVOKE}

# A filing that ended for good leaves room for another of its enterprise, office and nature (QF-11).
ENDED = frozenset({_S.REFUSED, _S.REVOKED, _S.DELETED})
