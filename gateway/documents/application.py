"""The life of an application against something approved: change, extension, amendment (CH-01, AM-03)."""

from __future__ import annotations

from gateway.documents.states import BOTH, BUSINESS, Event, Machine, State, Table


class ApplicationState(State):
    """The states of a filing change, an extension or an amendment."""

    ENTERED = "entered", "entered", "录入"
    SAVED = "saved", "saved", "暂存"
    DECLARED = "declared", "declared", "已申报"
    SENT = "sent", "sent to customs", "发往海关成功"
    RECEIVE_FAILED = "receive_failed", "receive failed", "接受失败"
    REFUSED = "refused", "refused", "审批拒绝"
    APPROVED = "approved", "approved", "海关审批通过"
    DELETED = "deleted", "deleted", "已删除"


_S = ApplicationState

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
}

MACHINE = Machine(ApplicationState, ORDER, {_S.DECLARED: BOTH, _S.SENT: BUSINESS})

# The gateway's own reading, as for filings: no public list of these codes exists.
MEANINGS = {"A": Event.APPROVE, "R": Event.REFUSE}

# Declared and not yet decided: no second application may be made meanwhile (CH-01, AM-05).
UNDECIDED = frozenset({_S.DECLARED, _S.SENT})
