"""The normal course of each kind of document: the answers that it gets, one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from customs_stub.facts import State
from customs_stub.faults import Fault
from customs_stub.submission import PARENTS, Kind, Submission

RECEIVED = "0"


class Delivery(StrEnum):
    """How the file of a receipt comes into being."""

    WHOLE = "whole"  # written under another name and renamed, as agreed
    HALVES = "halves"  # written in place, the second half a second later
    FORGED = "forged"  # altered after signing
    BROKEN = "broken"  # cut off in the middle
    UNFINISHED = "unfinished"  # written in place, the second half never
    EXPIRED = "expired"  # signed under an expired certificate
    UNKNOWN = "unknown"  # signed under a certificate that nobody was told of
    OTHER_DOCUMENT = "other-document"  # names another document than it answers
    OTHER_OFFICE = "other-office"  # names another office than it answers for


@dataclass(frozen=True, slots=True)
class Step:
    """One answer that is planned.

    Attributes:
        technical: A technical receipt; otherwise a business one.
        code: The result code.
        text: The Chinese text beside the code; it never decides anything.
        effect: What the document becomes in the office's records when this answer leaves.
        faults: What is objected to.
        late: Seconds that it comes later than the course would have it.
        delivery: How its file comes into being.
        copies: How many files carry it.
        held: It waits until somebody asks for it.
    """

    technical: bool
    code: str
    text: str
    effect: State | None = None
    faults: tuple[Fault, ...] = ()
    late: int = 0
    delivery: Delivery = Delivery.WHOLE
    copies: int = 1
    held: bool = False


Plan = tuple[Step, ...]

_FILING = (("A", State.APPROVED, "海关审批通过"),)
_MANIFEST = (("7", State.APPROVED, "海关审批通过"), ("15", State.CLEARED, "已结关"))
_BY_ROAD = (
    ("7", State.APPROVED, "海关审批通过"),
    ("9", State.APPROVED, "已委托"),
    ("10", State.APPROVED, "已承运"),
    ("11", State.APPROVED, "已过境"),
    ("15", State.CLEARED, "已结关"),
)
_DECLARATION = (
    ("L", State.ACCEPTED, "海关已接收（入库）"),
    ("J", State.REVIEWED, "通关无纸化审结"),
    ("R", State.CLEARED, "已结关"),
)
_GRANT = (("A", State.GRANTED, "海关审批通过"),)
APPROVALS: Mapping[Kind, Sequence[tuple[str, State, str]]] = {
    Kind.QUALIFICATION: _FILING,
    Kind.VOLUME: _FILING,
    Kind.MANIFEST: _MANIFEST,
    Kind.DECLARATION: _DECLARATION,
    **dict.fromkeys(PARENTS, _GRANT),
}
REFUSALS: Mapping[Kind, tuple[str, str]] = {
    Kind.QUALIFICATION: ("R", "核准拒绝"),
    Kind.VOLUME: ("R", "核准拒绝"),
    Kind.MANIFEST: ("R", "海关退单"),
    Kind.DECLARATION: ("E", "不被受理（退单）"),
    **dict.fromkeys(PARENTS, ("R", "审批拒绝")),
}
# Technical failures by the fault that leads; all are negative, as the interface has it.
FAILURES = {
    "X01": "-1",
    "X02": "-2",
    "X03": "-3",
    "X04": "-4",
    "X05": "-5",
    "X06": "-6",
    "X07": "-7",
    "X08": "-8",
    "X09": "-9",
}
BONDED, ROAD = "2", "4"


def not_received(faults: Sequence[Fault]) -> Plan:
    """Plan the answer to a message that did not get in."""
    text = f"接收失败：{faults[0].title}"
    return (Step(technical=True, code=FAILURES[faults[0].code], text=text, faults=tuple(faults)),)


def repeated() -> Plan:
    """Plan the answer to a message that was taken before."""
    fault = Fault("X08", "")
    return (Step(technical=True, code=FAILURES["X08"], text=fault.title, faults=(fault,)),)


def refused(kind: Kind, faults: Sequence[Fault]) -> Plan:
    """Plan the answers to a message that got in and is refused."""
    code, name = REFUSALS[kind]
    text = f"{name}：{faults[0].title}"
    return (
        _received(),
        Step(technical=False, code=code, text=text, effect=State.REFUSED, faults=tuple(faults)),
    )


def approved(kind: Kind, submission: Submission) -> Plan:
    """Plan the answers to a message to which nothing is objected."""
    steps = APPROVALS[kind]
    body = submission.body
    if kind is Kind.MANIFEST and (body.get("GoodsNature"), body.get("TrafMode")) == (BONDED, ROAD):
        steps = _BY_ROAD
    return (_received(), *(Step(False, code, text, effect) for code, effect, text in steps))


def _received() -> Step:
    return Step(technical=True, code=RECEIVED, text="接收成功")
