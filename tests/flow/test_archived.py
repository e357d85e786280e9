"""What is said about a document whose content is in an archive: neither forgotten nor done once more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from unittest.mock import patch

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.cli.lookups import find_document
from gateway.clock import Clock
from gateway.errors import RejectedError
from gateway.store import ChangeRow
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.services.installation import FILING, Running


def _purge(running: Running, *words: str, years: int = 4) -> Result:
    """Purge so many years later, by the command and beside the gateway."""

    class Later(Clock):
        """The machine's own time, so many years later."""

        def now(self) -> datetime:
            return FILING.replace(year=FILING.year + years)

    start = ["--config", str(running.installation.config)]
    with patch("gateway.cli.main.Clock", Later):
        return CliRunner(catch_exceptions=False).invoke(main, [*start, "purge", *words])


def _archive(running: Running) -> str:
    """Let a cleared manifest be merged, without a month's end, and archive it; return the file's name."""
    store, row = running.gateway.store, running.document("JB-1")
    merged = ChangeRow(
        document=replace(row, state="aggregated"),
        expected_state=row.state,
        expected_version=row.version,
        event="aggregate",
        cause_kind="clock",
        cause_id="1",
    )
    with store.begin() as unit:
        unit.documents.put([merged])
    running.settle()
    would = _purge(running, "--dry-run").stdout
    assert would.startswith("Would be archived")
    assert " KB. Nothing was done." in would
    looked = json.loads(_purge(running, "--dry-run", "--json").stdout)["months"]
    assert [month["documents"] for month in looked] == [{"manifest": 1}]
    assert running.document("JB-1").archive is None
    (month,) = json.loads(_purge(running, "--json").stdout)["months"]
    ((file, digest),) = month["files"].items()
    with store.read() as unit:
        assert [(act.act, act.subject, act.detail["sha256"]) for act in unit.audit.acts(1)] == [
            ("purge", file, digest)
        ]
    assert sha256((running.installation.folder / "archive" / file).read_bytes()).hexdigest() == digest
    return str(file)


def test_nothing_goes_that_the_law_wants_here(approved: Running) -> None:
    """A day within the configured years is refused, and by itself the command takes nothing of them."""
    approved.send("m.json", erp.manifests())
    refused = _purge(approved, "--before", "2027-11-01")
    assert refused.exit_code == 1
    assert "cli.purge-too-young" in refused.stderr
    told = json.loads(_purge(approved, "--json", years=2).stdout)
    assert (told["before"], told["too_young"], told["months"]) == (f"{FILING.year - 1}{FILING:-%m-%d}", 0, [])
    assert "0 KB" not in _purge(approved, years=2).stdout


def test_a_month_that_is_not_closed_names_what_keeps_it_open(approved: Running) -> None:
    """For a person in the table, for a program as a list."""
    approved.send("m.json", erp.manifests(erp.manifest("JB-1")))
    row = approved.document("JB-1")
    (month,) = json.loads(_purge(approved, "--json").stdout)["months"]
    assert (month["open"], month["held"], month["documents"]) == ([row.number], {}, {})
    assert row.number in _purge(approved).stdout


def test_a_rehearsed_day_only_rehearses(approved: Running) -> None:
    """With the clock of `--now` the law's years would be over at once."""
    start = ["--config", str(approved.installation.config), "--now", "2036-01-01", "--lang", "en", "purge"]
    refused = CliRunner(catch_exceptions=False).invoke(main, start)
    assert (refused.exit_code, refused.stderr.partition(":")[0]) == (1, "cli.purge-rehearsal")
    assert CliRunner(catch_exceptions=False).invoke(main, [*start, "--dry-run"]).exit_code == 0


@pytest.mark.requirement("ER-04", "CU-03", "QF-04")
def test_an_archived_document_is_known_whoever_speaks_of_it(approved: Running) -> None:
    """The same file and commands are refused with the archive's name, a late answer waits for a person."""
    data = erp.manifests(erp.manifest("JB-1"))
    approved.send("m.json", data)
    sent = len(approved.installation.sent())
    (submission,) = approved.submissions("JB-1")
    archive = _archive(approved)
    start = ["--config", str(approved.installation.config), "documents", "--client-number"]
    (listed,) = json.loads(CliRunner().invoke(main, [*start, "JB-1", "--json"]).stdout)
    assert listed["archive"] == archive
    assert archive in CliRunner().invoke(main, [*start, "JB-1"]).stdout

    again = approved.send("m.json", data)
    (told,) = again["messages"]
    assert told["outcome"] == "refused"
    assert [fault["code"] for fault in told["violations"]] == ["document.archived"]
    assert archive in json.dumps(told)
    assert ["aggregated" in told["violations"][0][text] for text in ("text_en", "text_zh")] == [True, False]
    assert len(approved.installation.sent()) == sent
    with approved.gateway.store.read() as unit, pytest.raises(RejectedError, match=archive):
        find_document(unit, "JB-1")

    deliver(approved.installation, "late.xml", Said("7", answers=submission.id))
    approved.settle()
    assert [alert.subject for alert in approved.alerts()] == ["late.xml"]
    late = next(receipt for receipt in approved.receipts() if receipt.name == "late.xml")
    assert late.state == "refused"
    assert archive in json.dumps(late.reason)
    assert approved.send("n.json", erp.manifests(erp.manifest("JB-2")))["outcome"] == "accepted"
    assert approved.document("JB-2").number > approved.document("JB-1").number
