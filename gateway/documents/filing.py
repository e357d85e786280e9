"""The life of a filing, the same for a qualification and a volume (QF-08, GF-06)."""

from __future__ import annotations

from gateway.documents.states import BOTH, BUSINESS, Event, Machine, State, Table


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

ORDER: Table = {
    (_S.ENTERED, Event.SAVE): _S.SAVED,
    (_S.ENTERED, Event.SAVE_DECLARE): _S.DECLARED,
    (_S.SAVED, Event.EDIT): _S.SAVED,
    (_S.SAVED, Event.DECLARE): _S.DECLARED,
    (_S.SAVED, Event.DELETE): _S.DELETED,
    (_S.DECLARED, Event.RECEIVE): _S.SENT,
    (_S.DECLARED, Event.FAIL): _S.RECEIVE_FAILED,
    (_S.RECEIVE_FAILED, Event.EDIT): _S.SAVED,
    (_S.RECEIVE_FAILED, Event.DELETE): _S.DELETED,
    (_S.SENT, Event.APPROVE): _S.APPROVED,
    (_S.SENT, Event.REFUSE): _S.REFUSED,
    (_S.REFUSED, Event.EDIT): _S.SAVED,
    (_S.REFUSED, Event.DELETE): _S.DELETED,
    (_S.APPROVED, Event.REVOKE): _S.REVOKED,
    (_S.REVOKED, Event.DELETE): _S.DELETED,
}

MACHINE = Machine(FilingState, ORDER, {_S.DECLARED: BOTH, _S.SENT: BUSINESS})
TABLE = MACHINE.table

# The gateway's own reading: no public list of the filings' business codes exists.
MEANINGS = {"A": Event.APPROVE, "R": Event.REFUSE, "V": Event.REVOKE}

# A filing that ended for good leaves room for another of its enterprise, office and nature (QF-11).
ENDED = frozenset({_S.REFUSED, _S.REVOKED, _S.DELETED})
