"""Trying the examples of mappings through the command line: differences, coverage, expected files anew."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.services.installation import ROOT, Installation

MAPPING = """format = "csv"
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
each = "row"
client-number = "nr"
[header]
QualificationClientNo = "q"
NoteS = { from = "note", default = "none" }
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with one mapping and one example of two messages, whose expected file is right."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)
    installation = Installation(tmp_path, {f'mappings = "{ROOT}/mappings"': 'mappings = "mappings"'})
    examples = tmp_path / "mappings/erp/examples"
    examples.mkdir(parents=True)
    (examples.parent / "goods.toml").write_text(MAPPING)
    (examples / "a.csv").write_text("nr,q,note\n1,Q-1,x\n2,Q-1,y\n")
    assert say(installation, "test", "--update", "--yes").exit_code == 0
    return installation


def say(place: Installation, *words: str, answer: str = "") -> Result:
    """Give a command in this process."""
    start = ["--config", str(place.config), "mappings"]
    return CliRunner(catch_exceptions=False).invoke(main, [*start, *words], input=answer)


def golden(place: Installation) -> Path:
    """Return the expected file."""
    return place.folder / "mappings/erp/examples/a.expected.json"


def spoil(place: Installation) -> str:
    """Let the expected file say something else, and return what it says."""
    text = golden(place).read_text("utf-8").replace('"y"', '"z"')
    golden(place).write_text(text, "utf-8")
    return text


@pytest.mark.requirement("ER-03")
def test_a_difference_is_shown_with_rule_and_place(place: Installation) -> None:
    """As a table, and as JSON for a program."""
    spoil(place)
    shown = say(place, "test")
    assert shown.exit_code == 1
    assert all(text in shown.stdout for text in ("[2] GoodsFiling/NoteS", "header.NoteS", "a.csv:3 [note]"))
    (result,) = json.loads(say(place, "test", "--json").stdout)
    assert result["result"] == "fault"
    assert result["differences"] == [
        {
            "path": "[2] GoodsFiling/NoteS",
            "before": "z",
            "after": "y",
            "rule": "header.NoteS",
            "source": "y",
            "place": "a.csv:3 [note]",
            "row": 3,
            "column": "note",
        }
    ]


@pytest.mark.requirement("ER-03")
def test_an_expected_file_is_written_anew_only_by_a_word(place: Installation) -> None:
    """What would change is shown first."""
    spoiled = spoil(place)
    refused = say(place, "test", "--update", answer="n\n")
    assert (refused.exit_code, "[2] GoodsFiling/NoteS" in refused.stdout) == (1, True)
    assert golden(place).read_text("utf-8") == spoiled
    assert say(place, "test", "--update", answer="y\n").exit_code == 0
    assert '"y"' in golden(place).read_text("utf-8")
    assert say(place, "test").exit_code == 0


@pytest.mark.requirement("ER-03")
def test_what_no_example_needs_is_shown(place: Installation) -> None:
    """By its key in the mapping file; nothing is wrong with that."""
    shown = say(place, "test", "--coverage")
    assert (shown.exit_code, "header.NoteS.default" in shown.stdout) == (0, True)
    assert "3 of 4" in shown.stdout
    told = json.loads(say(place, "test", "--coverage", "--json").stdout)
    assert [each["result"] for each in told["examples"]] == ["ok"]
    (coverage,) = told["coverage"]
    assert (coverage["mapping"], coverage["covered"], coverage["parts"]) == ("erp/goods", 3, 4)
    assert coverage["missed"] == ["header.NoteS.default"]
