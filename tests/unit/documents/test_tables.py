"""Every pair of state and event is either allowed, with one outcome, or not; nothing is left to chance."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import (
    aggregation_states,
    application,
    awaited,
    declaration_states,
    diagrams,
    filing,
    manifest_states,
    state_of,
    states_of,
)
from gateway.documents.core import Document, Kind
from gateway.documents.lives import machine_of
from gateway.documents.states import RECEIPTS, Event, Machine
from tests.unit.documents.world import approved_world, cleared

# state: event>outcome … ; written by hand from the requirements, not from the code.
QUALIFICATION = """
entered: save>saved save-declare>declared
saved: edit>saved declare>declared delete>deleted
declared: receive>sent fail>receive_failed approve>approved refuse>refused revoke>revoked
sent: approve>approved refuse>refused revoke>revoked
receive_failed: edit>saved delete>deleted
refused: edit>saved delete>deleted
approved: revoke>revoked amend>approved change>approved extend>approved
revoked: delete>deleted change>revoked extend>revoked
deleted:
"""
VOLUME = """
entered: save>saved save-declare>declared
saved: edit>saved declare>declared delete>deleted
declared: receive>sent fail>receive_failed approve>approved refuse>refused revoke>revoked recall>saved
sent: approve>approved refuse>refused revoke>revoked
receive_failed: edit>saved delete>deleted
refused: edit>saved delete>deleted
approved: revoke>revoked amend>approved change>approved
revoked: delete>deleted change>revoked
deleted:
"""
APPLICATION = """
entered: save>saved save-declare>declared
saved: edit>saved declare>declared delete>deleted
declared: receive>sent fail>receive_failed approve>approved refuse>refused
sent: approve>approved refuse>refused
receive_failed: edit>saved delete>deleted
refused: edit>saved delete>deleted
approved:
deleted:
"""
MANIFEST_START = """
entered: save>saved save-declare>declared
saved: edit>saved declare>declared delete>deleted
receive_failed: edit>saved delete>deleted
rejected: edit>saved delete>deleted
aggregated:
withdrawn:
deleted:
"""
MANIFEST = (
    MANIFEST_START
    + """
declared: receive>sent fail>receive_failed approve>approved refuse>rejected clear>cleared withdraw>withdrawn
sent: approve>approved refuse>rejected clear>cleared withdraw>withdrawn
approved: clear>cleared withdraw>withdrawn amend>approved modify>approved
entrusted: clear>cleared withdraw>withdrawn amend>entrusted modify>entrusted
carried: clear>cleared withdraw>withdrawn amend>carried modify>carried
crossed: clear>cleared withdraw>withdrawn amend>crossed modify>crossed
cleared: await>awaiting_aggregation withdraw>withdrawn amend>cleared modify>cleared
awaiting_aggregation: aggregate>aggregated withdraw>withdrawn leave>cleared amend>awaiting_aggregation
    modify>awaiting_aggregation
"""
)
BONDED_ROAD = (
    MANIFEST_START
    + """
declared: receive>sent fail>receive_failed approve>approved refuse>rejected entrust>entrusted carry>carried
    cross>crossed clear>cleared withdraw>withdrawn
sent: approve>approved refuse>rejected entrust>entrusted carry>carried cross>crossed clear>cleared
    withdraw>withdrawn
approved: entrust>entrusted carry>carried cross>crossed clear>cleared withdraw>withdrawn
    amend>approved modify>approved
entrusted: carry>carried cross>crossed clear>cleared withdraw>withdrawn amend>entrusted modify>entrusted
carried: cross>crossed clear>cleared withdraw>withdrawn amend>carried modify>carried
crossed: clear>cleared withdraw>withdrawn amend>crossed modify>crossed
cleared: await>awaiting_aggregation withdraw>withdrawn amend>cleared modify>cleared
awaiting_aggregation: aggregate>aggregated withdraw>withdrawn leave>cleared amend>awaiting_aggregation
    modify>awaiting_aggregation
"""
)
DECLARATION = """
entered: save>saved save-declare>declared
saved: edit>saved declare>declared
declared: receive>declared accept>declared fail>not_accepted refuse>not_accepted inspect>inspection
    review>reviewed clear>cleared
not_accepted: edit>saved declare>declared
inspection: review>reviewed refuse>not_accepted clear>cleared
reviewed: clear>cleared refuse>not_accepted
cleared:
"""
RUN = """
entered: save>requested
requested: make>making
making: stop>stopped repeat>requested finish>done
stopped: repeat>requested
done:
"""
LIVES = [
    pytest.param(
        filing.QUALIFICATION,
        QUALIFICATION,
        id="qualification",
        marks=pytest.mark.requirement("QF-08", "QF-09"),
    ),
    pytest.param(filing.VOLUME, VOLUME, id="volume", marks=pytest.mark.requirement("GF-06")),
    pytest.param(application.MACHINE, APPLICATION, id="application", marks=pytest.mark.requirement("CH-01")),
    pytest.param(
        manifest_states.MACHINE, MANIFEST, id="manifest", marks=pytest.mark.requirement("MF-11", "MF-12")
    ),
    pytest.param(
        manifest_states.BONDED_ROAD_MACHINE,
        BONDED_ROAD,
        id="bonded-road",
        marks=pytest.mark.requirement("MF-11", "MF-12"),
    ),
    pytest.param(
        declaration_states.MACHINE, DECLARATION, id="declaration", marks=pytest.mark.requirement("DC-01")
    ),
    pytest.param(aggregation_states.MACHINE, RUN, id="run", marks=pytest.mark.requirement("AG-04")),
]


# What is possible wherever the document can be edited, and what in every state after saving.
_OF_ITEMS = ("append-item", "insert-item", "delete-item", "reclassify")
ITEMS = {
    filing.VOLUME: _OF_ITEMS,
    manifest_states.MACHINE: _OF_ITEMS,
    manifest_states.BONDED_ROAD_MACHINE: _OF_ITEMS,
}
READINGS = {
    filing.QUALIFICATION: ("print", "show"),
    filing.VOLUME: ("copy", "print", "show"),
    application.MACHINE: ("print", "show"),
    manifest_states.MACHINE: ("copy", "print", "show"),
    manifest_states.BONDED_ROAD_MACHINE: ("copy", "print", "show"),
    declaration_states.MACHINE: ("print", "show"),
}


def _read(text: str) -> dict[tuple[str, str], str]:
    table: dict[tuple[str, str], str] = {}
    state = ""
    for word in text.split():
        if word.endswith(":"):
            state = word[:-1]
        else:
            event, target = word.split(">")
            table[state, event] = target
    return table


@pytest.mark.parametrize(("machine", "expected"), LIVES)
def test_every_pair_of_state_and_event_is_as_required(machine: Machine, expected: str) -> None:
    """Each pair is allowed with the required outcome, or not allowed."""
    table = _read(expected)
    for (state_name, event_name), target in list(table.items()):
        if event_name == "edit":
            table.update({(state_name, each): target for each in ITEMS.get(machine, ())})
    for state in list(machine.states)[1:]:
        table.update({(state.value, each): state.value for each in READINGS.get(machine, ())})
    for state in machine.states:
        for event in Event:
            assert machine.follow(state, event) == table.get((state.value, event.value)), (state, event)


@pytest.mark.parametrize(("machine", "expected"), LIVES)
def test_the_expectation_names_every_state(machine: Machine, expected: str) -> None:
    """No state was forgotten in the expectation."""
    assert {word[:-1] for word in expected.split() if word.endswith(":")} == {s.value for s in machine.states}


CHAINS = [
    (filing.QUALIFICATION, "declared", ["receive", "approve"], "approved"),
    (filing.QUALIFICATION, "declared", ["receive", "approve", "revoke"], "revoked"),
    (filing.QUALIFICATION, "declared", ["receive", "refuse"], "refused"),
    (manifest_states.MACHINE, "declared", ["receive", "approve", "clear"], "cleared"),
    (manifest_states.MACHINE, "declared", ["receive", "approve", "withdraw"], "withdrawn"),
    (manifest_states.MACHINE, "declared", ["receive", "refuse"], "rejected"),
    (
        manifest_states.BONDED_ROAD_MACHINE,
        "declared",
        ["receive", "approve", "entrust", "carry", "cross", "clear"],
        "cleared",
    ),
    (declaration_states.MACHINE, "declared", ["receive", "accept", "inspect", "review", "clear"], "cleared"),
    (declaration_states.MACHINE, "declared", ["receive", "accept", "refuse"], "not_accepted"),
    (declaration_states.MACHINE, "declared", ["receive", "review", "refuse"], "not_accepted"),
]


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize(("machine", "start", "events", "end"), CHAINS)
def test_receipts_end_in_the_same_state_in_whatever_order_and_however_often(
    machine: Machine, start: str, events: list[str], end: str
) -> None:
    """Each order of a chain of receipts, each receipt twice, ends where the right order ends."""
    for order in permutations(events):
        state = machine.states(start)
        for name in [*order, *order]:
            event = Event(name)
            target = machine.follow(state, event)
            assert target is not None or machine.is_stale(state, event), (order, state, event)
            state = target or state
        assert state.value == end, order


@pytest.mark.requirement("CU-03")
@given(st.sampled_from([value for param in LIVES for value in param.values[:1]]), st.data())
def test_no_receipt_leads_back(machine: Machine, data: st.DataObject) -> None:
    """What is stale is never also allowed, and commands are never stale."""
    state = data.draw(st.sampled_from(list(machine.states)))
    event = data.draw(st.sampled_from(list(Event)))
    if machine.is_stale(state, event):
        assert event in RECEIPTS
        assert machine.follow(state, event) is None


def test_contradictions_are_not_stale() -> None:
    """A refusal after an approval, or an approval after a refusal, is for a person."""
    state = filing.FilingState
    assert not filing.QUALIFICATION.is_stale(state.APPROVED, Event.REFUSE)
    assert not filing.QUALIFICATION.is_stale(state.REFUSED, Event.APPROVE)
    assert not filing.QUALIFICATION.is_stale(state.SAVED, Event.APPROVE)


@pytest.mark.requirement("MF-12")
def test_only_the_official_numbers_of_the_manual_are_used() -> None:
    """The manual tells six numbers; no other is invented."""
    official = {s.official: s.zh for s in manifest_states.ManifestState if s.official}
    expected = {
        "7": "海关审批通过",
        "9": "已委托",
        "10": "已承运",
        "11": "已过境",
        "12": "待汇总",
        "15": "已结关",
    }
    assert official == expected


@pytest.mark.requirement("MF-12")
@pytest.mark.parametrize(
    ("nature", "traffic", "road"), [("2", "4", True), ("2", "2", False), ("1", "4", False)]
)
def test_only_bonded_road_transport_is_entrusted(nature: str, traffic: str, road: bool) -> None:
    """General trade and other transport go from approved to cleared."""
    document = cleared(approved_world(), "M-1")
    world_document = _as(document, nature, traffic)
    assert (machine_of(world_document) is manifest_states.BONDED_ROAD_MACHINE) is road


def _as(document: Document, nature: str, traffic: str) -> Document:
    return replace(document, nature=nature, content={**document.content, "TrafMode": traffic})


@pytest.mark.requirement("CU-01")
def test_declared_awaits_both_receipts_and_cleared_none() -> None:
    """Technical and business receipts are awaited apart."""
    document = cleared(approved_world(), "M-1")
    assert awaited(document) == frozenset()
    assert awaited(replace(document, state="approved")) == {"B"}
    assert awaited(replace(document, state="sent")) == {"B"}
    assert awaited(replace(document, state="declared")) == {"T", "B"}


def test_states_are_told_in_both_languages() -> None:
    """Every state of every kind has an English and a Chinese name."""
    for kind in Kind:
        assert all(state.en and state.zh for state in states_of(kind))
    assert state_of(cleared(approved_world(), "M-1")).zh == "已结关"


@pytest.mark.requirement("DC-01")
def test_every_channel_code_of_the_interface_has_a_meaning() -> None:
    """44 codes are known, and each means one event or is a notice."""
    channels = declaration_states.CHANNELS
    assert len(channels) == 44
    assert channels["L"] is Event.ACCEPT
    assert channels["E"] is Event.REFUSE
    assert channels["R"] is Event.CLEAR
    assert channels["T"] is None


def test_the_page_of_diagrams_is_fresh() -> None:
    """docs/states.md is what the tables draw; `make docs` renews it."""
    page = Path(__file__).parents[3] / diagrams.PAGE
    assert page.read_text("utf-8") == diagrams.draw()
