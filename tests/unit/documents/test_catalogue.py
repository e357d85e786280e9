"""Every code that documents use has its texts in both languages, and no text is left without use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest

import gateway.documents
from gateway.documents import lives
from gateway.documents.core import Kind

ROOM = Path(gateway.documents.__file__).parent
TEXTS = tomllib.loads((ROOM / "errors.toml").read_text("utf-8"))
SOURCE = "\n".join(file.read_text("utf-8") for file in ROOM.glob("*.py"))


@pytest.mark.requirement("EN-05")
def test_codes_and_texts_fit_together() -> None:
    """What is raised is in the catalogue, and what is in the catalogue is raised."""
    rooms = "rule|state|receipt|aggregation|declaration|news|command|item|change|amendment"
    used = set(re.findall(rf'"((?:{rooms})\.[a-z0-9-]+)"', SOURCE))
    assert used == set(TEXTS)


@pytest.mark.requirement("EN-05")
@pytest.mark.parametrize("code", sorted(TEXTS))
def test_both_languages_tell_both(code: str) -> None:
    """Each code has an English and a Chinese text, and they tell the same values."""
    names = {
        language: {name for _, name, _, _ in Formatter().parse(text) if name}
        for language, text in TEXTS[code].items()
    }
    assert set(names) == {"en", "zh"}
    plain = {
        language: {name.removesuffix(f"_{language}") for name in given} - {"en", "zh", "field", "kind"}
        for language, given in names.items()
    }
    # English says more where Chinese leaves it to the context, never the other way round.
    assert plain["zh"] <= plain["en"]


def test_the_room_imports_nothing_that_does_input_or_output() -> None:
    """Only the standard library's pure parts and the base; the page of diagrams is written by its command."""
    allowed = re.compile(
        r"^(from __future__|from (gateway\.(documents|errors|fields|config|clock)|collections|dataclasses|"
        r"datetime|decimal|enum|functools|hashlib|itertools|operator|string|typing|calendar|pathlib)\b|"
        r"import (re|unicodedata)$)"
    )
    for file in ROOM.glob("*.py"):
        for row in file.read_text("utf-8").splitlines():
            if re.match(r"(import|from) ", row):
                assert allowed.match(row), (file.name, row)
            if "pathlib" in row:
                assert file.name == "diagrams.py"


def test_kinds_without_receipts_know_no_codes() -> None:
    """A run is never answered by customs."""
    assert dict(lives.meanings(Kind.AGGREGATION)) == {}
