"""Operators' work: what customs does not answer, what was filed on paper, and what needs a person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.channels import FolderInbox, Outcome
from gateway.cli import main
from gateway.errors import RejectedError, RetryError
from gateway.store import SubmissionState
from tests.flow import erp
from tests.flow.customs import Said, deliver, stranger
from tests.services.installation import FILING, Installation, Running

DONE, REFUSED, USAGE = 0, 1, 2


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


@pytest.fixture
def silent(running: Running) -> Running:
    """A qualification that was sent to customs, which does not answer."""
    running.office, office = None, running.office
    running.send("q.json", erp.qualification())
    running.office, running.troubles = None, []
    assert office is not None
    return running


def _say(running: Running | Installation, *words: str, lang: str = "en", answer: str = "") -> Result:
    """Give a command beside the running gateway."""
    at = running if isinstance(running, Installation) else running.installation
    start = ["--config", str(at.config), "--now", FILING.isoformat(), "--lang", lang]
    return CliRunner(catch_exceptions=False).invoke(main, [*start, *words], input=answer)


def _json(running: Running, *words: str) -> Any:
    result = _say(running, *words, "--json")
    assert result.exit_code == DONE, result.output
    return json.loads(result.stdout)


def _refused(running: Running | Installation, *words: str) -> str:
    """Return the code with which a command is refused."""
    result = _say(running, *words)
    assert result.exit_code == REFUSED, result.output
    return result.stderr.partition(":")[0]


def _parked(running: Running) -> dict[str, str]:
    return {row["id"]: row["code"] for row in _json(running, "parked")}


def _acts(running: Running) -> list[tuple[str, str]]:
    return [(act["act"], act["subject"]) for act in reversed(_json(running, "audit", "list"))]


def _state(running: Running, number: str = erp.QUALIFICATION) -> str:
    return running.submissions(number)[-1].state


def _next_message(running: Running, message_id: str) -> None:
    """Let the next message have this id."""
    world = replace(running.gateway.world, new_message_id=lambda: message_id)
    running.gateway = replace(running.gateway, world=world)


def _without_outbox(running: Running) -> Path:
    """Let a qualification wait for an outbox that is away; return where that lies."""
    running.office = None
    outbox = running.installation.outbox
    away = outbox.rename(outbox.with_name("away"))
    running.installation.drop("q.json", erp.qualification())
    running.until(lambda: bool(running.alerts()))
    return away


@pytest.mark.requirement("CU-05", "CU-07")
def test_a_message_is_sent_again_as_the_same_bytes_by_an_operators_word(silent: Running) -> None:
    """The file that customs has lost is there again, and once it is answered nothing is sent any more."""
    (file,) = silent.installation.sent()
    data, row = file.read_bytes(), silent.submissions(erp.QUALIFICATION)[0]
    file.unlink()
    assert [each["message"] for each in _json(silent, "resend", "QF-1", "--dry-run")] == [row.id]
    silent.settle()
    assert silent.installation.sent() == []
    assert [each["number"] for each in _json(silent, "resend", row.id)] == [row.number]
    silent.settle()
    assert [each.read_bytes() for each in silent.installation.sent()] == [data]
    with silent.gateway.store.read() as unit:
        assert [each.outcome for each in unit.submissions.attempts(row.id)] == ["sent", "sent"]
    assert _acts(silent) == [("resend", row.number)]
    deliver(silent.installation, "r.xml", Said("A", message_type=row.message_type, answers=row.id))
    silent.settle()
    assert _refused(silent, "resend", "QF-1") == "operating.answered"
    assert _refused(silent, "resend", "X-1") == "cli.unknown-document"


@pytest.mark.requirement("CU-07")
def test_all_that_is_unanswered_is_sent_again_after_a_preview(
    silent: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program says --yes, a person is asked; other routes and what is answered meanwhile are left alone."""
    row = silent.submissions(erp.QUALIFICATION)[0]
    assert [each["message"] for each in _json(silent, "resend", "--all", "--dry-run")] == [row.id]
    assert _json(silent, "resend", "--all", "--route", "other", "--yes") == []
    assert _refused(silent, "resend", "--all") == "operating.say-yes"
    for words in (("resend",), ("resend", "QF-1", "--all"), ("resend", "QF-1", "--route", "customs")):
        assert _say(silent, *words).exit_code == USAGE
    monkeypatch.setattr("gateway.cli.work.on_terminal", lambda: True)
    assert row.id in (asked := _say(silent, "resend", "--all", answer="n\n")).stdout
    assert (asked.exit_code, _state(silent)) == (REFUSED, "sent")
    assert _say(silent, "resend", "--all", answer="y\n").exit_code == DONE
    assert _state(silent) == "in_doubt"
    silent.settle()

    def answered_meanwhile() -> bool:
        with silent.gateway.store.begin() as unit:
            unit.submissions.mark_technical(row.id)
        return True

    monkeypatch.setattr("gateway.cli.work.on_terminal", answered_meanwhile)
    assert row.id in (asked := _say(silent, "resend", "--all", answer="y\n")).stdout
    assert (asked.exit_code, _state(silent)) == (DONE, "sent")
    assert _json(silent, "resend", "--all", "--yes") == []


@pytest.mark.requirement("CU-05", "CU-07")
def test_what_was_filed_on_paper_is_not_sent_until_that_is_undone(running: Running) -> None:
    """Its ERP is told, every view shows it; undone, the same bytes go."""
    away = _without_outbox(running)
    number = running.document(erp.QUALIFICATION).number
    assert [row["state"] for row in _json(running, "paper", "QF-1", "--reference", "P-7")] == ["on_paper"]
    away.rename(running.installation.outbox)
    with running.gateway.store.begin() as unit:
        unit.circuits.remove("customs")
    running.settle()
    assert running.installation.sent() == []
    (told,) = running.installation.notices("*.paper.json")
    assert (told["number"], told["on_paper"], told["reference"]) == (number, True, "P-7")
    assert _refused(running, "resend", "QF-1") == "operating.on-paper"
    assert _json(running, "resend", "--all", "--yes") == []
    assert _refused(running, "paper", "QF-1") == "operating.on-paper"
    assert [(row["number"], row["paper_number"]) for row in _json(running, "paper")] == [(number, "P-7")]
    assert [row.get("on_paper") for row in _json(running, "documents")] == [True]
    assert "纸质申报" in _say(running, "document", "QF-1", lang="zh").stdout
    assert "paper" in [row["event"] for row in _json(running, "document", "QF-1", "--history")]
    assert [row["state"] for row in _json(running, "paper", number, "--undo")] == ["to_send"]
    running.settle()
    assert len(running.installation.sent()) == 1
    assert _refused(running, "paper", "QF-1", "--undo") == "operating.not-on-paper"
    assert _acts(running) == [("paper", number), ("paper-undo", number)]
    assert [each["on_paper"] for each in running.installation.notices("*.paper.json")] == [True, False]


@pytest.mark.requirement("CU-03", "CU-07")
def test_an_answer_to_what_was_filed_on_paper_is_believed_and_told(silent: Running) -> None:
    """The document moves on; nothing further of it leaves before a person has looked."""
    row = silent.submissions(erp.QUALIFICATION)[0]
    _json(silent, "paper", "QF-1")
    refusal = Said("F", technical=True, message_type=row.message_type, answers=row.id)
    deliver(silent.installation, "r.xml", refusal)
    silent.settle()
    assert silent.document(erp.QUALIFICATION).state == "receive_failed"
    ((alert, code),) = _parked(silent).items()
    assert code == "paper.answered"
    silent.send("save.json", erp.qualification(action="edit"))
    silent.send("again.json", '{"document": "qualification", "number": "QF-1", "action": "declare"}')
    before = silent.installation.sent()
    assert [each.state for each in silent.submissions(erp.QUALIFICATION)] == ["on_paper", "to_send"]
    assert _say(silent, "drop", alert).exit_code == DONE
    assert _parked(silent) == {}
    _json(silent, "paper", "QF-1", "--undo")
    silent.settle()
    assert len(silent.installation.sent()) == len(before) + 1


@pytest.mark.requirement("ER-05")
def test_a_file_in_quarantine_is_understood_again_or_left_there(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a reply of its own; the first one stays."""
    real = import_module("gateway.pipeline").understand_one
    monkeypatch.setattr("gateway.pipeline.understand_one", lambda *_: 1 / 0)
    for name in ("q.json", "other.json"):
        running.send(name, erp.qualification(name))
    assert [running.installation.quarantined().count(n) for n in ("q.json", "other.json")] == [1, 1]
    monkeypatch.setattr("gateway.pipeline.understand_one", real)
    first, second = sorted(_parked(running))
    assert _parked(running) == {first: "containment.unexpected", second: "containment.unexpected"}
    assert _json(running, "status")["queues"]["interchanges.quarantined"] == 2
    assert _say(running, "retry", first).exit_code == DONE
    running.settle()
    replies = [json.loads(data)["outcome"] for data in running.installation.replies("q.json")]
    assert replies == ["quarantined", "accepted"]
    assert _refused(running, "retry", first) == "operating.not-parked"
    assert _say(running, "drop", second).exit_code == DONE
    assert (_parked(running), running.alerts()) == ({}, [])
    assert _json(running, "status")["queues"]["interchanges.quarantined"] == 0
    assert "other.json" in running.installation.quarantined()
    assert [act for act, _ in _acts(running)] == ["retry", "drop"]


@pytest.mark.requirement("ER-05")
def test_a_file_that_is_tried_again_is_told_under_its_new_id(running: Running) -> None:
    """Under which it is found where it is of no use once more, and in the audit trail."""
    running.send("broken.json", "{")
    (first,) = _parked(running)
    told = _say(running, "retry", first).stdout
    running.settle()
    (second,) = _parked(running)
    assert second != first
    assert told.endswith(f"Its new id is {second}.\n")
    third = _json(running, "retry", second)["now"]
    running.settle()
    assert [*_parked(running)] == [third]
    acts = [act["detail"] for act in _json(running, "audit", "list") if act["act"] == "retry"]
    assert sorted(each["now"] for each in acts) == sorted([second, third])


@pytest.mark.requirement("CU-02", "CU-03")
def test_a_refused_receipt_is_weighed_again_or_passed_over(silent: Running, tmp_path: Path) -> None:
    """Refused once more it is told once more; passed over with a reason, it stays in the log."""
    row = silent.submissions(erp.QUALIFICATION)[0]
    said = Said("A", message_type=row.message_type, answers=row.id)
    deliver(silent.installation, "forged.xml", said, stranger(tmp_path))
    silent.settle()
    ((given, code),) = _parked(silent).items()
    assert code == "signature.untrusted-certificate"
    assert _say(silent, "retry", given).exit_code == DONE
    silent.settle()
    assert _parked(silent) == {given: code}
    assert [line["outcome"] for line in silent.installation.log()] == ["refused", "refused"]
    assert _refused(silent, "drop", given) == "operating.reason-needed"
    assert _say(silent, "drop", given, "--reason", "forged; customs knows").exit_code == DONE
    assert (_parked(silent), silent.alerts()) == ({}, [])
    assert [each["outcome"] for each in _json(silent, "receipts")] == ["dropped"]
    (act,) = [act for act in _json(silent, "audit", "list") if act["act"] == "drop"]
    assert act["detail"]["reason"] == "forged; customs knows"


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize("named", ["message", "number", "client"])
def test_an_orphan_is_seen_and_matched_when_what_it_names_appears(running: Running, named: str) -> None:
    """By message id, unified number or client's number; an operator's retry before that changes nothing."""
    running.office = None
    numbers = {"number": "Q20260000000000001"} if named == "number" else {"client_number": erp.QUALIFICATION}
    if named == "message":
        _next_message(running, "KNOWN-BEFORE")
        numbers = {"answers": "KNOWN-BEFORE"}
    deliver(running.installation, "early.xml", Said("A", message_type="QualificationFiling", **numbers))
    running.settle()
    (row,) = _json(running, "receipts", "--orphans")
    assert _parked(running) == {(given := f"receipt:{row['id']}"): "operating.orphan"}
    assert _say(running, "retry", given).exit_code == DONE
    running.settle()
    assert _parked(running) == {given: "operating.orphan"}
    running.send("q.json", erp.qualification())
    assert running.document(erp.QUALIFICATION).state == "approved"
    assert (_json(running, "receipts", "--orphans"), _parked(running)) == ([], {})


@pytest.mark.requirement("CU-05")
@pytest.mark.parametrize("again", [True, False], ids=["retry", "drop"])
def test_a_message_left_to_a_person_goes_or_never_goes(running: Running, *, again: bool) -> None:
    """Other bytes lie under its name: once they are away it is sent, or a person says that it never is."""
    running.office = None
    _next_message(running, "TAKEN")
    foreign = running.installation.outbox / "TAKEN.xml"
    foreign.write_text("not ours", "utf-8")
    running.send("q.json", erp.qualification())
    assert _parked(running) == {"message:TAKEN": "channels.name-taken"}
    foreign.unlink()
    if again:
        assert _say(running, "retry", "message:taken").exit_code == DONE
    else:
        assert _refused(running, "drop", "message:TAKEN") == "operating.reason-needed"
        assert _say(running, "drop", "message:TAKEN", "--reason", "made in error").exit_code == DONE
    running.settle()
    assert (_parked(running), running.alerts()) == ({}, [])
    assert _state(running) == (SubmissionState.SENT if again else SubmissionState.RECALLED)
    assert len(running.installation.sent()) == again
    if not again:
        # What was put away may be filed on paper after all; undone, it is a person's once more.
        (document,) = running.documents()
        for option, state in (
            ("--reference=P-1", SubmissionState.ON_PAPER),
            ("--undo", SubmissionState.FAILED),
        ):
            assert _say(running, "paper", document.number, option).exit_code == DONE
            running.settle()
            assert _state(running) == state
        assert [*_parked(running)] == ["message:TAKEN"]


@pytest.mark.requirement("ER-06")
def test_a_notice_left_to_a_person_is_delivered_again(running: Running) -> None:
    """Whatever lay under its name is away."""
    running.office = None
    foreign = running.installation.folder / "receipts/acme/q.json.000001.reply.json"
    foreign.write_text("{}", "utf-8")
    running.installation.drop("q.json", erp.qualification())
    running.settle()
    ((given, code),) = _parked(running).items()
    assert (given.partition(":")[0], code) == ("notice", "channels.name-taken")
    foreign.unlink()
    assert _say(running, "retry", given).exit_code == DONE
    running.settle()
    assert json.loads(foreign.read_text("utf-8"))["outcome"] == "accepted"
    assert (_parked(running), running.alerts()) == ({}, [])


def test_an_alert_about_what_is_kept_nowhere_is_ended_by_hand(running: Running) -> None:
    """A receipt file that could not be taken; what ends by itself is not ended by hand."""
    with running.gateway.store.begin() as unit:
        unit.alerts.open("receipt.not-taken", "r.xml", {"name": "r.xml", "reason": "-", "reason_zh": "-"})
        unit.alerts.open("trouble.channel", "inbox acme", {"reason": "-", "reason_zh": "-"})
        unit.alerts.open("aggregation.stopped", "R20260000000000001", {"reason": "-", "reason_zh": "-"})
    ids = {code: given for given, code in _parked(running).items()}
    assert _refused(running, "drop", ids["trouble.channel"]) == "operating.closes-itself"
    assert _refused(running, "retry", ids["receipt.not-taken"]) == "operating.no-retry"
    assert _refused(running, "drop", "run:R20260000000000001") == "operating.run-stays"
    assert _refused(running, "retry", "run:R20260000000000001") == "aggregation.not-stopped"
    assert _say(running, "drop", ids["receipt.not-taken"]).exit_code == DONE
    assert ids["receipt.not-taken"] not in _parked(running)
    assert _refused(running, "drop", ids["receipt.not-taken"]) == "operating.not-parked"
    assert _refused(running, "drop", "7") == "operating.unknown-id"
    assert "需人工处理" in _say(running, "parked", lang="zh").stdout


@pytest.mark.requirement("CU-06")
def test_what_the_transport_refused_is_sent_again_from_the_list(silent: Running) -> None:
    """The alert ends with that, and comes again if it is refused again."""
    row = silent.submissions(erp.QUALIFICATION)[0]
    with silent.gateway.store.begin() as unit:
        values = {"route": "customs", "number": row.number, "code": "1", "said": "no"}
        unit.alerts.open("transport.refused", row.id, values | {"meaning_en": "", "meaning_zh": ""})
    ((given, _),) = _parked(silent).items()
    (file,) = silent.installation.sent()
    file.unlink()
    assert _say(silent, "retry", given).exit_code == DONE
    silent.settle()
    assert (silent.installation.sent(), silent.alerts()) == ([file], [])


@pytest.mark.requirement("ER-06")
def test_a_partner_that_left_while_something_waits_for_it_is_refused_at_start(
    installation: Installation,
) -> None:
    """Nothing of it is lost: it is named with its count, and each piece may be put away."""
    with installation.open(customs=False) as running:
        installation.drop("q.json", erp.qualification())
        running.settle()
        with running.gateway.store.begin() as unit:
            (first,) = unit.notices.named("acme", ["q.json.000001.reply.json"])
            assert unit.parking.move(first, "to_deliver")
    other = {'name = "acme"': 'name = "other"', '"inbox/acme"': '"inbox/other"'}
    installation.write_config(other | {'"receipts/acme"': '"receipts/other"'})
    with pytest.raises(RejectedError) as caught, installation.open(customs=False):
        pass
    assert [fault.code for fault in caught.value.violations] == ["operating.partner-in-use"]
    assert _say(installation, "drop", f"notice:{first.id}", "--reason", "gone").exit_code == DONE
    for folder in ("inbox/other", "receipts/other"):
        (installation.folder / folder).mkdir()
    with installation.open(customs=False):
        pass


@pytest.mark.requirement("ER-05")
def test_one_file_that_cannot_be_put_away_keeps_no_other(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are put away, and the one is told."""
    real = FolderInbox.settle

    def settle(self: FolderInbox, delivery: str, outcome: Outcome, reason: Any = None) -> None:
        if stuck and delivery == stuck[0]:
            raise RetryError("channels.not-settled", name="a.json", reason="no room")
        if not stuck:
            stuck.append(delivery)
            raise RetryError("channels.not-settled", name="a.json", reason="no room")
        real(self, delivery, outcome, reason)

    stuck: list[str] = []
    monkeypatch.setattr(FolderInbox, "settle", settle)
    names: Sequence[str] = [running.installation.drop(f"{n}.json", erp.qualification(n)) for n in "abc"]
    running.until(lambda: len(running.installation.done()) == len(names) - 1)
    assert [(alert.code, alert.subject) for alert in running.alerts()] == [("trouble.channel", "inbox acme")]
    monkeypatch.setattr(FolderInbox, "settle", real)
    running.until(lambda: len(running.installation.done()) == len(names))
    running.settle()
    assert running.alerts() == []


@pytest.mark.requirement("CU-05")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_message_in_doubt_is_shown_with_its_choices_and_their_risk(running: Running, lang: str) -> None:
    """In the list, and by itself with every attempt."""
    _without_outbox(running)
    (listed,) = _json(running, "unanswered")
    row = running.submissions(erp.QUALIFICATION)[0]
    assert (listed["message"], listed["client_number"]) == (row.id, erp.QUALIFICATION)
    assert _json(running, "unanswered", "--route", "other") == []
    (told,) = _json(running, "unanswered", "QF-1")
    assert told["attempts"]
    assert {"resend", "paper"} <= {choice["choice"] for choice in told["choices"]}
    assert all(choice["risk"] for choice in told["choices"])
    shown = _say(running, "unanswered", row.id, lang=lang)
    assert shown.exit_code == DONE
    assert ("What may be done" if lang == "en" else "可选处理方式") in shown.stdout
    assert _say(running, "unanswered", lang=lang).exit_code == DONE
