"""An aggregation as operators see it: requested, watched, stopped, and repeated by their word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.session import Session
from gateway.cli.show import REFUSED
from gateway.cli.watching import watch
from gateway.clock import Clock
from gateway.steps.runs import advance_runs
from tests.flow import erp
from tests.services.installation import AGGREGATION, FILING, Installation, Running

pytestmark = pytest.mark.usefixtures("installation")

MONTH = ("aggregate", "--month", "2026-10")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


@pytest.fixture
def month(installation: Installation) -> Iterator[Running]:
    """A gateway in November with two cleared manifests of October; only what a test runs is running."""
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests(erp.manifest("JB-1"), erp.manifest("JB-2")))
    with installation.open(AGGREGATION) as running:
        yield running


def _say(at: Installation, *words: str) -> Result:
    start = ["--config", str(at.config), "--now", AGGREGATION.isoformat()]
    return CliRunner(catch_exceptions=False).invoke(main, [*start, *words])


def _status(at: Installation) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = json.loads(_say(at, "status", "--json").stdout)["aggregations"]
    return told


@pytest.mark.requirement("AG-04")
def test_status_shows_how_far_a_run_is(month: Running, installation: Installation) -> None:
    """Phase and counts, from the request to the end; then nothing."""
    assert _status(installation) == []
    asked = _say(installation, *MONTH, "--json")
    (row,) = json.loads(asked.stdout)
    assert row["manifests"] == 2
    phases = []
    while found := _status(installation):
        assert found[0]["number"] == row["number"]
        phases.append(found[0]["phase"])
        advance_runs(month.gateway.world, month.gateway.store)
    assert phases == ["waiting", "spreading", "composing", "proving", "declaring", "closing"]
    assert "Aggregations under way" not in _say(installation, "status").stdout


@pytest.mark.requirement("AG-04")
def test_who_waits_sees_each_phase_and_the_end(month: Running, installation: Installation) -> None:
    """The gateway that makes the declarations is another process; here another thread."""
    over = Event()

    def work() -> None:
        while not over.is_set():
            advance_runs(month.gateway.world, month.gateway.store)

    thread = Thread(target=work)
    thread.start()
    try:
        result = _say(installation, *MONTH, "--wait")
    finally:
        over.set()
        thread.join()
    assert result.exit_code == 0, result.output
    assert "Aggregation requested" in result.stdout
    (run,) = month.documents(kind="aggregation")
    assert result.stderr.splitlines()[-1].startswith(f"{run.number} done")
    assert {row.state for row in month.documents(kind="aggregation")} == {"done"}


@pytest.mark.requirement("AG-09", "AM-07")
def test_a_run_that_stops_is_told_and_begins_anew_by_an_operators_word(installation: Installation) -> None:
    """Who waits gets the reason and exit 1; the repetition is in the history as the operator's."""
    many = {"packing": {"kind": "再生木托", "count": 999999999}}
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests(erp.manifest("JB-1", **many), erp.manifest("JB-2", **many)))
    with installation.open(AGGREGATION) as running:
        (row,) = json.loads(_say(installation, *MONTH, "--json").stdout)
        number = row["number"]
        early = _say(installation, "aggregate", "--retry", number)
        assert (early.exit_code, early.stderr.partition(":")[0]) == (1, "aggregation.not-stopped")
        running.settle()
        assert running.document("AGG202610-1").state == "stopped"
        again = _say(installation, "aggregate", "--retry", number)
        assert (again.exit_code, running.document("AGG202610-1").state) == (0, "requested")
        assert running.alerts() == []
        with running.gateway.store.read() as unit:
            last = unit.documents.history(number)[-1]
        assert (last.event, last.cause_kind, last.cause_id) == ("repeat", "operator", "retry")
        running.settle()
        waited = _say(installation, "aggregate", "--retry", number)
        assert waited.exit_code == 0
        running.settle()
        assert [alert.subject for alert in running.alerts()] == [number]
        session = Session(installation.config, Clock(AGGREGATION), "en")
        assert watch(session, [number]) == REFUSED
        session.close()


def test_month_and_retry_are_two_different_wishes(installation: Installation) -> None:
    """One of the two, not both and not neither."""
    assert _say(installation, "aggregate").exit_code == 2
    assert _say(installation, *MONTH, "--retry", "R20260000000000001").exit_code == 2
