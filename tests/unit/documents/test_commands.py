"""Commands find their document, are judged by its state, and refuse what they cannot do."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Command, decide
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import (
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    qualification,
    volume,
)

QF, GF, MF = "QualificationFiling", "GoodsFiling", "Manifest"


def _fault(
    world: World, message: str, operation: str, number: str, body: Fields | None = None
) -> RejectedError:
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, number, body)
    return fault.value


@pytest.mark.requirement("ER-04")
def test_a_client_number_is_given_once() -> None:
    """Making another document under it is a conflict, also after the first was deleted."""
    world = World()
    world.do(QF, "save", "QF-1", qualification())
    fault = _fault(world, QF, "save", "QF-1", qualification(CustomMaster="5304"))
    assert codes_of(fault) == ["rule.client-number-taken MessageHead/ClientSeqNo"]
    world.do(QF, "delete", "QF-1")
    assert _fault(world, QF, "save-declare", "QF-1", qualification()).code == "rule.client-number-taken"


@pytest.mark.requirement("EN-05")
def test_a_taken_number_is_told_with_what_its_document_allows() -> None:
    """In both languages; an edit is not offered of what is with customs."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification())
    fault = _fault(world, QF, "save", "QF-1", qualification())
    assert "已申报" in fault.text("zh")
    assert "edit" not in fault.text("en")
    assert "declared" not in fault.text("zh")


@pytest.mark.requirement("EN-05")
def test_what_a_state_does_not_allow_is_told_of_the_operation() -> None:
    """Every fault names its field, also where the field is the command itself."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification())
    assert codes_of(_fault(world, QF, "delete", "QF-1")) == ["state.not-allowed MessageHead/Operation"]


def test_client_numbers_are_counted_by_partner_and_kind() -> None:
    """Another partner, or another kind of document, may use the same number."""
    world = approved_world()
    world.do(MF, "save", "QF-1", manifest())
    world.do(QF, "save", "QF-1", qualification(), partner="other")


@pytest.mark.requirement("QF-08", "MF-11")
@pytest.mark.parametrize("by", ["client number", "unified number"])
def test_a_saved_document_is_declared_by_either_number(by: str) -> None:
    """The body may be empty; what was saved goes to customs."""
    world = World()
    saved = world.do(QF, "save", "QF-1", qualification()).changes[0].document
    if by == "client number":
        decision = world.do(QF, "declare", "QF-1")
    else:
        decision = world.do(QF, "declare", "QF-1-D", {"SeqNo": saved.number})
    change = decision.changes[0]
    assert (change.expected_state, change.expected_version, change.event) == ("saved", 1, "declare")
    assert change.document.state == "declared"
    assert decision.outgoing == ((saved.number, decision.outgoing[0][1]),)
    assert decision.outgoing[0][1].body == saved.content


def test_the_number_of_a_command_goes_first() -> None:
    """An operator names a document without a body."""
    world = World()
    number = world.do(QF, "save", "QF-1", qualification()).changes[0].document.number
    decision = decide(Command(QF, "declare", "", "acme", {}, number=number), world)
    assert decision.changes[0].document.number == number


def test_a_declare_command_may_repeat_what_was_saved() -> None:
    """Names of code tables count as their codes."""
    world = World()
    world.do(QF, "save", "QF-1", qualification())
    assert world.do(QF, "declare", "QF-1", qualification(CustomMaster="皇岗海关")).outgoing


def test_a_declare_command_that_differs_names_each_field() -> None:
    """What was saved is what is declared; changes need edit."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest(line(), line()))
    body = manifest(line(GQty="1"), line(), BillNo="OTHER")
    fault = _fault(world, MF, "declare", "M-1", body)
    assert codes_of(fault) == [
        f"rule.differs-from-saved {MF}/BillNo",
        f"rule.differs-from-saved {MF}/Item[1]/GQty",
    ]


@pytest.mark.requirement("QF-08")
@given(st.sampled_from(["declare", "edit", "delete"]))
def test_a_declared_document_is_not_touched(operation: str) -> None:
    """The refusal names the state and what is allowed."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification())
    fault = _fault(world, QF, operation, "QF-1", qualification())
    assert fault.code == "state.not-allowed"
    assert "已申报" in fault.text("zh")
    assert "declared" in fault.text("en")


def test_a_refused_command_names_what_is_allowed() -> None:
    """A receive-failed filing can be edited and deleted, not declared."""
    world = World()
    number = world.do(QF, "save-declare", "QF-1", qualification()).changes[0].document.number
    world.answer(number, "-3", "T")
    fault = _fault(world, QF, "declare", "QF-1")
    assert fault.values["allowed"] == "edit, delete, show, print"


def test_save_and_declare_is_one_step_or_nothing() -> None:
    """One change makes the document declared; a fault makes nothing."""
    world = World()
    decision = world.do(QF, "save-declare", "QF-1", qualification())
    assert [(c.event, c.document.state, c.expected_state) for c in decision.changes] == [
        ("save-declare", "declared", None)
    ]
    _fault(world, QF, "save-declare", "QF-2", qualification(CustomMaster="5304", ContactTel=""))
    assert len(world.documents) == 1


@pytest.mark.requirement("MF-11", "GF-06")
@pytest.mark.parametrize("operation", ["edit", "delete"])
@pytest.mark.parametrize("state", ["saved", "receive_failed", "rejected"])
def test_a_manifest_that_is_not_with_customs_is_edited_or_deleted(state: str, operation: str) -> None:
    """Edited it is saved again with the new content; deleted it keeps its content and is final."""
    world = approved_world()
    first = "save" if state == "saved" else "save-declare"
    number = world.do(MF, first, "M-1", manifest()).changes[0].document.number
    if state == "receive_failed":
        world.answer(number, "-1", "T")
    elif state == "rejected":
        world.answer(number, "R")
    assert world.documents[number].state == state
    world.do(MF, operation, "M-1", manifest(BillNo="CORRECTED"))
    document = world.documents[number]
    if operation == "edit":
        assert (document.state, document.content["BillNo"]) == ("saved", "CORRECTED")
        assert document.content["SeqNo"] == number
        assert world.do(MF, "declare", "M-1").outgoing
    else:
        assert document.state == "deleted"
        assert document.content["BillNo"] == "BL20261019"
        assert _fault(world, MF, "edit", "M-1", manifest()).code == "state.not-allowed"


def test_an_edit_forgets_what_customs_said_before() -> None:
    """A new attempt gets a new answer."""
    world = approved_world()
    number = world.do(MF, "save-declare", "M-1", manifest()).changes[0].document.number
    world.answer(number, "R", customs_number="530120261000000001")
    world.do(MF, "edit", "M-1", manifest())
    assert world.documents[number].customs_number is None
    assert "CustomsNo" not in world.documents[number].content


def test_an_edit_keeps_the_number_and_the_enterprise() -> None:
    """Another number or enterprise is another document."""
    world = World()
    world.do(QF, "save", "QF-1", qualification(TradeCode="4403180001"), partner="both")
    with pytest.raises(RejectedError) as fault:
        world.do(QF, "edit", "QF-1", qualification(TradeCode="4403180002"), partner="both")
    assert codes_of(fault.value) == [f"rule.fill-differs {QF}/TradeCode"]


@pytest.mark.requirement("QR-08")
@pytest.mark.parametrize("operation", ["declare", "edit", "delete"])
def test_a_foreign_document_is_unknown(operation: str) -> None:
    """Another partner's number is answered like one that never was."""
    world = World()
    number = world.do(QF, "save", "QF-1", qualification()).changes[0].document.number
    with pytest.raises(RejectedError) as fault:
        world.do(QF, operation, "X", {"SeqNo": number}, partner="other")
    assert codes_of(fault.value) == [f"rule.unknown-document {QF}/SeqNo"]
    assert codes_of(_fault(world, QF, operation, "QF-7")) == ["rule.unknown-document MessageHead/ClientSeqNo"]


def test_a_number_of_another_kind_is_unknown() -> None:
    """A manifest command finds no qualification."""
    world = World()
    number = world.do(QF, "save", "QF-1", qualification()).changes[0].document.number
    assert _fault(world, MF, "delete", "X", {"SeqNo": number}).code == "rule.unknown-document"


def test_unknown_messages_and_operations_name_the_known_ones() -> None:
    """The reply tells what would be right."""
    world = World()
    assert "save-declare" in _fault(world, MF, "extend", "M-1").text("en")
    assert "copy" not in _fault(world, QF, "copy", "QF-1").text("en").partition("expected")[2]
    assert _fault(world, MF, "", "M-1").code == "command.unknown-operation"
    assert "QualificationFiling" in _fault(world, "Licence", "save", "L-1").text("zh")


def test_the_body_that_was_sent_is_never_changed() -> None:
    """Deciding has no side effect on what came in."""
    world = approved_world()
    body = manifest(line(), CustomMaster="皇岗海关")
    before = repr(body)
    world.do(MF, "save", "M-1", body)
    assert repr(body) == before


@given(st.text(max_size=20), st.sampled_from(["GQty", "DeclPrice", "DeclTotal", "ContrItem", "GNo"]))
def test_any_text_in_a_figure_is_judged_and_never_an_error(text: str, name: str) -> None:
    """Even where the schema would already have refused it."""
    world = approved_world()
    with suppress(RejectedError):
        world.do(MF, "save", "M-1", manifest(line(**{name: text})))


def test_declaring_a_volume_keeps_what_was_saved() -> None:
    """The command may name the qualification by its client number again."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification())
    world.do(GF, "save", "GF-1", volume())
    decision = world.do(GF, "declare", "GF-1", volume())
    assert decision.outgoing[0][1].hold


@pytest.mark.requirement("EN-02", "GF-01")
@pytest.mark.parametrize("operation", ["declare", "append-item"])
@pytest.mark.parametrize("named", ["QF-2", "QF-99"])
def test_a_command_that_names_another_qualification_is_refused(operation: str, named: str) -> None:
    """By the ERP's own number too: what was meant for one qualification is not declared under another."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification())
    world.do(QF, "save-declare", "QF-2", qualification(CustomMaster="5304"))
    world.do(GF, "save", "GF-1", volume())
    body: Fields = {"QualificationClientNo": named}
    if operation != "declare":
        body["Item"] = [goods()]
    fault = _fault(world, GF, operation, "GF-1", body)
    assert codes_of(fault) == [f"rule.differs-from-saved {GF}/QualificationClientNo"]
    body["QualificationClientNo"] = "QF-1"
    assert world.do(GF, operation, "GF-1", body).changes


@pytest.mark.requirement("MF-11", "MF-04")
def test_declaring_a_manifest_may_name_its_volume_again() -> None:
    """It stands there by its customs number; another one is refused."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest())
    other = world.do(GF, "save-declare", "GF-2", volume()).document.number
    world.answer(other, "A", customs_number="J53016000002")
    fault = _fault(world, MF, "declare", "M-1", {"VolumeClientNo": "GF-2"})
    assert codes_of(fault) == [f"rule.differs-from-saved {MF}/VolumeClientNo"]
    assert world.do(MF, "declare", "M-1", {"VolumeClientNo": "GF-1"}).outgoing


@pytest.mark.requirement("MF-11")
def test_declaring_fewer_items_than_are_saved_is_refused() -> None:
    """Who repeats the items means them all: a manifest of two is not declared by a command that shows one."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest(line(), line()))
    fault = _fault(world, MF, "declare", "M-1", manifest(line()))
    assert codes_of(fault) == [f"rule.fewer-than-saved {MF}/Item"]
    assert world.do(MF, "declare", "M-1", manifest(line(), line())).outgoing
