"""A manifest that is amended: from the ERP's file over customs' decision to aggregation, as people see it."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.documents import Command, decide
from gateway.errors import RejectedError, RetryError
from gateway.fields import Fields
from gateway.steps.aggregating import aggregate_month, month_command
from gateway.steps.records import Cause, StoredFacts, carry_out
from gateway.steps.rehearsing import rehearsed
from tests.flow import erp
from tests.flow.outside import xmllint_faults
from tests.services.installation import AGGREGATION, Installation, Running
from tests.services.softhsm import ENTERPRISE

pytestmark = pytest.mark.usefixtures("installation")

WHY = {"reason": "复磅", "contact": {"name": "李敏", "phone": "0755-82000003"}}
ASKED: Fields = {
    "ManifestClientNo": erp.MANIFEST,
    "DecModNote": "复磅",
    "EntOpName": "李敏",
    "EntOpTele": "0755-82000003",
}
LINES = [
    erp.line(),
    erp.line(volumeItem=2, qty=10, total=115.00, legalQty=[10]),
    erp.line(qty=20, total=230.00, legalQty=[20]),
]


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


@pytest.fixture
def cleared(approved: Running) -> Running:
    """A cleared manifest of three items."""
    approved.send("m.json", erp.manifests(erp.manifest(items=LINES)))
    assert approved.document(erp.MANIFEST).state == "cleared"
    return approved


def _modification(number: str = "XG-1", **content: Any) -> str:
    named = {"document": "modification", "number": number, "manifest": {"ourNumber": erp.MANIFEST}, **WHY}
    return json.dumps({**named, **content}, ensure_ascii=False)


def _withdrawal(number: str = "CX-1", **content: Any) -> str:
    named = {"document": "withdrawal", "number": number, "manifest": {"ourNumber": erp.MANIFEST}, **WHY}
    return json.dumps({**named, **content}, ensure_ascii=False)


def _rehearsed(running: Running) -> tuple[int, list[str]]:
    """Return how many manifests an aggregation would take, and why it would leave out others."""
    world = running.gateway.world
    with running.gateway.store.read() as unit:
        command = month_command(world, unit, ENTERPRISE, "202610", "")
        with rehearsed(world, unit, command) as told:
            return told.totals.manifests, [violation.code for violation in told.left_out]


def _say(at: Installation, *words: str, lang: str = "en") -> Any:
    start = ["--config", str(at.config), "--lang", lang]
    result = CliRunner(catch_exceptions=False).invoke(main, [*start, *words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in words else result.stdout


@pytest.mark.requirement("AM-02", "AM-06")
def test_a_corrected_manifest_is_told_sent_decided_and_shown(
    cleared: Running, installation: Installation
) -> None:
    """The second item is left out and the third has another quantity; nothing else is told as changed."""
    items = [LINES[0], erp.line(qty=30, total=345.00, legalQty=[30])]
    whole = erp.manifest(items=items, weight={"gross": "1090.0", "net": "1000.00"})
    whole["company"] = {"customsCode": ENTERPRISE, "name": "深圳示例进出口有限公司"}
    reply = cleared.send("xg.json", _modification(corrected=whole))
    (entry,) = reply["messages"]
    assert entry["outcome"] == "accepted", entry.get("violations")
    changes = {(each["item"], each["field"]): (each["old"], each["new"]) for each in entry["changes"]}
    assert {key: texts for key, texts in changes.items() if key[0] != 2} == {
        (None, "GrossWet"): ("1080", "1090"),
        (3, "GQty"): ("20", "30"),
        (3, "DeclTotal"): ("230", "345"),
        (3, "FirstQty"): ("20", "30"),
    }
    assert changes[2, "GNo"] == ("2", None)
    assert [warning["code"] for warning in entry["warnings"]] == ["amendment.items-renumbered"]
    (submission,) = cleared.submissions("XG-1")
    sent = installation.outbox / f"{submission.id}.xml"
    assert xmllint_faults(sent) == ""
    assert "<FieldCode>GrossWet</FieldCode>" in sent.read_text("utf-8")

    assert cleared.document("XG-1").state == "approved"
    manifest = cleared.document(erp.MANIFEST)
    assert (manifest.state, manifest.content["GrossWet"]) == ("cleared", "1090")
    (notice,) = [
        n
        for n in installation.notices()
        if n.get("notice") == "receipt" and n["state"] == "approved" and n["kind"] == "amendment"
    ]
    assert [news["code"] for news in notice["news"]] == ["news.manifest-modified"]

    history = _say(installation, "document", erp.MANIFEST, "--history", "--json")
    assert [row["event"] for row in history][-2:] == ["amend", "modify"]
    last = {each["field"]: (each["item"], each["old"], each["new"]) for each in history[-1]["differences"]}
    assert last["Item[3]/GQty"] == (3, "20", "30")
    assert last["Item[3]/GNo"] == (3, "3", "2")
    assert last["GrossWet"] == (None, "1080", "1090")
    assert all(each["new"] is None for each in history[-1]["differences"] if each["item"] == 2)
    assert "第 3 项成交数量：20 → 30" in _say(installation, "document", erp.MANIFEST, "--history", lang="zh")
    assert "item 3, Declared quantity: 20 → 30" in _say(installation, "document", "XG-1")
    detail = _say(installation, "document", erp.MANIFEST, "--json")
    assert [(each["client_number"], each["state"]) for each in detail["amendments"]] == [("XG-1", "approved")]
    assert len(_say(installation, "document", "XG-1", "--json")["changes"]) == len(entry["changes"])


@pytest.mark.requirement("AM-03", "AM-04", "AM-06")
def test_a_withdrawal_is_saved_declared_and_ends_the_manifest(cleared: Running) -> None:
    """Then nothing is left to aggregate."""
    saved = cleared.send("1.json", _withdrawal(action="save"))
    assert saved["messages"][0]["state"] == "saved"
    declared = cleared.send(
        "2.json", json.dumps({"document": "withdrawal", "number": "CX-1", "action": "declare"})
    )
    assert declared["messages"][0]["outcome"] == "accepted", declared
    assert cleared.states("CX-1") == ["saved", "declared", "sent", "approved"]
    assert cleared.document(erp.MANIFEST).state == "withdrawn"
    assert _rehearsed(cleared) == (0, [])


@pytest.mark.requirement("AM-05", "AM-07")
def test_while_customs_is_silent_no_other_is_accepted_and_nothing_aggregates(cleared: Running) -> None:
    """The rehearsal and the reply name the amendment."""
    cleared.send("1.json", _modification("N0-XG", changes=[{"field": "GrossWet", "to": 1090}]))
    assert cleared.document("N0-XG").state in {"declared", "sent"}
    (refused,) = cleared.send("2.json", _withdrawal())["messages"]
    assert [fault["code"] for fault in refused["violations"]] == ["amendment.undecided"]
    assert refused["violations"][0]["place"]
    assert _rehearsed(cleared) == (0, ["aggregation.amendment-open"])


@pytest.mark.requirement("AM-05")
def test_of_two_that_were_accepted_at_the_same_moment_one_is_written(cleared: Running) -> None:
    """Both found no other; the second finds its manifest changed and is decided anew."""
    world = cleared.gateway.world
    with cleared.gateway.store.begin() as unit:
        facts = StoredFacts(world, unit)
        commands = [
            Command("ManifestWithdrawal", "save-declare", number, "acme", ASKED) for number in ("A", "B")
        ]
        first, second = (decide(command, facts) for command in commands)
        carry_out(world, unit, first, Cause("message", "1"))
        with pytest.raises(RetryError, match=r"store.changed-meanwhile"), unit.savepoint():
            carry_out(world, unit, second, Cause("message", "2"))
        with pytest.raises(RejectedError, match=r"amendment.undecided"):
            decide(commands[1], facts)


@pytest.mark.requirement("AM-02", "EN-05")
def test_the_fault_of_a_single_field_is_told_at_its_place_in_the_file(cleared: Running) -> None:
    """What is no number, and what no longer agrees with the rest of its item."""
    changes = [{"field": "GrossWet", "to": "heavy"}, {"field": "GQty", "item": 3, "to": 30}]
    (entry,) = cleared.send("1.json", _modification(changes=changes))["messages"]
    found = {fault["code"]: fault["place"].get("path", "") for fault in entry["violations"]}
    assert found == {
        "schema.bad-number": "$.changes[0].to",
        "rule.total-differs": "$.changes[1].to",
    }


@pytest.mark.requirement("AM-07", "AG-10")
def test_a_manifest_leaves_its_run_and_the_run_ends(installation: Installation) -> None:
    """It was alone in it; when its amendment is decided, another run takes it."""
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        running.send("v.json", erp.volume())
        running.send("m.json", erp.manifests(erp.manifest()))
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            run = aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610").document
            facts = StoredFacts(running.gateway.world, unit)
            changes: list[Fields] = [{"FieldCode": "GrossWet", "NewValue": "1090"}]
            command = Command(
                "ManifestModification", "save-declare", "A", "acme", {**ASKED, "Change": changes}
            )
            decision = decide(command, facts)
            carry_out(running.gateway.world, unit, decision, Cause("message", "1"))
        assert [warning.code for warning in decision.warnings] == ["amendment.leaves-run"]
        running.settle()
        assert running.document(erp.MANIFEST).content["GrossWet"] == "1090"
        ended = running.documents(kind="aggregation")
        assert {row.number: row.state for row in ended} == {run.number: "done"}
        assert running.documents(kind="declaration") == []
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610")
        running.settle()
        assert running.document(erp.MANIFEST).state == "aggregated"
        assert len(running.documents(kind="declaration")) == 1
