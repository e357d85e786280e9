"""`gateway check` tells of each code table what is loaded, from where, and how old it is."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.services.installation import FILING, Installation


def check(installation: Installation, *options: str) -> str:
    """Check an installation on the day of filing and return what is printed."""
    start = ["--config", str(installation.config), "--now", FILING.isoformat()]
    return CliRunner(catch_exceptions=False).invoke(main, [*start, "check", *options]).stdout


@pytest.mark.requirement("EN-03")
def test_the_check_tells_what_each_code_table_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many entries, from where and how old; an operator's table is told as its own."""
    # This process keeps its own logging.
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)
    installation = Installation(
        tmp_path, {'# codes = "codes"': 'codes = "codes"', "code_table_days = 730": "code_table_days = 9"}
    )
    folder = tmp_path / "codes"
    folder.mkdir()
    (folder / "currency.csv").write_text("code,name_zh\nUSD,美元\n", "utf-8")
    (folder / "colour.csv").write_text("code,name_zh\n1,红\n", "utf-8")
    days = "[currency]\nas_of = 2026-10-15\n[colour]\nas_of = 2026-10-01\n"
    (folder / "tables.toml").write_text(days, "utf-8")
    rows = json.loads(check(installation, "--json"))
    tables = {row["table"]: row for row in rows if row["part"] == "code table"}
    told = ("result", "code", "entries", "shipped", "days")
    assert [tables["currency"][key] for key in told] == ["ok", "", 1, False, 5]
    assert [tables["colour"][key] for key in told] == ["warning", "codes.old", 1, False, 19]
    assert [tables["country"][key] for key in told[:4]] == ["warning", "codes.old", 264, True]
    assert tables["colour"]["file"] == str(folder / "colour.csv")
    assert "currency，币制代码表：1 条。" in check(installation, "--lang", "zh")
