"""The life of an application against something approved: change, extension, amendment (CH-01, AM-03)."""

from __future__ import annotations

from gateway.documents.states import BOTH, BUSINESS, Event, Machine, State, beginning


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

MACHINE = Machine(
    ApplicationState,
    beginning(_S, refused=_S.REFUSED, approved=_S.APPROVED),
    {_S.DECLARED: BOTH, _S.SENT: BUSINESS},
    readings=frozenset({Event.PRINT, Event.SHOW}),
)

# The gateway's own reading, as for filings: no public list of these codes exists.
MEANINGS = {"A": Event.APPROVE, "R": Event.REFUSE}

# Declared and not yet decided: no second application may be made meanwhile (CH-01, AM-05).
UNDECIDED = frozenset({_S.DECLARED, _S.SENT})
