"""The life of a declaration, 集报报关单, and what the channel codes of its receipts mean (DC-01)."""

from __future__ import annotations

from typing import Final

from gateway.documents.states import BOTH, BUSINESS, Event, Machine, State, Table


class DeclarationState(State):
    """The states of a declaration."""

    ENTERED = "entered", "entered", "录入"
    SAVED = "saved", "saved", "暂存"
    DECLARED = "declared", "declared", "已申报"
    NOT_ACCEPTED = "not_accepted", "not accepted", "不受理"
    INSPECTION = "inspection", "inspection", "查验"
    REVIEWED = "reviewed", "reviewed", "审结"
    CLEARED = "cleared", "cleared", "结关"


_S = DeclarationState

ORDER: Table = {
    (_S.ENTERED, Event.SAVE): _S.SAVED,
    (_S.ENTERED, Event.SAVE_DECLARE): _S.DECLARED,
    (_S.SAVED, Event.EDIT): _S.SAVED,
    (_S.SAVED, Event.DECLARE): _S.DECLARED,
    (_S.DECLARED, Event.RECEIVE): _S.DECLARED,
    (_S.DECLARED, Event.FAIL): _S.NOT_ACCEPTED,
    (_S.DECLARED, Event.ACCEPT): _S.DECLARED,
    (_S.DECLARED, Event.REFUSE): _S.NOT_ACCEPTED,
    (_S.DECLARED, Event.INSPECT): _S.INSPECTION,
    (_S.DECLARED, Event.REVIEW): _S.REVIEWED,
    (_S.INSPECTION, Event.REVIEW): _S.REVIEWED,
    (_S.INSPECTION, Event.REFUSE): _S.NOT_ACCEPTED,
    (_S.REVIEWED, Event.REFUSE): _S.NOT_ACCEPTED,
    (_S.REVIEWED, Event.CLEAR): _S.CLEARED,
    (_S.NOT_ACCEPTED, Event.EDIT): _S.SAVED,
    (_S.NOT_ACCEPTED, Event.DECLARE): _S.DECLARED,
}

MACHINE = Machine(
    DeclarationState,
    ORDER,
    {_S.DECLARED: BOTH, _S.INSPECTION: BUSINESS, _S.REVIEWED: BUSINESS},
    readings=frozenset({Event.SHOW, Event.PRINT}),
)
TABLE = MACHINE.table

_BY_EVENT: Final[dict[Event | None, str]] = {
    Event.ACCEPT: "L SpL",
    # Sent back, failed, or deleted by customs: in each case it must be corrected and declared again.
    Event.REFUSE: "E SpE Z Y D A 4 8 9 f0 F1",
    Event.INSPECT: "C S SpC",
    # What is released has been reviewed; the manual knows no state of its own for it.
    Event.REVIEW: "G J SpJ W I P F B K SpK",
    Event.CLEAR: "R",
    # Notices on the way: transfer, storing, taxes, certificates, a new review.
    None: "2 6 N 3 7 H T M a X b c d S0 E0 E1 Sp1",
}

CHANNELS: Final[dict[str, Event | None]] = {
    code: event for event, codes in _BY_EVENT.items() for code in codes.split()
}
