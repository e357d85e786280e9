"""Which scenario a message gets, by its number and by scenario files."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from customs_stub.choosing import Scripts, by_number, read_script
from customs_stub.config import ConfigError
from customs_stub.scenarios import Outage
from customs_stub.submission import Kind, Submission
from tests.unit.customs_stub.records_for_tests import submitted

SCRIPT = """
[[rule]]
client_number = "PO-*"
message_type = "Manifest"
scenario = "refuse"
pause = 2
late = 7

[[rule]]
message_type = "Goods*"
scenario = "N"
"""


def sent(kind: Kind, number: str) -> Submission:
    """Return a message."""
    return submitted(kind, {}, client_number=number)


@pytest.mark.parametrize(
    ("number", "letter", "pause"),
    [
        ("R2-0001", "R", 2),
        ("A0-1", "A", 0),
        ("PO-1", "A", 0),
        ("0001", "A", 0),
        ("", "A", 0),
        ("a5-1", "A", 0),
    ],
)
def test_the_first_characters_choose(number: str, letter: str, pause: int) -> None:
    """Letter, digit, hyphen; anything else is an ordinary number."""
    choice = by_number(number)
    assert (choice.scenario.letter, choice.pause, choice.late) == (letter, pause, 0)


def test_the_first_rule_that_fits_decides_and_what_none_fits_goes_by_its_number(tmp_path: Path) -> None:
    """By the client's number, the type of message, or both."""
    (tmp_path / "a.toml").write_text(SCRIPT, "utf-8")
    scripts = Scripts(tmp_path)
    chosen = scripts.choose(sent(Kind.MANIFEST, "PO-17"))
    assert (chosen.scenario.name, chosen.pause, chosen.late) == ("refuse", 2, 7)
    assert scripts.choose(sent(Kind.VOLUME, "R1-1")).scenario.name == "silent"
    assert scripts.choose(sent(Kind.MANIFEST, "T1-1")).scenario.name == "twice"


def test_files_are_taken_as_they_come_and_go(tmp_path: Path) -> None:
    """Without closing the office; one from the command line comes first."""
    named, dropped = tmp_path / "named.toml", tmp_path / "folder/b.toml"
    named.write_text('[[rule]]\nscenario = "late"\nclient_number = "X"\n')
    scripts = Scripts(dropped.parent, [named])
    dropped.parent.mkdir()
    dropped.write_text('outage = "mute"\n[[rule]]\nscenario = "hold"\n')
    assert [scripts.choose(sent(Kind.MANIFEST, each)).scenario.name for each in "XY"] == ["late", "hold"]
    assert scripts.outage() is Outage.MUTE
    dropped.unlink()
    assert scripts.outage() is None
    assert scripts.choose(sent(Kind.MANIFEST, "Y")).scenario.name == "accept"


def test_a_bad_file_keeps_an_office_from_opening_and_not_an_open_one_from_working(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told either way."""
    scripts = Scripts(tmp_path)
    file = tmp_path / "bad.toml"
    file.write_text('[[rule]]\nscenario = "nonsense"\n')
    with caplog.at_level(logging.WARNING):
        assert scripts.choose(sent(Kind.MANIFEST, "Y")).scenario.name == "accept"
    assert "nonsense" in caplog.text
    with pytest.raises(ConfigError, match="nonsense"):
        Scripts(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("=", "bad.toml"),
        ("colour = 1", "colour"),
        ("rule = 1", "bad.toml"),
        ("rule = [1]", "scenario"),
        ("[[rule]]\npause = 1", "scenario"),
        ('[[rule]]\nscenario = "late"\ntimes = 1', "times"),
        ('[[rule]]\nscenario = "late"\npause = -1', "pause"),
        ('[[rule]]\nscenario = "late"\npause = true', "pause"),
        ("[[rule]]\nscenario = 1", "scenario"),
        ('outage = "long"', "long"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    """With the file's name and what would be right."""
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=told):
        read_script(file)
