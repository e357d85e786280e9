"""The outcomes that a client number can ask for, and when the answers leave."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from customs_stub.choosing import by_number
from customs_stub.clock import BEIJING
from customs_stub.courses import Delivery, Plan, approved, not_received, refused
from customs_stub.facts import State
from customs_stub.faults import Fault, texts
from customs_stub.scenarios import NAMED, SCENARIOS, Scenario
from customs_stub.schedule import arrange
from customs_stub.submission import PARENTS, Kind
from tests.unit.customs_stub.messages import (
    declaration,
    extension,
    manifest,
    modification,
    qualification,
    qualification_change,
    volume,
    volume_change,
    withdrawal,
)
from tests.unit.customs_stub.records_for_tests import submitted

BODIES = {
    Kind.QUALIFICATION: qualification(),
    Kind.QUALIFICATION_CHANGE: qualification_change(),
    Kind.EXTENSION: extension(),
    Kind.VOLUME: volume(),
    Kind.VOLUME_CHANGE: volume_change("J53016000001"),
    Kind.MANIFEST: manifest("J53016000001"),
    Kind.MODIFICATION: modification("53012026E000000001", [], {}),
    Kind.WITHDRAWAL: withdrawal("53012026E000000001"),
    Kind.DECLARATION: declaration(),
}


def told(plan: Plan) -> list[str]:
    """Return the answers in short."""
    return [("T " if step.technical else "B ") + step.code for step in plan]


def shaped(letter: str, kind: Kind) -> Plan:
    """Return the normal course as the letter shapes it."""
    return SCENARIOS[letter].shape(approved(kind, submitted(kind, BODIES[kind])))


@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        (Kind.QUALIFICATION, ["T 0", "B A"]),
        (Kind.VOLUME, ["T 0", "B A"]),
        (Kind.MANIFEST, ["T 0", "B 7", "B 15"]),
        (Kind.DECLARATION, ["T 0", "B L", "B J", "B R"]),
        *((kind, ["T 0", "B A"]) for kind in PARENTS),
    ],
)
def test_each_kind_has_its_course(kind: Kind, answers: list[str]) -> None:
    """A technical receipt first, then the decisions."""
    assert told(shaped("A", kind)) == answers


def test_bonded_goods_by_road_pass_the_border_step_by_step() -> None:
    """Entrusted, carried and crossed stand between approval and clearance."""
    by_road = submitted("Manifest", manifest("H53016000001", GoodsNature="2"))
    assert told(approved(Kind.MANIFEST, by_road)) == ["T 0", "B 7", "B 9", "B 10", "B 11", "B 15"]


@pytest.mark.parametrize(("kind", "code"), [(k, "E" if k is Kind.DECLARATION else "R") for k in Kind])
def test_a_refusal_says_why(kind: Kind, code: str) -> None:
    """Code, text and pointer of the first fault lead."""
    plan = refused(kind, [Fault("G03", "Manifest/Item[2]/GNo", "3")])
    assert told(plan) == ["T 0", f"B {code}"]
    assert plan[1].effect is State.REFUSED
    assert plan[1].faults[0].text == texts()["G03"]["zh"] + "：3"


def test_what_did_not_get_in_has_a_negative_code() -> None:
    """Every technical fault of the catalogue has a code of its own."""
    found = [not_received([Fault(code, "")])[0].code for code in texts() if code.startswith("X")]
    assert all(code.startswith("-") for code in found)
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("letter", "answers"),
    [
        ("N", []),
        ("O", ["B 7", "B 15", "T 0"]),
        ("P", ["T 0", "B 7"]),
        ("V", ["T 0", "B 7", "B 15"]),
        ("W", ["T 0", "B 7", "B 7", "B 15"]),
        ("B", ["T 0", "B 7", "B 7", "B 15"]),
        ("I", ["T 0", "B 7", "B 15"]),
    ],
)
def test_letters_rearrange_the_answers_to_a_manifest(letter: str, answers: list[str]) -> None:
    """Each outcome is the normal course in another shape."""
    assert told(shaped(letter, Kind.MANIFEST)) == answers


def test_every_letter_leaves_an_empty_or_failing_plan_sensible() -> None:
    """A message that did not get in is answered under every letter but the silent one."""
    failed = not_received([Fault("X03", "")])
    for letter, scenario in SCENARIOS.items():
        assert bool(scenario.shape(failed)) == (letter != "N")
        assert scenario.shape(()) == ()


def test_an_inspected_declaration_is_told_before_it_is_reviewed() -> None:
    """Inspection is an answer of its own."""
    assert told(shaped("I", Kind.DECLARATION)) == ["T 0", "B L", "B C", "B J", "B R"]


def test_a_revocation_follows_the_approval_of_filings_only() -> None:
    """Manifests and applications are not revoked."""
    for kind in (Kind.QUALIFICATION, Kind.VOLUME):
        assert told(shaped("V", kind)) == ["T 0", "B A", "B V"]
    assert shaped("V", Kind.QUALIFICATION)[-1].effect is State.REVOKED
    for kind in PARENTS:
        assert told(shaped("V", kind)) == ["T 0", "B A"]


@pytest.mark.parametrize(
    ("letter", "delivery"),
    [
        ("W", Delivery.FORGED),
        ("B", Delivery.BROKEN),
        ("U", Delivery.UNFINISHED),
        ("E", Delivery.EXPIRED),
        ("C", Delivery.UNKNOWN),
        ("M", Delivery.OTHER_DOCUMENT),
        ("G", Delivery.OTHER_OFFICE),
    ],
)
def test_a_bad_twin_changes_nothing_by_itself(letter: str, delivery: Delivery) -> None:
    """Only the right receipt moves the document in the office's records."""
    twin, right = shaped(letter, Kind.QUALIFICATION)[1:]
    assert (twin.delivery, twin.effect) == (delivery, None)
    assert (right.delivery, right.effect) == (Delivery.WHOLE, State.APPROVED)


def test_twice_and_in_halves_concern_every_receipt() -> None:
    """None is left out."""
    assert {step.copies for step in shaped("T", Kind.DECLARATION)} == {2}
    assert {step.delivery for step in shaped("X", Kind.DECLARATION)} == {Delivery.HALVES}


def test_each_scenario_is_told_in_both_languages() -> None:
    """The list is what people read before they play; whatever is listed behaves, and nothing else does."""
    for scenario in SCENARIOS.values():
        assert all((scenario.en, scenario.zh, scenario.gateway_en, scenario.gateway_zh)), scenario.name
    plain = Scenario(name="", letter="", en="", zh="", gateway_en="", gateway_zh="")
    texts_alone = {"name": "", "letter": "", "en": "", "zh": "", "gateway_en": "", "gateway_zh": ""}
    ordinary = {name for name, scenario in NAMED.items() if replace(scenario, **texts_alone) == plain}
    assert ordinary == {"accept"}
    assert len(NAMED) == len(SCENARIOS)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_held_waits_after_the_technical_receipt(kind: Kind) -> None:
    """A declaration is told to be under inspection meanwhile."""
    held = [step for step in shaped("K", kind) if step.held]
    assert held
    assert not {step.code for step in held} & {"0", "L", "C"}
    assert held == list(shaped("K", kind))[-len(held) :]


def test_pauses_stand_before_each_business_answer() -> None:
    """The technical receipt leaves at once; a late step adds its own seconds."""
    now = datetime(2026, 10, 20, 8, tzinfo=BEIJING)
    slots = arrange(shaped("I", Kind.WITHDRAWAL), by_number("I2-"), now, 100.0)
    assert [slot.due for slot in slots] == [100.0, 103.0]
    slots = arrange(shaped("I", Kind.MANIFEST), by_number("I2-"), now, 100.0)
    assert [slot.due for slot in slots] == [100.0, 103.0, 105.0]
    assert [(slot.moment - now).seconds for slot in slots] == [0, 3, 5]
    slots = arrange(shaped("J", Kind.WITHDRAWAL), by_number("J3-"), now, 100.0)
    assert [slot.due for slot in slots] == [130.0, 133.0]
