"""The outcomes that anyone can choose by the first characters of the client's own number: `R2-…`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from customs_stub.courses import Delivery, Plan, Step
from customs_stub.facts import State
from customs_stub.pointing import Aim

DECIDED = frozenset({State.APPROVED, State.GRANTED, State.REVIEWED})
PREFIX = re.compile(r"([A-Z])([0-9])-")


class Verdict(Enum):
    """What becomes of a submission before its answers are arranged."""

    JUDGE = "judge"  # by the office's checks
    NOT_RECEIVED = "not-received"
    REFUSE = "refuse"


def _as_planned(plan: Plan) -> Plan:
    return plan


def _silent(_: Plan) -> Plan:
    return ()


def _twice(plan: Plan) -> Plan:
    return tuple(replace(step, copies=2) for step in plan)


def _business_first(plan: Plan) -> Plan:
    return tuple(sorted(plan, key=lambda step: step.technical))


def _inspected(plan: Plan) -> Plan:
    first = next((i for i, step in enumerate(plan) if step.effect in DECIDED), None)
    if first is None:
        return plan
    before = plan[:first]
    if plan[first].effect is State.REVIEWED:
        before = (*before, Step(False, "C", "查验通知", State.INSPECTED))
    return (*before, replace(plan[first], late=1), *plan[first + 1 :])


def _never_cleared(plan: Plan) -> Plan:
    return tuple(step for step in plan if step.effect is not State.CLEARED)


def _revoked_later(plan: Plan) -> Plan:
    if any((step.code, step.effect) == ("A", State.APPROVED) for step in plan):
        return (*plan, Step(False, "V", "取消资质", State.REVOKED, late=1))
    return plan


def _preceded_by(delivery: Delivery) -> Callable[[Plan], Plan]:
    def shape(plan: Plan) -> Plan:
        if not plan:
            return plan
        at = next((i for i, step in enumerate(plan) if not step.technical), 0)
        twin = replace(plan[at], effect=None, delivery=delivery)
        return (*plan[:at], twin, *plan[at:])

    return shape


def _in_halves(plan: Plan) -> Plan:
    return tuple(replace(step, delivery=Delivery.HALVES) for step in plan)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One outcome.

    Attributes:
        letter: The first character of the client's number.
        en: What happens, in English.
        zh: What happens, in Chinese.
        verdict: What is decided.
        shape: How the answers are rearranged.
        aim: At what a refusal points.
    """

    letter: str
    en: str
    zh: str
    verdict: Verdict = Verdict.JUDGE
    shape: Callable[[Plan], Plan] = _as_planned
    aim: Aim | None = None


SCENARIOS: Mapping[str, Scenario] = {
    scenario.letter: scenario
    for scenario in (
        Scenario(
            "A", "judged by customs' checks; the same as without a prefix", "按海关规则审核，与无前缀相同"
        ),
        Scenario(
            "F", "reception fails (technical receipt -9)", "接收失败（技术回执 -9）", Verdict.NOT_RECEIVED
        ),
        Scenario("R", "received, then refused", "接收后退单或核准拒绝", Verdict.REFUSE),
        Scenario(
            "H",
            "the first time refused with a pointer to a field of the head",
            "首次退单，并指出表头字段",
            Verdict.REFUSE,
            aim=Aim.HEAD,
        ),
        Scenario(
            "L",
            "the first time refused with a pointer to a field of the last item",
            "首次退单，并指出最后一项商品的字段",
            Verdict.REFUSE,
            aim=Aim.ITEM,
        ),
        Scenario(
            "D",
            "the first time refused with pointers in several notations, one to an item that is not there",
            "首次退单，以多种写法指出字段，其中一处并不存在",
            Verdict.REFUSE,
            aim=Aim.NOTATIONS,
        ),
        Scenario("N", "received, but no answer ever comes", "已接收但没有任何回执", shape=_silent),
        Scenario("T", "every receipt comes twice", "每个回执来两次", shape=_twice),
        Scenario(
            "O",
            "business receipts come before the technical one",
            "业务回执先于技术回执",
            shape=_business_first,
        ),
        Scenario(
            "I",
            "inspection: a declaration gets C before it is reviewed, others wait a second longer",
            "查验：报关单审结前先收到查验通知，其他单证多等一秒",
            shape=_inspected,
        ),
        Scenario("P", "approved, but never cleared", "审批通过但一直不结关", shape=_never_cleared),
        Scenario(
            "V",
            "a filing is approved and a second later revoked; others as A",
            "备案审批通过一秒后被取消，其他单证同 A",
            shape=_revoked_later,
        ),
        Scenario(
            "W",
            "the first business receipt comes altered after signing, then as it should be",
            "首个业务回执先来一份签名不符的，再来正确的",
            shape=_preceded_by(Delivery.FORGED),
        ),
        Scenario(
            "B",
            "the first business receipt comes as broken XML, then as it should be",
            "首个业务回执先来一份残缺的，再来正确的",
            shape=_preceded_by(Delivery.BROKEN),
        ),
        Scenario(
            "X",
            "every receipt is written in place, half of it a second late",
            "每个回执直接写入，后一半迟一秒",
            shape=_in_halves,
        ),
    )
}


def choose(client_number: str) -> tuple[Scenario, int]:
    """Return the outcome and the pause in seconds before each business answer.

    A letter that stands for no outcome counts as no prefix.
    """
    found = PREFIX.match(client_number)
    if found is None or found[1] not in SCENARIOS:
        return SCENARIOS["A"], 0
    return SCENARIOS[found[1]], int(found[2])
