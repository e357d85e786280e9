"""The page of error codes is current, and every failure of a rule names its field in both languages."""

from __future__ import annotations

import ast
import re

import pytest

from gateway.errors import catalogue
from tests.errors_page import PAGE, draw
from tests.source import sources

TELLING = {"fault", "warn", "refuse"}


def test_the_page_of_errors_is_current() -> None:
    """Run `make docs` after changing a catalogue."""
    assert PAGE.read_text("utf-8") == draw()


@pytest.mark.requirement("EN-05")
def test_every_code_stands_on_the_page_once() -> None:
    """Whoever met a code finds it by searching for it."""
    codes = re.findall(r"^\| `([a-z]+\.[a-z0-9-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(codes) == sorted(catalogue())


@pytest.mark.parametrize(
    ("code", "consequence"),
    [
        ("rule.unknown-code", "reject"),
        ("rule.unknown-customs-district", "warning"),
        ("codes.old", "warning"),
        ("store.changed-meanwhile", "retry"),
        ("aggregation.invariant", "park"),
        ("store.not-now", "retry, park"),
        ("news.volume-held", "notice"),
    ],
)
def test_the_consequence_is_that_of_the_source(code: str, consequence: str) -> None:
    """Read from the calls that make the error, so that it cannot be wrong for long."""
    assert f"| `{code}` | {consequence} |" in PAGE.read_text("utf-8")


@pytest.mark.requirement("EN-05")
def test_every_failure_of_a_rule_names_its_field() -> None:
    """The path goes into the reply, with the field's names in both languages."""
    nameless = [
        f"{source.name}:{call.lineno}"
        for source in sources("gateway")
        if source.place == "documents"
        for call in source.nodes
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in TELLING and call.args
        if ast.unparse(call.args[0]).startswith("'rule.")
        if len(call.args) < 2 or ast.unparse(call.args[1]) in {"''", "None"}
    ]
    assert nameless == []
