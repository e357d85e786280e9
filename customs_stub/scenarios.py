"""The scenarios that a trial can ask for: what becomes of a message, and how its answers are arranged."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from importlib import resources
from typing import Any, Final

from customs_stub.courses import Delivery, Plan, Step
from customs_stub.facts import State
from customs_stub.pointing import Aim

DECIDED = frozenset({State.APPROVED, State.GRANTED, State.REVIEWED})
# What customs tells of a declaration before it decides.
UNDER_WAY = frozenset({State.ACCEPTED, State.INSPECTED})


class Verdict(Enum):
    """What becomes of a submission before its answers are arranged."""

    JUDGE = "judge"  # by the office's checks
    NOT_RECEIVED = "not-received"
    REFUSE = "refuse"


class Outage(StrEnum):
    """What an office does not do while it is out of order."""

    CLOSED = "closed"  # takes nothing and answers nothing
    MUTE = "mute"  # takes what comes and answers nothing


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


def _held(plan: Plan) -> Plan:
    return tuple(
        step if step.technical or step.effect in UNDER_WAY else replace(step, held=True)
        for step in _inspected(plan)
    )


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario.

    Attributes:
        name: What it is called in files.
        letter: The first character of the client's number that chooses it.
        en: What happens, in English.
        zh: What happens, in Chinese.
        gateway_en: What the gateway should make of it, in English.
        gateway_zh: What the gateway should make of it, in Chinese.
        verdict: What is decided.
        shape: How the answers are rearranged.
        aim: At what a refusal points.
        tardy: How many seconds before the first answer the number's digit counts.
        at_once: Its answers leave before the next message is looked at.
        repeats_told: What comes again is answered, too.
        outage: What the office does not do for a time from then on.
    """

    name: str
    letter: str
    en: str
    zh: str
    gateway_en: str
    gateway_zh: str
    verdict: Verdict = Verdict.JUDGE
    shape: Callable[[Plan], Plan] = _as_planned
    aim: Aim | None = None
    tardy: int = 0
    at_once: bool = False
    repeats_told: bool = False
    outage: Outage | None = None


_BEHAVIOURS: Final[Mapping[str, Mapping[str, Any]]] = {
    "reception-fails": {"verdict": Verdict.NOT_RECEIVED},
    "refuse": {"verdict": Verdict.REFUSE},
    "refuse-head": {"verdict": Verdict.REFUSE, "aim": Aim.HEAD},
    "refuse-item": {"verdict": Verdict.REFUSE, "aim": Aim.ITEM},
    "refuse-notations": {"verdict": Verdict.REFUSE, "aim": Aim.NOTATIONS},
    "silent": {"shape": _silent},
    "late": {"tardy": 10},
    "hold": {"shape": _held},
    "twice": {"shape": _twice},
    "out-of-order": {"shape": _business_first},
    "early": {"at_once": True},
    "inspect": {"shape": _inspected},
    "never-cleared": {"shape": _never_cleared},
    "revoke": {"shape": _revoked_later},
    "bad-signature": {"shape": _preceded_by(Delivery.FORGED)},
    "expired-certificate": {"shape": _preceded_by(Delivery.EXPIRED)},
    "unknown-certificate": {"shape": _preceded_by(Delivery.UNKNOWN)},
    "wrong-document": {"shape": _preceded_by(Delivery.OTHER_DOCUMENT)},
    "wrong-office": {"shape": _preceded_by(Delivery.OTHER_OFFICE)},
    "broken": {"shape": _preceded_by(Delivery.BROKEN)},
    "in-halves": {"shape": _in_halves},
    "unfinished": {"shape": _preceded_by(Delivery.UNFINISHED)},
    "duplicate": {"repeats_told": True},
    "closed": {"outage": Outage.CLOSED},
    "mute": {"outage": Outage.MUTE},
}


def _load() -> list[Scenario]:
    text = resources.files("customs_stub").joinpath("scenarios.toml").read_text("utf-8")
    told = tomllib.loads(text)
    return [Scenario(name=name, **words, **_BEHAVIOURS.get(name, {})) for name, words in told.items()]


SCENARIOS: Final[Mapping[str, Scenario]] = {scenario.letter: scenario for scenario in _load()}
NAMED: Final[Mapping[str, Scenario]] = {scenario.name: scenario for scenario in SCENARIOS.values()}
