"""Which steps of a rule can change nothing or never succeed, and which words they can never give."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from gateway.mapping.dates import DatePattern
from gateway.mapping.numbers import DecimalStep, Multiply
from gateway.mapping.spec import RuleSpec
from gateway.mapping.step_model import StepError, StepModel
from gateway.mapping.steps import (
    Before,
    Date,
    HalfWidth,
    Lower,
    Pad,
    Prefix,
    Replace,
    Squeeze,
    Substring,
    Suffix,
    Trim,
    Upper,
)

# What they have done needs no doing again, and figures are as they leave them.
_TIDYING: Final = (Trim, Squeeze, Upper, Lower, HalfWidth)
# Every digit at every place of a year, month and day.
_DAYS: Final = [date(1970, 1, 1) + timedelta(days=17 * n) for n in range(2000)]


def idle_steps(choice: RuleSpec) -> Iterator[tuple[int, bool]]:
    """Yield the position of each step that does nothing, and whether that is because it always fails."""
    dates: list[str] | None = None
    for position, step in enumerate(choice.do, 1):
        before = choice.do[position - 2] if position > 1 else None
        if _needless(step, before):
            yield position, False
        elif dates is not None:
            made = [(text, changed) for text in dates if (changed := _after(step, text)) is not None]
            if not made:
                yield position, True
                return
            if all(text == changed for text, changed in made):
                yield position, False
            dates = [changed for _, changed in made]
        if isinstance(step, Date) and dates is None:
            pattern = DatePattern(step.to)
            dates = [pattern.write(day) for day in _DAYS]


def _needless(step: StepModel, before: StepModel | None) -> bool:
    """Tell whether a step finds nothing to do after the one before it, whatever the text is."""
    if before is None:
        # White space around a value is taken away before the first step.
        return isinstance(step, Trim)
    if isinstance(before, DecimalStep | Multiply):
        return isinstance(step, _TIDYING)
    if isinstance(before, Squeeze) and isinstance(step, Trim):
        return True
    return isinstance(step, (*_TIDYING, Before)) and step == before


def _after(step: StepModel, text: str) -> str | None:
    try:
        return step.compile()(text)
    except StepError:
        return None


def unreachable(choice: RuleSpec, word: str) -> bool:
    """Tell whether what a choice looks up in a list of words can never be this one."""
    if not choice.do:
        return word != word.strip() or not word
    last = choice.do[-1]
    if isinstance(last, Date):
        pattern = DatePattern(last.to)
        day = pattern.read(word)
        return day is None or pattern.write(day) != word
    if isinstance(last, (*_TIDYING, DecimalStep)):
        # Whatever they give stays as it is when it is given to them again.
        plain = not isinstance(last, DecimalStep) or (last.point == "." and not last.thousands)
        return plain and _after(last, word) != word
    return _has_not_the_form(last, word)


def _has_not_the_form(last: StepModel, word: str) -> bool:
    return (
        (isinstance(last, Prefix) and not word.startswith(last.prefix))
        or (isinstance(last, Suffix) and not word.endswith(last.suffix))
        or (isinstance(last, Pad) and len(word) < last.pad)
        or (isinstance(last, Before) and last.before in word)
        or (isinstance(last, Substring) and last.length is not None and len(word) > last.length)
        # Of a longer text another one may come about where what stood in it is gone.
        or (
            isinstance(last, Replace)
            and len(last.replace) == 1
            and last.replace not in last.by
            and last.replace in word
        )
    )
