"""Finding the entries of a table that a text was probably meant to be, without comparing it with all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest

# A longer text is no misspelt name, and comparing it would only cost time.
LONGEST = 60
_LIKENESS = 0.4
# So many keys that share the most characters are looked at closely.
_CLOSELY = 40
# The same wrong text stands in item after item of a message.
_REMEMBERED = 1000
# Codes and names alike carry their meaning in front, so what begins alike is nearer.
_PREFIX = 0.5


class Nearest:
    """The keys of one table, codes and names, by the characters that they hold."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = list(dict.fromkeys(keys))
        self._holding: dict[str, list[int]] = defaultdict(list)
        for place, key in enumerate(self._keys):
            for character in _characters(key):
                self._holding[character].append(place)
        self.find = lru_cache(_REMEMBERED)(self._find)

    def _find(self, wanted: str) -> tuple[str, ...]:
        """Return the keys that are like the text, the nearest first."""
        if len(wanted) > LONGEST:
            return ()
        shared = Counter[int]()
        for character in _characters(wanted):
            shared.update(self._holding.get(character, ()))
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(wanted.upper())
        scored = []
        for place in self._closest(wanted, shared):
            key = self._keys[place]
            matcher.set_seq1(key.upper())
            prefix = _shared_prefix(key.upper(), wanted.upper()) / len(wanted)
            likeness = matcher.ratio()
            if likeness >= _LIKENESS or prefix == 1:
                scored.append((likeness + _PREFIX * prefix, -place, key))
        return tuple(key for _, _, key in sorted(scored, reverse=True))

    def _closest(self, wanted: str, shared: Counter[int]) -> list[int]:
        """Return the places of the few keys that share most and differ least in length."""
        first = wanted[:1].upper()

        def rank(place: int) -> tuple[float, int]:
            key = self._keys[place]
            begins = key[:1].upper() == first
            return 2 * shared[place] + begins - abs(len(key) - len(wanted)) / 2, -place

        return nlargest(_CLOSELY, shared, rank)


def _characters(text: str) -> set[str]:
    """Return what tells a text from others; brackets and blanks stand in every second name."""
    return {character for character in text.upper() if character.isalnum()}


def _shared_prefix(one: str, other: str) -> int:
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
