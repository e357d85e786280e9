"""The audit trail through the commands: who did what, and that nobody changed what is noted."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from getpass import getuser

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.flow import erp
from tests.services.installation import Installation


def _gateway(installation: Installation, *arguments: str) -> Result:
    return CliRunner(catch_exceptions=False).invoke(main, ["--config", str(installation.config), *arguments])


def _audit(installation: Installation, *arguments: str) -> tuple[int, object]:
    done = _gateway(installation, "audit", *arguments, "--json")
    return done.exit_code, json.loads(done.stdout)


def test_what_operators_do_is_noted_with_their_user(installation: Installation) -> None:
    """The act, its object, and nothing secret."""
    assert _gateway(installation, "token", "unlock").exit_code == 0
    assert _gateway(installation, "aggregate", "--month", "2026-09").exit_code == 1, "there is nothing"
    code, acts = _audit(installation, "list")
    assert code == 0
    assert isinstance(acts, list)
    assert [(act["act"], act["subject"]) for act in acts] == [("token unlock", "collective-declaration")]
    assert getuser() in acts[0]["operator"]
    assert datetime.fromisoformat(acts[0]["at"]).tzinfo, "a program is told the zone"
    assert "token unlock" in _gateway(installation, "--lang", "zh", "audit", "list").stdout


@pytest.mark.requirement("CU-03")
def test_a_change_behind_the_gateways_back_is_found(installation: Installation) -> None:
    """By whoever may do everything at the database, but not at the value that was noted elsewhere."""
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        running.until(lambda: running.document(erp.QUALIFICATION).state == "approved")
        running.settle()
    code, told = _audit(installation, "verify")
    assert (code, told["broken"], told["unsealed_rows"]) == (0, [], 0)
    assert told["sealed_rows"] == 3
    assert _audit(installation, "verify", "--head", told["head"])[0] == 0
    assert _audit(installation, "verify", "--head", "0" * 64)[0] == 1

    with sqlite3.connect(installation.folder / "var/gateway.db") as database:
        database.execute("DROP TRIGGER history_UPDATE")
        database.execute("UPDATE history SET to_state = 'refused' WHERE to_state = 'approved'")
    database.close()
    code, told = _audit(installation, "verify")
    assert code == 1
    assert len(told["broken"]) == 1
    said = _gateway(installation, "--lang", "zh", "audit", "verify")
    assert said.exit_code == 1
    assert "失效的封条" in said.stdout


@pytest.mark.parametrize("given", ["last", "0" * 63, "g" * 64])
def test_what_cannot_be_a_head_is_no_fault_of_the_trail(installation: Installation, given: str) -> None:
    """Else a slip of the pen would look like a forged trail."""
    said = _gateway(installation, "audit", "verify", "--head", given)
    assert (said.exit_code, said.stdout) == (1, "")
    assert said.stderr.startswith("cli.no-head: ")
