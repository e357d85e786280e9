"""A bonded qualification is extended in its last days, and nothing else of it is altered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Rules
from gateway.documents import Decision, Stale
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, codes_of, qualification, settings

QF, QE, QC = "QualificationFiling", "QualificationExtension", "QualificationChange"
LAST = datetime(2027, 6, 30, 12, 0, tzinfo=CHINA)
NAMED: Fields = {"QualificationClientNo": "QB-1"}


def _world(now: datetime = LAST, days: int = 10, nature: str = "2") -> tuple[World, str]:
    """Return a world and the number of its qualification `QB-1`, which is valid until 2027-06-30."""
    world = World(settings=settings(rules=Rules(extension_days=days)))
    body: Fields = {
        name: value
        for name, value in qualification(GoodsNature=nature).items()
        if nature != "2" or not name.startswith("Guarantee")
    }
    number = world.do(QF, "save-declare", "QB-1", body).document.number
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000002")
    world.now = now
    return world, number


def _faults(world: World, operation: str = "extend", **fields: str) -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(QE, operation, "E-9", {**NAMED, **fields})
    return codes_of(fault.value)


@pytest.mark.requirement("EX-01", "EX-02", "EN-02")
def test_an_extension_names_its_filing_and_customs_moves_the_last_day() -> None:
    """Everything is back-filled, the old day included; approval moves the day and nothing else."""
    world, number = _world()
    before = world.documents[number]
    decision = world.do(QE, "extend", "E-1", NAMED)
    assert decision.document.state == "declared"
    assert decision.outgoing[0][1].message_type == QE
    assert decision.document.content == {
        "SeqNo": decision.document.number,
        "QualificationSeqNo": number,
        **{name: before.content[name] for name in ("CustomMaster", "TradeCode", "TradeName", "GoodsNature")},
        "ApprovedValidDate": "20270630",
    }
    approved = world.answer(decision.document.number, "A", valid_until="20280630")
    assert isinstance(approved, Decision)
    assert [(news.number, news.code) for news in approved.news] == [(number, "news.extended")]
    assert "20280630" in approved.news[0].text("zh")
    after = world.documents[number]
    assert (after.state, after.valid_until) == ("approved", "20280630")
    assert after.content == {**before.content, "ApprovedValidDate": "20280630"}
    extension = world.documents[decision.document.number]
    assert (extension.state, extension.content["ApprovedValidDate"]) == ("approved", "20270630")
    assert isinstance(world.answer(extension.number, "A", valid_until="20280630"), Stale)


@pytest.mark.requirement("EX-01")
@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ("20270619", "change.too-early ApprovedValidDate"),
        ("20270620", ""),
        ("20270625", ""),
        ("20270630", ""),
        ("20270701", "rule.qualification-expired QualificationSeqNo"),
    ],
)
def test_the_window_is_the_last_ten_days_and_the_last_day_itself(day: str, fault: str) -> None:
    """From the tenth day before the last one until the last one, in China."""
    moments = ((0, 1), (23, 59))
    for hour, minute in moments:
        now = datetime.strptime(day, "%Y%m%d").replace(hour=hour, minute=minute, tzinfo=CHINA)
        world, _ = _world(now)
        if fault:
            code, name = fault.split()
            assert _faults(world) == [f"{code} {QE}/{name}"]
        else:
            assert world.do(QE, "save-declare", "E-1", NAMED).outgoing


@pytest.mark.requirement("EX-01")
@given(st.integers(0, 60), st.integers(-5, 90))
def test_the_days_are_configurable(days: int, ahead: int) -> None:
    """So many days ahead of the last day it is possible, and no more."""
    world, _ = _world(LAST - timedelta(days=ahead), days)
    if 0 <= ahead <= days:
        assert world.do(QE, "extend", "E-1", NAMED).outgoing
    else:
        assert len(_faults(world)) == 1


@pytest.mark.requirement("EX-01")
def test_an_extension_may_be_saved_before_its_time() -> None:
    """It is told when it can be declared, and waits for that day."""
    world, _ = _world(LAST - timedelta(days=20))
    saved = world.do(QE, "save", "E-1", NAMED)
    assert [warning.code for warning in saved.warnings] == ["change.too-early"]
    assert "20270620" in saved.warnings[0].text("en")
    world.now = LAST - timedelta(days=10)
    assert world.do(QE, "declare", "E-1").outgoing


@pytest.mark.requirement("EX-01")
@pytest.mark.parametrize(("office", "nature"), [("5301", "1"), ("0708", "3"), ("5729", "4")])
def test_only_bonded_qualifications_are_extended(office: str, nature: str) -> None:
    """General trade and what is treated as such file a change of their guarantee instead."""
    world = World()
    body = qualification(CustomMaster=office, GoodsNature=nature)
    number = world.do(QF, "save-declare", "QB-1", body).document.number
    world.answer(number, "A", valid_until="20261025")
    assert _faults(world) == [f"change.extension-bonded-only {QE}/GoodsNature"]


@pytest.mark.requirement("EX-01")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CustomMaster", "5304"),
        ("TradeName", "另一家公司"),
        ("GoodsNature", "1"),
        ("ApprovedValidDate", "20280630"),
    ],
)
def test_nothing_else_is_altered_by_it(name: str, value: str) -> None:
    """Each difference is refused by name; what is on file may be repeated."""
    world, number = _world()
    assert _faults(world, **{name: value}) == [f"change.fixed-field {QE}/{name}"]
    kept = str(world.documents[number].content[name])
    assert world.do(QE, "extend", "E-1", {**NAMED, name: kept}).outgoing


@pytest.mark.requirement("EX-02")
@pytest.mark.parametrize("day", ["", "20270630", "20270101"])
def test_an_approval_without_a_later_last_day_is_for_a_person(day: str) -> None:
    """Nobody can tell until when the right lasts now."""
    world, number = _world()
    extension = world.do(QE, "extend", "E-1", NAMED).document.number
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        world.answer(extension, "A", valid_until=day)
    assert fault.value.code == "change.no-last-day"
    assert number in fault.value.text("en")
    assert world.documents == before


@pytest.mark.requirement("EX-02", "CH-04")
def test_a_refused_extension_leaves_the_last_day() -> None:
    """The right ends when it would have ended."""
    world, number = _world()
    extension = world.do(QE, "extend", "E-1", NAMED).document.number
    world.answer(extension, "R", valid_until="20280630")
    assert world.documents[number].valid_until == "20270630"
    assert world.documents[extension].valid_until is None


@pytest.mark.requirement("CH-01")
def test_change_and_extension_wait_for_each_other() -> None:
    """One filing, one undecided application."""
    world, _ = _world()
    number = world.do(QC, "save-declare", "C-1", {**NAMED, "IEBatches": "20"}).document.number
    assert _faults(world) == [f"change.undecided {QE}/QualificationSeqNo"]
    world.answer(number, "R")
    world.do(QE, "extend", "E-1", NAMED)
    with pytest.raises(RejectedError) as fault:
        world.do(QC, "edit", "C-1", {**NAMED, "IEBatches": "30"})
    assert codes_of(fault.value) == [f"change.undecided {QC}/QualificationSeqNo"]


def test_without_a_last_day_there_is_nothing_to_extend() -> None:
    """Customs approved a bonded qualification and named no day."""
    world, number = _world()
    document = world.documents[number]
    content = {name: value for name, value in document.content.items() if name != "ApprovedValidDate"}
    world.put(replace(document, valid_until=None, content=content))
    assert _faults(world) == [f"change.no-day-to-extend {QE}/ApprovedValidDate"]
