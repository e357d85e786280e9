"""The audit trail through the commands: who did what, and that nobody changed what is noted."""

from __future__ import annotations

import json
import sqlite3
from getpass import getuser

import pytest

from tests.flow import erp
from tests.services.installation import Installation


def _audit(installation: Installation, *arguments: str) -> tuple[int, object]:
    done = installation.gateway("audit", *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


def test_what_operators_do_is_noted_with_their_user(installation: Installation) -> None:
    """The act, its object, and nothing secret."""
    assert installation.gateway("token", "unlock").returncode == 0
    assert installation.gateway("aggregate", "--month", "2026-09").returncode == 1, "there is nothing"
    code, acts = _audit(installation, "list")
    assert code == 0
    assert isinstance(acts, list)
    assert [(act["act"], act["subject"]) for act in acts] == [("token unlock", "collective-declaration")]
    assert getuser() in acts[0]["operator"]
    assert "token unlock" in installation.gateway("--lang", "zh", "audit", "list").stdout


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
    said = installation.gateway("--lang", "zh", "audit", "verify")
    assert said.returncode == 1
    assert "失效的封条" in said.stdout
