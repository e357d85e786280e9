"""Which names were most likely meant by one that nobody knows."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

# No header that a person has written is longer; comparing texts of any length would take as long.
_LONGEST = 200


def nearest(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that are most like one, the nearest first."""
    return _nearest(name[:_LONGEST], known)


# Files of one layout come again and again, and comparing names is slow.
@lru_cache(maxsize=1000)
def _nearest(name: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(get_close_matches(name, known, n=3, cutoff=0.4))
