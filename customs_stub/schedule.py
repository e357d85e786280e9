"""Spreads the answers of a plan over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from customs_stub.choosing import Choice
from customs_stub.courses import Plan, Step


@dataclass(frozen=True, slots=True)
class Slot:
    """When one answer leaves.

    Attributes:
        step: The answer.
        moment: The office's time of it, which the receipt tells.
        due: The system's second of it, by which it leaves.
    """

    step: Step
    moment: datetime
    due: float


def arrange(plan: Plan, choice: Choice, now: datetime, second: float) -> list[Slot]:
    """Return the answers in order: a pause stands before each business answer, a longer one before all."""
    after = choice.late
    slots: list[Slot] = []
    for step in plan:
        after += step.late + (0 if step.technical else choice.pause)
        slots.append(Slot(step, now + timedelta(seconds=after), second + after))
    return slots
