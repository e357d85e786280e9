"""Declarations through the whole gateway: declared by word, not accepted, corrected, declared again."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from gateway.steps.aggregating import aggregate_month
from gateway.store import DocumentRow
from tests.flow import erp
from tests.flow.outside import xmllint_faults
from tests.services.installation import AGGREGATION, FILING, Installation, Running
from tests.services.softhsm import ENTERPRISE

pytestmark = pytest.mark.usefixtures("installation")

Say = Callable[..., Result]


def _aggregated(installation: Installation, run: str) -> str:
    """Make one declaration of October and return its unified number."""
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests(erp.manifest()))
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", run)
        running.settle()
        return _declaration(running).number


def _declaration(running: Running) -> DocumentRow:
    (found,) = running.documents(kind="declaration")
    return found


def _message(number: str, **fields: Any) -> str:
    return json.dumps({"document": "declaration", "unifiedNumber": number, **fields}, ensure_ascii=False)


@pytest.fixture
def say(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Give a command in this process, on the day of the aggregation."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)

    def given(*words: str) -> Result:
        start = ["--config", str(installation.config), "--now", AGGREGATION.isoformat()]
        return CliRunner(catch_exceptions=False).invoke(main, [*start, *words])

    return given


@pytest.mark.requirement("DC-01", "DC-02")
def test_an_erp_corrects_what_customs_did_not_accept_and_declares_it_again(
    installation: Installation,
) -> None:
    """The reply tells what changed; what goes again is a new message, valid, with the correction."""
    number = _aggregated(installation, "R0-AGG")
    with installation.open(AGGREGATION) as running:
        assert _declaration(running).state == "not_accepted"
        reply = running.send("c.json", _message(number, action="edit", domesticPort="470601"))
        (entry,) = reply["messages"]
        assert (entry["number"], entry["state"]) == (number, "saved")
        assert [(each["field"], each["zh"], each["new"]) for each in entry["changes"]] == [
            ("EntyPortCode", "入境口岸/离境口岸", "470601")
        ]
        assert len(installation.sent()) == 4
        declared = running.send("d.json", _message(number, action="declare"))
        assert declared["messages"][0]["outcome"] == "accepted"
        client_number = _declaration(running).client_number
        newest = running.submissions(client_number)[-1]
        assert len(running.submissions(client_number)) == 2
        file = installation.outbox / f"{newest.id}.xml"
        assert "<EntyPortCode>470601</EntyPortCode>" in file.read_text("utf-8")
        assert xmllint_faults(file) == ""
        # Customs judges by the client number, so it says the same again.
        assert running.states(client_number)[-1] == "not_accepted"
        once = running.send(
            "e.json",
            _message(number, action="declare", note="更正", items=[{"item": 1, "inspectionCode": "101"}]),
        )
        assert {each["field"] for each in once["messages"][0]["changes"]} == {"NoteS", "CiqCode"}
        assert len(running.submissions(client_number)) == 3


@pytest.mark.requirement("DC-01", "DC-03")
def test_what_comes_from_the_manifests_is_not_corrected(installation: Installation) -> None:
    """A declaration that is with customs is left alone; a field that is no correction is refused."""
    number = _aggregated(installation, "AGG")
    with installation.open(AGGREGATION) as running:
        assert _declaration(running).state == "cleared"
        (refused,) = running.send("c.json", _message(number, note="更正"))["messages"]
        assert [each["code"] for each in refused["violations"]] == ["state.not-allowed"]
        standard = (
            '<Message xmlns="urn:cn:collective-declaration:1.0"><MessageHead><MessageId>1</MessageId>'
            "<MessageType>Declaration</MessageType><SenderId>A</SenderId><ReceiverId>B</ReceiverId>"
            "<CreateTime>2026-11-03T09:00:00+08:00</CreateTime><ClientSeqNo>X</ClientSeqNo>"
            f"<Operation>declare</Operation></MessageHead><Declaration><SeqNo>{number}</SeqNo>"
            "<GrossWet>1</GrossWet></Declaration></Message>"
        )
        (refused,) = running.send("s.xml", standard)["messages"]
        assert "schema.unknown-field" in [each["code"] for each in refused["violations"]]
        shown = running.send("show.json", _message(number, action="show"))["messages"][0]
        assert shown["content"]["DecHead"]["TrafName"] == "集中申报"
        printed = running.send("print.json", _message(number, action="print"))["messages"][0]
        assert printed["print"][0] == f"{number}.pdf"
        assert (installation.folder / "receipts/acme" / f"{number}.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.requirement("DC-01")
def test_an_operator_corrects_and_declares(installation: Installation, say: Say) -> None:
    """By command, with the faults told as to an ERP; the history names the operator."""
    number = _aggregated(installation, "R0-AGG")
    wrong = say("correct", number, "EntyPortCode=47", "Weight=1")
    assert wrong.exit_code == 1
    assert "Weight" in wrong.stderr
    assert say("correct", number, "EntyPortCode").exit_code == 2
    right = say("correct", number, "EntyPortCode=470601", "1/CiqCode=101")
    assert right.exit_code == 0, right.output
    result = say("correct", number, "NoteS=更正", "--declare", "--json")
    told = json.loads(result.stdout)
    assert (told["number"], told["state"]) == (number, "declared")
    assert [(each["field"], each["new"]) for each in told["changes"]] == [("NoteS", "更正")]
    history = say("document", number, "--history").stdout
    assert "operator" in history
    with installation.open(AGGREGATION) as running:
        running.settle()
        assert len(running.submissions(_declaration(running).client_number)) == 2
