"""The command that writes empty tables: which there are, and what it cannot write."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli import main
from tests.source import ROOT


def run(*arguments: str) -> int:
    """Run the command on the shipped configuration, and return its exit code."""
    with pytest.raises(SystemExit) as caught:
        main(["--config", str(ROOT / "gateway.toml"), "--lang", "en", "template", *arguments])
    return int(caught.value.code or 0)


def test_templates_are_listed_and_written_as_csv_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One for each message, under the name of its mapping."""
    assert run("--json") == 0
    assert '"template": "manifest-correction"' in capsys.readouterr().out
    file = tmp_path / "a.csv"
    assert run("manifest", "-o", str(file)) == 0
    assert file.read_bytes().startswith("\ufeff集报清单编号 Manifest,操作 Operation,".encode())
    assert run("acme-csv/manifest", "-o", str(tmp_path / "own.xlsx")) == 0
    assert (tmp_path / "own.xlsx").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["acme-json/manifest"], "cli.no-table"),
        (["manifest", "-o", "a.pdf"], "cli.form-ending"),
        (["unknown"], "cli.unknown-template"),
        (["manifest", "-o", "nowhere/at/all/a.xlsx"], "cli.not-written"),
    ],
)
def test_what_cannot_be_written_is_told(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No columns, another kind of file, no such template, no such folder."""
    assert run(*arguments) == 1
    told = capsys.readouterr().err
    assert code in told
    # What is no mapping of tables cannot be a template.
    assert "standard/message" not in told
