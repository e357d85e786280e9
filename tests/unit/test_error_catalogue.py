"""Every error that can be raised has its texts, every text an error, and both languages say the same."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from string import Formatter

import pytest

from gateway.errors import catalogue
from tests.source import ROOT, sources

GATEWAY = sources("gateway")
MAKERS = {"refuse", "Violation", "RetryError", "ParkedError"}
CODE = re.compile(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*")
NOT_VALUES = {"path", "place", "values", "warning", "code"}


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def of(name: str, language: str) -> str:
    """Return what a value says, whatever the language: `{state_zh}` and `{zh}` have their twins."""
    return "" if name == language else name.removesuffix(f"_{language}")


@cache
def makers() -> list[tuple[str, str, ast.Call]]:
    """Return each call that makes an error of a code that is written there: where, code, call."""
    found = []
    for source in GATEWAY:
        for node in source.nodes:
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in MAKERS:
                codes = [k.value for k in node.keywords if k.arg == "code"] or node.args[:1]
                found += [
                    (f"{source.name}:{node.lineno}", code.value, node)
                    for code in codes
                    if isinstance(code, ast.Constant) and isinstance(code.value, str)
                ]
    return found


@cache
def words() -> set[str]:
    """Return every text of the source."""
    return {
        node.value
        for source in GATEWAY
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def literals() -> set[str]:
    """Return every text of the source that looks like a code."""
    return {word for word in words() if CODE.fullmatch(word)}


def test_every_error_that_is_raised_stands_in_the_catalogue() -> None:
    """A code without texts would fail at the worst moment."""
    assert [f"{place} {code}" for place, code, _ in makers() if code not in catalogue()] == []


def test_texts_that_look_like_codes_are_codes() -> None:
    """Codes in tables and arguments are found by their shape."""
    rooms = {code.partition(".")[0] for code in catalogue()}
    alike = {text for text in literals() if "-" in text and text.partition(".")[0] in rooms}
    assert sorted(alike - catalogue().keys()) == []


def test_every_entry_of_the_catalogue_is_used() -> None:
    """A text that nothing raises only misleads its reader; a room may join code and prefix itself."""
    tails = {text.replace("_", "-") for text in words()}
    unused = catalogue().keys() - literals()
    assert sorted(code for code in unused if code.partition(".")[2] not in tails) == []


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_both_languages_are_there_and_name_the_same_values(code: str) -> None:
    """Whoever reads Chinese learns as much as who reads English; `{name_zh}` stands for `{name_en}`."""
    texts = catalogue()[code]
    assert set(texts) == {"en", "zh"}
    assert CODE.fullmatch(code)
    named = {own: {of(name, own) for name in placeholders(text)} for own, text in texts.items()}
    # English leaves Chinese names beside its own; Chinese leaves out the English word for a kind.
    told = {name for name in named["en"] if not name.endswith("_zh")} - {"kind"}
    assert told == named["zh"] - {"kind"}
    assert texts["en"].isprintable()
    assert texts["en"].strip() == texts["en"] != ""
    assert re.search(r"[\u4e00-\u9fff]", texts["zh"]), "the Chinese text has no Chinese character"


def test_every_value_that_a_text_names_is_given_where_it_is_raised() -> None:
    """A reader never sees a bare `{name}`; calls that hand on a mapping are left to their tests."""
    wrong = []
    for place, code, call in makers():
        names = {keyword.arg for keyword in call.keywords}
        if None in names or "values" in names or len(call.args) > 2 or code not in catalogue():
            continue
        missing = placeholders(catalogue()[code]["en"]) - (names - NOT_VALUES)
        if missing:
            wrong.append(f"{place} {code} lacks {sorted(missing)}")
    assert wrong == []


def test_each_code_stands_in_the_room_that_it_names_once() -> None:
    """No code is defined twice, within a file or between files."""
    seen: dict[str, str] = {}
    for file in sorted((ROOT / "gateway").rglob("errors.toml")):
        for code in tomllib.loads(file.read_text("utf-8")):
            assert code not in seen, f"{code} stands in {file} and {seen[code]}"
            seen[code] = str(file)
    assert seen.keys() == catalogue().keys()
