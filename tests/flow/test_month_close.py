"""A month's end through the whole gateway: warned, rehearsed, refused when late, forced, and by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.clock import CHINA
from tests.flow import erp
from tests.services.installation import AGGREGATION, FILING, Installation, Running
from tests.services.postgres import Server
from tests.services.softhsm import ENTERPRISE

pytest_plugins = ["tests.services.store_fixtures"]

Say = Callable[..., Result]
NEAR = datetime(2026, 11, 4, 9, tzinfo=CHINA)
LATE = datetime(2026, 11, 10, 9, tzinfo=CHINA)


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Give a command in this process."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)

    def given(installation: Installation, at: datetime, *words: str) -> Result:
        start = ["--config", str(installation.config), "--now", at.isoformat()]
        return CliRunner(catch_exceptions=False).invoke(main, [*start, *words])

    return given


def _file(installation: Installation, *manifests: dict[str, Any]) -> None:
    """File October: cleared manifests, and one that customs rejected."""
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        several = manifests or (erp.manifest("JB-1"), erp.manifest("JB-2"), erp.manifest("R0-JB"))
        running.send("3.json", erp.manifests(*several))


def _ask(number: str, action: str = "aggregate", **fields: Any) -> str:
    return json.dumps(
        {"document": "aggregation", "number": number, "month": "2026-10", "action": action, **fields}
    )


def _manifests(running: Running) -> dict[str, str]:
    return {row.client_number: row.state for row in running.documents(kind="manifest")}


def _deadlines(installation: Installation) -> list[dict[str, Any]]:
    files = sorted((installation.folder / "receipts/acme").glob("*.deadline.json"))
    return [json.loads(file.read_text("utf-8")) for file in files]


@pytest.mark.requirement("AG-12")
def test_a_deadline_is_told_once_and_its_alert_closes_by_itself(installation: Installation) -> None:
    """Not before its days of warning, not on every look, not after a restart; over when all is aggregated."""
    _file(installation)
    with installation.open(AGGREGATION) as running:
        running.settle()
        assert (running.alerts(), _deadlines(installation)) == ([], [])
    for _ in range(2):
        with installation.open(NEAR) as running:
            running.settle()
            running.look()
            (alert,) = running.alerts()
            assert (alert.code, alert.values["manifests"]) == ("aggregation.deadline", 2)
    (told,) = _deadlines(installation)
    assert (told["deadline"], told["days_left"], told["manifests"]) == ("20261109", 5, 2)
    assert [each["client_number"] for each in told["at_risk"]] == ["JB-1", "JB-2"]
    with installation.open(NEAR) as running:
        running.send("a.json", _ask("HZ-1"))
        assert _manifests(running)["JB-1"] == "aggregated"
        assert running.alerts() == []
    assert len(_deadlines(installation)) == 1


@pytest.mark.requirement("AG-01")
def test_a_late_request_is_refused_and_only_an_operator_forces_it(
    installation: Installation, say: Say
) -> None:
    """The ERP gets reason and deadline; the operator's word stands with the run and in its history."""
    _file(installation)
    with installation.open(LATE) as running:
        (refused,) = running.send("a.json", _ask("HZ-1"))["messages"]
        (violation,) = refused["violations"]
        assert (violation["code"], violation["field"]) == ("aggregation.late", "AggregationRequest/Month")
        assert "20261109" in violation["text_zh"]
        forced = "<ForcedReason>x</ForcedReason>"
        standard = (
            '<Message xmlns="urn:cn:collective-declaration:1.0"><MessageHead><MessageId>1</MessageId>'
            "<MessageType>AggregationRequest</MessageType><SenderId>A</SenderId><ReceiverId>B</ReceiverId>"
            "<CreateTime>2026-11-10T09:00:00+08:00</CreateTime><ClientSeqNo>HZ-2</ClientSeqNo>"
            f"</MessageHead><AggregationRequest><Month>202610</Month>{forced}</AggregationRequest></Message>"
        )
        (refused,) = running.send("s.xml", standard)["messages"]
        assert refused["outcome"] == "refused"
        assert [alert.code for alert in running.alerts()] == ["aggregation.deadline-missed"]
    month = ("aggregate", "--month", "2026-10")
    assert say(installation, LATE, *month).exit_code == 1
    assert say(installation, LATE, *month, "--force").exit_code == 2
    assert say(installation, LATE, *month, "--reason", "why").exit_code == 2
    (told,) = json.loads(say(installation, LATE, *month, "--force", "--reason", "海关同意", "--json").stdout)
    assert (told["manifests"], told["forced"]) == (2, "海关同意")
    assert [each["code"] for each in told["warnings"]] == ["aggregation.late-forced"]
    history = say(installation, LATE, "document", told["number"], "--history").stdout
    assert "operator" in history
    assert "海关同意" in history
    with installation.open(LATE) as running:
        running.settle()
        assert _manifests(running) == {"JB-1": "aggregated", "JB-2": "aggregated", "R0-JB": "rejected"}
        assert running.alerts() == []
    (seen,) = json.loads(say(installation, LATE, *month, "--dry-run", "--json").stdout)
    assert [(run["number"], run["forced"]) for run in seen["runs"]] == [(told["number"], "海关同意")]


@pytest.mark.requirement("AG-11")
def test_a_rehearsal_shows_the_month_and_changes_nothing(installation: Installation, say: Say) -> None:
    """The same by command and by message: states, deadlines, declarations, totals, what is open and why."""
    _file(installation)
    (seen,) = json.loads(
        say(installation, NEAR, "aggregate", "--month", "2026-10", "--dry-run", "--json").stdout
    )
    assert {each["state"]: each["manifests"] for each in seen["states"]} == {"cleared": 2, "rejected": 1}
    assert [(each["office"]["code"], each["deadline"], each["days_left"]) for each in seen["deadlines"]] == [
        ("5301", "20261109", 5)
    ]
    (declaration,) = seen["declarations"]
    totals = {
        name: declaration[name] for name in ("items", "prices", "quantities", "gross_weight", "packages")
    }
    assert totals == {
        "items": 1,
        "prices": {"USD": "18400"},
        "quantities": {"035": "1600"},
        "gross_weight": seen["totals"]["gross_weight"],
        "packages": seen["totals"]["packages"],
    }
    assert seen["totals"]["items"] == 2
    assert [each["code"] for each in seen["left_out"]] == ["aggregation.not-cleared"]
    assert (seen["runs"], seen["own_totals"], seen["disagreements"]) == ([], [], [])
    with installation.open(NEAR) as running:
        before = running.documents()
        (entry,) = running.send("r.json", _ask("HZ-1", "rehearse"))["messages"]
        assert (entry["outcome"], "number" in entry) == ("accepted", False)
        asked = {"at", "warnings"}
        assert {k: v for k, v in entry["result"].items() if k not in asked} == {
            k: v for k, v in seen.items() if k not in asked
        }
        assert running.documents() == before
        (refused,) = running.send("w.json", _ask("HZ-1", "rehearse", agent="4403189999"))["messages"]
        assert [each["code"] for each in refused["violations"]] == ["rule.unknown-agent"]


@pytest.mark.requirement("AG-11")
def test_own_totals_are_compared_and_a_difference_refuses_the_request(
    installation: Installation, say: Say
) -> None:
    """Rehearsed they are shown beside ours; requested they must agree, and are kept with the run."""
    _file(installation)
    figures = [{"currency": "USD", "total": "18400.00"}, {"unit": "035", "quantity": "1599"}]
    own = {"manifests": "2", "figures": figures}
    with installation.open(NEAR) as running:
        (entry,) = running.send("r.json", _ask("HZ-1", "rehearse", ownTotals=own))["messages"]
        assert [(each["what"], each["differs"]) for each in entry["result"]["own_totals"]] == [
            ("ManifestCount", False),
            ("USD", False),
            ("035", True),
        ]
        assert [each["code"] for each in entry["result"]["disagreements"]] == ["month.total-differs"]
        (refused,) = running.send("a.json", _ask("HZ-1", ownTotals=own))["messages"]
        (violation,) = refused["violations"]
        assert (violation["code"], violation["field"]) == (
            "aggregation.total-differs",
            "AggregationRequest/Total[2]/GQty",
        )
        assert "1599" in violation["text_en"]
        assert "1600" in violation["text_en"]
        figures[1]["quantity"] = "1600"
        (accepted,) = running.send("b.json", _ask("HZ-1", ownTotals=own))["messages"]
        assert accepted["outcome"] == "accepted"
    result = say(
        *(installation, NEAR, "aggregate", "--month", "2026-10", "--dry-run", "--json"),
        *("--own-count", "1", "--own-total", "USD=0"),
    )
    (seen,) = json.loads(result.stdout)
    assert [(each["what"], each["given"], each["found"]) for each in seen["own_totals"]] == [
        ("ManifestCount", "1", "0"),
        ("USD", "0", "0"),
    ]
    (run,) = seen["runs"]
    assert [(each["what"], each["differs"]) for each in run["own_totals"]] == [("USD", False), ("035", False)]
    assert run["declarations"] == {"cleared": 1}
    # Of what is archived no content is here, and the month can still be looked at.
    with closing(sqlite3.connect(installation.folder / "var/gateway.db")) as base, base:
        base.execute("UPDATE documents SET archive = 'a.zip', content = '{}' WHERE kind = 'declaration'")
    result = say(installation, NEAR, "aggregate", "--month", "2026-10", "--dry-run", "--json")
    (archived,) = json.loads(result.stdout)[0]["runs"]
    assert archived == {name: value for name, value in run.items() if name != "own_totals"}


@pytest.mark.requirement("AG-02", "AG-03")
def test_the_criteria_of_a_request_by_command(installation: Installation, say: Say) -> None:
    """Each narrows the month; the agent is looked up and reported."""
    _file(installation)
    with installation.open(NEAR) as running:
        number = running.document("JB-2").number
    month = ("aggregate", "--month", "2026-10", "--dry-run", "--json")
    for words, manifests in (
        (("--ie", "E"), 0),
        (("--office", "皇岗海关", "--ie", "I", "--nature", "1"), 2),
        (("--nature", "bonded"), None),
        (("--from", "2026-10-20", "--to", "2026-10-20"), 2),
        (("--to", "2026-10-19"), 0),
        (("--manual-no", "X00000000000"), 0),
        (("--manifest", number), 1),
    ):
        result = say(installation, NEAR, *month, *words)
        if manifests is None:
            assert result.exit_code == 1
        else:
            assert json.loads(result.stdout)[0]["manifests"] == manifests, words
    words = ("--manifest", number, "--agent", "none", "--enterprise", ENTERPRISE)
    (told,) = json.loads(say(installation, NEAR, *month[:3], *words, "--json").stdout)
    assert told["agent"] == {"code": ENTERPRISE, "name": "深圳示例进出口有限公司", "named": False}
    with installation.open(NEAR) as running:
        running.settle()
        assert _manifests(running) == {"JB-1": "cleared", "JB-2": "aggregated", "R0-JB": "rejected"}
    text = say(installation, NEAR, "aggregate", "--month", "2026-10", "--dry-run").stdout
    assert "What does not agree: none" in text
    text = say(installation, NEAR, "--lang", "zh", "aggregate", "--month", "2026-10", "--dry-run").stdout
    assert "汇总期限" in text


AUTOMATIC = {"aggregate_automatically = false ": "aggregate_automatically = true "}
BEFORE, AT = datetime(2026, 11, 5, 19, 58, tzinfo=CHINA), datetime(2026, 11, 5, 20, 1, tzinfo=CHINA)


@pytest.mark.requirement("AG-05")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_month_is_aggregated_by_itself_once(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    """At its day and time, exactly what is cleared, told to the ERP; later manifests wait for a request."""
    changes = dict(AUTOMATIC)
    if database == "postgresql":
        server: Server = request.getfixturevalue("postgres_server")
        changes["sqlite:///var/gateway.db"] = server.url(server.create())
    installation = Installation(tmp_path, changes)
    _file(installation)
    with installation.open(BEFORE) as running:
        running.settle()
        assert running.documents(kind="aggregation") == []
    with installation.open(AT) as running:
        running.settle()
        (run,) = running.documents(kind="aggregation")
        assert (run.client_number, run.state) == (f"AG2610{ENTERPRISE}", "done")
        assert _manifests(running) == {"JB-1": "aggregated", "JB-2": "aggregated", "R0-JB": "rejected"}
        (cause,) = [row.cause_kind for row in _history(running, run.number) if row.event == "save"]
        assert cause == "clock"
        told = json.loads(
            (installation.folder / f"receipts/acme/{run.number}.requested.json").read_text("utf-8")
        )
        assert (told["notice"], told["manifests"], told["month"]) == ("requested", 2, "202610")
        assert (installation.folder / f"receipts/acme/{run.number}.result.json").exists()
    with installation.open(FILING) as running:
        running.send("4.json", erp.manifests(erp.manifest("JB-4")))
    with installation.open(AT) as running:
        running.settle()
        assert len(running.documents(kind="aggregation")) == 1
        assert _manifests(running)["JB-4"] == "cleared"
        assert [alert.code for alert in running.alerts()] == ["aggregation.deadline"]


def _history(running: Running, number: str) -> list[Any]:
    with running.gateway.store.read() as unit:
        return unit.documents.history(number)
