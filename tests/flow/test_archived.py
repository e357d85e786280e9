"""What is said about a document whose content is in an archive: neither forgotten nor done once more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.cli.lookups import find_document
from gateway.errors import RejectedError
from gateway.steps.retiring import Retiring
from gateway.store import ChangeRow
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.services.installation import FILING, Running


def _archive(running: Running, folder: Path) -> str:
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
    before = FILING + timedelta(days=400)
    (tally,) = Retiring(store, before, folder, lambda *_: None, lambda: None).run()
    assert tally.documents == {"manifest": 1}, tally
    return next(iter(tally.files))


@pytest.mark.requirement("ER-04", "CU-03", "QF-04")
def test_an_archived_document_is_known_whoever_speaks_of_it(approved: Running, tmp_path: Path) -> None:
    """The same file and commands are refused with the archive's name, a late answer waits for a person."""
    data = erp.manifests(erp.manifest("JB-1"))
    approved.send("m.json", data)
    sent = len(approved.installation.sent())
    (submission,) = approved.submissions("JB-1")
    archive = _archive(approved, tmp_path)

    again = approved.send("m.json", data)
    (told,) = again["messages"]
    assert told["outcome"] == "refused"
    assert [fault["code"] for fault in told["violations"]] == ["document.archived"]
    assert archive in json.dumps(told)
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
