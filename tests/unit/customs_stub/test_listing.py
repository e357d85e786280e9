"""What the office shows of itself, to people and to programs."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from click.testing import CliRunner

from customs_stub.__main__ import main
from customs_stub.facts import Referred, State
from customs_stub.listing import DOCUMENTS, RECEIVED, REFERENCES, as_table, word
from customs_stub.scenarios import SCENARIOS
from customs_stub.submission import Kind, digest
from tests.unit.customs_stub.messages import qualification, qualification_change
from tests.unit.customs_stub.test_references import LICENCE
from tests.unit.customs_stub.trial import QUALIFICATION, Trial


def said(trial: Trial, *words: str) -> str:
    """Return what a command prints, of the office in that folder."""
    done = CliRunner().invoke(main, [*words, "--config", str(trial.config)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def busy(trial: Trial) -> Trial:
    """An office with a licence, a qualification and a change of it."""
    trial.keep(LICENCE)
    trial.send(QUALIFICATION, qualification())
    trial.work()
    trial.send("QualificationChange", qualification_change(), "A0-2")
    trial.work()
    return trial


def test_documents_are_listed_with_what_became_of_them(busy: Trial) -> None:
    """And an application with what it was made against."""
    first, second = json.loads(said(busy, "documents", "--json"))
    assert (first["kind"], first["state"], first["customs_number"]) == (
        *("QualificationFiling", "approved"),
        "Q53016000001",
    )
    assert (second["kind"], second["state"], second["of"]) == (
        *("QualificationChange", "granted"),
        "QF0000000000000001",
    )


def test_references_are_listed_with_the_time_of_their_last_change(busy: Trial) -> None:
    """As they were last sent out."""
    (row,) = json.loads(said(busy, "references", "--json"))
    assert row == {"kind": "Licence", "key": "1:26-AB-100001", "updated": "2026-10-20T08:00:00+08:00"}


def test_people_are_told_in_their_language(busy: Trial) -> None:
    """English unless they ask for Chinese."""
    assert "qualification change" in said(busy, "documents")
    assert "企业资质变更" in said(busy, "documents", "--lang", "zh")
    assert "许可证" in said(busy, "references", "--lang", "zh")


@pytest.mark.requirement("CU-05")
def test_the_books_tell_how_often_each_message_came_and_what_was_answered(trial: Trial) -> None:
    """By its id and its bytes, so that whoever sends can be shown to send each once."""
    sent = trial.send(QUALIFICATION, qualification(), "A0-1")
    trial.work()
    data = (trial.outbox / f"{sent}.xml").read_bytes()
    trial.put("again.xml", data)
    trial.put("other.xml", data.replace(b"A0-1", b"A0-2"))
    trial.work()
    rows = json.loads(said(trial, "received", "--json"))
    first = next(row for row in rows if row["digest"] == digest(data))
    assert first == {
        "message_id": sent,
        "number": "QF0000000000000001",
        "document_type": QUALIFICATION,
        "client_number": "A0-1",
        "digest": digest(data),
        "door": "main",
        "times": 2,
        "answered": ["technical 0", "business A", "technical -3"],
    }
    assert [row["times"] for row in rows if row != first] == [1]
    assert "次数" in said(trial, "received", "--lang", "zh")


@pytest.mark.parametrize("listed", ["documents", "references", "received"])
def test_an_office_that_was_never_open_has_nothing_to_show(trial: Trial, listed: str) -> None:
    """And looking does not open it."""
    assert json.loads(said(trial, listed, "--json")) == []
    assert said(trial, listed, "--lang", "zh") == "没有记录\n"
    assert not (trial.folder / "stub.db").exists()


def test_an_open_office_can_be_looked_at(busy: Trial) -> None:
    """Looking takes nothing away from it."""
    office = busy.office()
    try:
        assert len(json.loads(said(busy, "documents", "--json"))) == 2
    finally:
        office.close()


def test_scenarios_are_listed_for_programs_and_in_one_language() -> None:
    """With what the gateway should make of each."""
    runner = CliRunner()
    rows = json.loads(runner.invoke(main, ["scenarios", "--json"]).stdout)
    assert {row["letter"]: row["name"] for row in rows} == {
        each.letter: each.name for each in SCENARIOS.values()
    }
    for language, other in (("en", "zh"), ("zh", "en")):
        told = runner.invoke(main, ["scenarios", "--lang", language]).stdout
        assert getattr(SCENARIOS["R"], language) in told
        assert getattr(SCENARIOS["R"], f"gateway_{language}") in told
        assert getattr(SCENARIOS["R"], other) not in told


def test_references_are_sent_again_when_asked_for(busy: Trial) -> None:
    """The same content with the same time, by an office that is open or will be."""
    assert "1" in said(busy, "send-references", "--kind", "licence", "--number", "1:26-AB-100001")
    busy.work()
    first, again = busy.references()
    assert first["MessageId"] != again["MessageId"]
    assert first["UpdateTime"] == again["UpdateTime"]


def test_a_changed_reference_is_sent_and_judged_by_from_then_on(busy: Trial) -> None:
    """Without closing the office."""
    office = busy.office()
    try:
        busy.keep(LICENCE.replace('"10000"', '"9000"'))
        said(busy, "send-references", "--now", "2026-10-21T08:00:00")
        office._courier.deliver()
        (known,) = office._records.referred(Referred.LICENCE, "1:26-AB-100001")
    finally:
        office.close()
    assert known.group("Item").get("GQty") == "9000"
    assert busy.references()[-1]["UpdateTime"] == "2026-10-21T08:00:00+08:00"


@pytest.mark.parametrize(
    "choice", [["--number", "1:26-AB-100009"], ["--kind", "account-book"]], ids=["number", "kind"]
)
def test_asking_for_a_reference_that_is_not_there_is_told(busy: Trial, choice: list[str]) -> None:
    """Nothing is sent."""
    done = CliRunner().invoke(main, ["send-references", "--config", str(busy.config), *choice])
    assert done.exit_code == 1
    assert "no such" in done.stderr
    assert len(busy.references()) == 1


NAMES: Iterable[str] = [*Kind, *Referred, *State, *DOCUMENTS, *REFERENCES, *RECEIVED]


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_state_and_column_has_a_word_in_both_languages(name: str) -> None:
    """None is shown by its name in the code."""
    assert word(name, "zh") != name
    assert word(name, "en")


def test_columns_stand_under_each_other_whatever_the_language() -> None:
    """A Chinese character takes two places; a column of nothing is left out."""
    rows = [
        {"kind": "Licence", "key": "1", "updated": ""},
        {"kind": "AccountBook", "key": "22", "updated": ""},
    ]
    assert as_table(rows, REFERENCES, "zh") == "单证       编号\n许可证     1\n账册/手册  22"
