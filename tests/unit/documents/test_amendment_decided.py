"""What customs' decision about an amendment does to its manifest and to aggregation (AM-06, AM-07)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.amending import (
    AMENDABLE,
    MOD,
    OUT,
    amended_world,
    declared,
    now,
    row,
    rows,
    withdrawal,
)
from tests.unit.documents.month import aggregate, make_declarations
from tests.unit.documents.world import codes_of, manifest


@pytest.mark.requirement("AM-06")
def test_an_approved_modification_becomes_the_content_of_the_manifest() -> None:
    """Customs number, number and state stay; the history has a new version of its own event."""
    world, found = amended_world()
    given = rows(row("GrossWet", "130"), row("GNo", item=2), row("NoteS", "改"))
    number = declared(world, given).number
    world.answer(number, "0", "T")
    assert now(world, found).content == found.content
    decision = world.answer(number, "A", customs_number="53012026X000000001")
    assert isinstance(decision, Decision)
    present = now(world, found)
    assert world.documents[number].customs_number == "53012026X000000001"
    assert (present.state, present.customs_number) == (found.state, found.customs_number)
    assert (present.content["GrossWet"], present.content["NoteS"]) == ("130", "改")
    items = present.content["Item"]
    assert isinstance(items, list)
    assert [(item["GNo"], item["GQty"]) for item in items] == [("1", "100"), ("2", "5")]
    assert (found.number, "modify", "cleared") in world.history
    assert [(news.number, news.code) for news in decision.news] == [(found.number, "news.manifest-modified")]


@pytest.mark.requirement("AM-04", "AM-06")
@pytest.mark.parametrize("state", sorted(AMENDABLE))
def test_an_approved_withdrawal_ends_the_manifest(state: str) -> None:
    """From every state; it never aggregates."""
    world, found = amended_world()
    world.put(replace(found, state=state))
    number = world.do(OUT, "save-declare", "A-1", withdrawal()).document.number
    decision = world.answer(number, "A")
    assert isinstance(decision, Decision)
    assert now(world, found).state == "withdrawn"
    assert [news.code for news in decision.news] == ["news.manifest-withdrawn"]
    with pytest.raises(RejectedError) as fault:
        aggregate(world)
    assert codes_of(fault.value) == ["aggregation.nothing-cleared AggregationRequest/Month"]


@pytest.mark.requirement("AM-06")
@pytest.mark.parametrize("message", [MOD, OUT])
@pytest.mark.parametrize(("code", "receipt_type"), [("R", "B"), ("1", "T")])
def test_a_refused_amendment_changes_nothing(message: str, code: str, receipt_type: str) -> None:
    """The manifest stays as it was, but for its version; the amendment may be edited and declared again."""
    world, found = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    number = world.do(message, "save-declare", "A-1", body).document.number
    world.answer(number, code, receipt_type)
    assert now(world, found) == replace(found, version=found.version + 1)
    world.do(message, "edit", "A-1", body)
    assert world.do(message, "declare", "A-1").document.state == "declared"


@pytest.mark.requirement("AM-06", "MF-12")
def test_a_modification_applies_to_the_content_whatever_state_came_meanwhile() -> None:
    """A manifest that was approved when it was amended is cleared by a receipt before the decision."""
    world, found = amended_world()
    world.put(replace(found, state="approved"))
    number = declared(world).number
    world.answer(found.number, "15")
    world.answer(number, "A")
    present = now(world, found)
    assert (present.state, present.content["GrossWet"]) == ("cleared", "130")


@pytest.mark.requirement("AM-06")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_a_manifest_that_customs_withdrew_meanwhile_stays_withdrawn(message: str) -> None:
    """By its own receipt, before that of the amendment; the ERP is told."""
    world, found = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    number = world.do(message, "save-declare", "A-1", body).document.number
    world.answer(found.number, "W")
    before = now(world, found)
    decision = world.answer(number, "A")
    assert isinstance(decision, Decision)
    assert (now(world, found), world.documents[number].state) == (before, "approved")
    assert [news.code for news in decision.news] == ["news.manifest-was-withdrawn"]


@pytest.mark.requirement("AM-06", "AG-09")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_an_approval_after_aggregation_is_left_to_a_person(message: str) -> None:
    """Should it ever come so far: the declaration would no longer say what its manifests say."""
    world, found = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    number = world.do(message, "save-declare", "A-1", body).document.number
    world.put(replace(now(world, found), state="aggregated"))
    with pytest.raises(RejectedError) as fault:
        world.answer(number, "A")
    assert fault.value.code == "amendment.manifest-aggregated"
    assert world.documents[number].state == "declared"


@pytest.mark.requirement("AM-07")
def test_a_manifest_that_is_being_amended_does_not_aggregate() -> None:
    """Neither with its month nor by name; the refusal says why. After the decision it does."""
    world, found = amended_world()
    number = declared(world).number
    with pytest.raises(RejectedError) as fault:
        aggregate(world)
    assert codes_of(fault.value) == ["aggregation.nothing-cleared AggregationRequest/Month"]
    listed: list[Fields] = [{"SeqNo": found.number}]
    with pytest.raises(RejectedError) as fault:
        world.do("AggregationRequest", "", "AG-1", {"Month": "202610", "Manifest": listed})
    path = "AggregationRequest/Manifest[1]/SeqNo"
    assert codes_of(fault.value) == [f"aggregation.amendment-open {path}"]
    world.answer(number, "A")
    assert "130" in str([declaration.content for declaration in aggregate(world).declarations])


@pytest.mark.requirement("AM-07", "AG-10")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_one_that_awaits_aggregation_leaves_its_run(message: str) -> None:
    """The reply says so; the run makes the declarations of the others, and the next takes it in again."""
    world, found = amended_world()
    other = world.do("Manifest", "save-declare", "M-2", manifest(BillNo="BL2")).document
    world.answer(other.number, "7", customs_number="530120261000000077")
    world.answer(other.number, "15")
    run = world.do("AggregationRequest", "", "AG-1", {"Month": "202610"}).document
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    decision = world.do(message, "save-declare", "A-1", body)
    assert [warning.code for warning in decision.warnings] == ["amendment.leaves-run"]
    assert (now(world, found).state, now(world, found).parent) == ("cleared", None)
    assert (found.number, "leave", "cleared") in world.history
    made = make_declarations(run, world)
    assert {relation.manifest for relation in made.relations} == {other.number}
    world.answer(decision.document.number, "R")
    again = aggregate(world, client_number="AG-2")
    assert {relation.manifest for relation in again.relations} == {found.number}


@pytest.mark.requirement("AM-07")
def test_a_run_that_every_manifest_has_left_ends_with_a_word() -> None:
    """No declaration is made, and the month can be requested again."""
    world, _ = amended_world()
    run = world.do("AggregationRequest", "", "AG-1", {"Month": "202610"}).document
    amendment = declared(world)
    made = make_declarations(run, world)
    assert made.declarations == ()
    assert (now(world, run).state, [news.code for news in made.news]) == ("done", ["news.aggregation-empty"])
    world.answer(amendment.number, "A")
    assert aggregate(world, client_number="AG-2").relations


class Amendments(RuleBasedStateMachine):
    """Random commands and receipts about one manifest; a count of its own says what must be accepted."""

    @initialize()
    def begin(self) -> None:
        """Start with a cleared manifest."""
        self.world, self.manifest = amended_world()
        self.made: list[str] = []
        self.undecided: set[str] = set()
        self.runs = 0

    @rule(withdraw=st.booleans(), operation=st.sampled_from(["save", "save-declare"]))
    def ask(self, *, withdraw: bool, operation: str) -> None:
        """An amendment is accepted where the manifest's state allows it and none is undecided."""
        count = len(self.made)
        message, body = (OUT, withdrawal()) if withdraw else (MOD, rows(row("PackNo", str(count + 11))))
        free = not self.undecided and now(self.world, self.manifest).state in AMENDABLE
        try:
            number = self.world.do(message, operation, f"A-{count}", body).document.number
        except RejectedError:
            assert not free
        else:
            assert free
            self.made.append(number)
            if operation == "save-declare":
                self.undecided.add(number)

    @rule(choice=st.integers(0, 9))
    def declare(self, choice: int) -> None:
        """Of those that were saved, none is declared while another is undecided."""
        saved = [number for number in self.made if self.world.documents[number].state == "saved"]
        if not saved:
            return
        amendment = self.world.documents[saved[choice % len(saved)]]
        try:
            self.world.do(amendment.message_type, "declare", amendment.client_number)
        except RejectedError:
            return
        assert not self.undecided
        self.undecided.add(amendment.number)

    @rule(choice=st.integers(0, 9), answer=st.sampled_from(["T0", "T1", "BA", "BR"]))
    def decide(self, choice: int, answer: str) -> None:
        """Customs answers, early, late or again."""
        if not self.made:
            return
        number = self.made[choice % len(self.made)]
        try:
            result = self.world.answer(number, answer[1], answer[0])
        except RejectedError:
            return
        if answer != "T0" and isinstance(result, Decision):
            self.undecided.discard(number)

    @rule()
    def aggregate(self) -> None:
        """A month is aggregated only while no amendment is undecided."""
        self.runs += 1
        free = not self.undecided and now(self.world, self.manifest).state == "cleared"
        try:
            aggregate(self.world, client_number=f"AG-{self.runs}")
        except RejectedError:
            assert not free
        else:
            assert free

    @invariant()
    def one_at_a_time(self) -> None:
        """Never two, and never one of an aggregated manifest."""
        amendments = self.world.changes_of(self.manifest.number)
        found = {each.number for each in amendments if each.state in {"declared", "sent"}}
        assert found == self.undecided
        assert len(found) <= 1
        assert not (found and now(self.world, self.manifest).state == "aggregated")


Amendments.TestCase.settings = settings(max_examples=40, stateful_step_count=15)
TestAmendments = pytest.mark.requirement("AM-05", "AM-07")(Amendments.TestCase)
