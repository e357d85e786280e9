"""Date patterns such as `yyyy-MM-dd`: reading a text by them and writing a date by them."""

from __future__ import annotations

import re
from datetime import date
from itertools import groupby

_TOKEN = re.compile(r"yyyy|MM?|dd?|HH|mm|ss|'[^']*'|[^A-Za-z']|T")
_SHAPES = {
    "yyyy": "(?P<year>[0-9]{4})",
    "MM": "(?P<month>[0-9]{2})",
    "M": "(?P<month>[0-9]{1,2})",
    "dd": "(?P<day>[0-9]{2})",
    "d": "(?P<day>[0-9]{1,2})",
    "HH": "[0-9]{2}",
    "mm": "[0-9]{2}",
    "ss": "[0-9]{2}",
}
_WRITTEN = {"yyyy": "{0.year:04}", "MM": "{0.month:02}", "M": "{0.month}", "dd": "{0.day:02}", "d": "{0.day}"}


class PatternError(ValueError):
    """A part of a pattern that is none of the tokens."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


class DatePattern:
    """One pattern of `yyyy MM M dd d HH mm ss`, signs, and letters between apostrophes.

    Raises:
        PatternError: The pattern has an unknown part, a token twice, no year and month, or `M` and `d`
            with nothing but digits between them.
    """

    def __init__(self, pattern: str) -> None:
        tokens = _tokens(pattern)
        for digits, run in groupby(tokens, _SHAPES.__contains__):
            # `2026111` would be the first of November and the eleventh of January.
            if digits and {"M", "d"} <= {*run}:
                raise PatternError(pattern)
        try:
            self._shape = re.compile(
                "".join(_SHAPES.get(token) or re.escape(token.strip("'")) for token in tokens)
            )
        except re.error as fault:
            raise PatternError(pattern) from fault
        if not {"year", "month"} <= self._shape.groupindex.keys():
            raise PatternError(pattern)
        self._form = "".join(
            _WRITTEN.get(token) or token.strip("'").replace("{", "{{").replace("}", "}}") for token in tokens
        )

    def read(self, text: str) -> date | None:
        """Return the date, or None where the text has another shape or the day does not exist."""
        found = self._shape.fullmatch(text)
        if found is None:
            return None
        parts = found.groupdict()
        try:
            return date(int(parts["year"]), int(parts["month"]), int(parts.get("day") or 1))
        except ValueError:
            return None

    def write(self, day: date) -> str:
        """Write the date."""
        return self._form.format(day)


def _tokens(pattern: str) -> list[str]:
    tokens = []
    at = 0
    while at < len(pattern):
        found = _TOKEN.match(pattern, at)
        if found is None:
            raise PatternError(pattern[at:])
        tokens.append(found[0])
        at = found.end()
    return tokens
