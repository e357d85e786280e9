"""What may be asked of a declaration: declare, correct and declare again, show, print; nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.config import Agent
from gateway.documents import Document, Kind, advance, states_of
from gateway.documents.core import Answer, Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.month import aggregate
from tests.unit.documents.world import (
    OTHER,
    World,
    approved_world,
    cleared,
    codes_of,
    line,
    manifest,
)

DC = "Declaration"
AGENT = Agent(code="4403980009", name="深圳示例报关有限公司")


@pytest.fixture
def world() -> World:
    """A world in November with one declaration of two items, declared on the third."""
    made = approved_world()
    cleared(made, "M-1", manifest(line(), line(ContrItem="2", GQty="3", DeclPrice="7", DeclTotal="21")))
    made.now = datetime(2026, 11, 3, 8, 0, tzinfo=CHINA)
    own = made.settings.enterprise[0].model_copy(update={"agents": (AGENT,)})
    made.settings = made.settings.model_copy(update={"enterprise": (own, *made.settings.enterprise[1:])})
    aggregate(made)
    return made


def _declaration(world: World) -> Document:
    return next(each for each in world.documents.values() if each.kind is Kind.DECLARATION)


def _in(world: World, state: str) -> Document:
    return world.put(replace(_declaration(world), state=state, customs_number="530120261000000001"))


def _ask(world: World, operation: str, partner: str = "acme", **fields: str | list[Fields]) -> Decision:
    body: Fields = {"SeqNo": _declaration(world).number, **fields}
    return world.do(DC, operation, "any", body, partner)


def _head(content: Fields) -> Fields:
    head = content["DecHead"]
    assert isinstance(head, dict)
    return head


def _items(content: Fields) -> list[Fields]:
    lists = content["DecLists"]
    assert isinstance(lists, dict)
    items = lists["DecList"]
    assert isinstance(items, list)
    return items


@pytest.mark.requirement("DC-01")
def test_a_not_accepted_declaration_is_corrected_and_declared_again(world: World) -> None:
    """Saved with the correction, then declared as a new attempt, without what customs gave to the old one."""
    number = _declaration(world).number
    world.apply(advance(_declaration(world), Answer("B", "E"), world))
    decision = _ask(world, "edit", EntyPortCode="470201", Item=[{"GNo": "2", "CiqCode": "101"}])
    assert (decision.document.state, decision.outgoing) == ("saved", ())
    assert decision.shown["changes"] == [
        {
            "field": "EntyPortCode",
            "en": "name of EntyPortCode",
            "zh": "中文EntyPortCode",
            "old": "",
            "new": "470201",
        },
        {
            "field": "CiqCode",
            "en": "name of CiqCode",
            "zh": "中文CiqCode",
            "item": "2",
            "old": "999",
            "new": "101",
        },
    ]
    world.now = datetime(2026, 11, 5, 8, 0, tzinfo=CHINA)
    declared = _ask(world, "declare")
    ((sent, outgoing),) = declared.outgoing
    assert (sent, declared.document.state) == (number, "declared")
    head = _head(outgoing.body)
    assert (head["EntyPortCode"], head["IEDate"]) == ("470201", "20261105")
    assert [item["CiqCode"] for item in _items(outgoing.body)] == ["999", "101"]


@pytest.mark.requirement("DC-01")
def test_correcting_and_declaring_may_be_one_command(world: World) -> None:
    """What is declared has the correction, and the reply shows it."""
    _in(world, "not_accepted")
    decision = _ask(world, "declare", NoteS="更正", WrapType="天然木托")
    assert (decision.document.state, decision.document.customs_number) == ("declared", None)
    head = _head(decision.outgoing[0][1].body)
    assert (head["NoteS"], head["WrapType"]) == ("更正", "93")
    changes = decision.shown["changes"]
    assert isinstance(changes, list)
    assert [each["field"] for each in changes] == ["NoteS", "WrapType"]


@pytest.mark.requirement("DC-01")
def test_a_declaration_may_be_named_by_its_client_number(world: World) -> None:
    """That is the run's number and two characters."""
    _in(world, "saved")
    decision = world.do(DC, "declare", _declaration(world).client_number, {})
    assert decision.document.state == "declared"


@pytest.mark.requirement("DC-01", "AG-03")
@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("4403980009", "深圳示例报关有限公司"),
        (OTHER, "深圳另一家有限公司"),
        ("none", "深圳示例进出口有限公司"),
    ],
)
def test_another_agent_is_looked_up_by_its_code(world: World, code: str, name: str) -> None:
    """From the enterprise's agents, the other enterprises, or the enterprise itself for none."""
    _in(world, "saved")
    if code == "none":
        _ask(world, "edit", AgentCode=AGENT.code)
    head = _head(_ask(world, "edit", AgentCode=code).document.content)
    assert (head["AgentName"], head["DeclareName"]) == (name, name)
    assert head["AgentCode"] == ("4403180001" if code == "none" else code)


@pytest.mark.requirement("DC-01")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"AgentCode": "4403189999"}, f"rule.unknown-agent {DC}/AgentCode"),
        ({"AgentCode": "44-1"}, f"rule.enterprise-code {DC}/AgentCode"),
        ({"WrapType": "再生木拖"}, f"rule.unknown-code {DC}/WrapType"),
        ({"Item": [{"GNo": "3", "CiqCode": "101"}]}, f"declaration.no-item {DC}/Item[1]/GNo"),
        ({"WrapType": "22"}, f"declaration.nothing-corrected {DC}"),
        ({}, f"declaration.nothing-corrected {DC}"),
    ],
)
def test_a_correction_that_is_wrong_changes_nothing(world: World, fields: Fields, code: str) -> None:
    """Every fault is told at its field."""
    _in(world, "saved")
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        world.do(DC, "edit", "any", {"SeqNo": _declaration(world).number, **fields})
    assert codes_of(fault.value) == [code]
    assert world.documents == before


OUTCOMES = {
    ("edit", "saved"): "saved",
    ("edit", "not_accepted"): "saved",
    ("declare", "saved"): "declared",
    ("declare", "not_accepted"): "declared",
}


@pytest.mark.requirement("DC-01", "DC-03")
@pytest.mark.parametrize("operation", ["edit", "declare", "show", "print"])
@pytest.mark.parametrize("state", [state.value for state in states_of(Kind.DECLARATION)[1:]])
def test_every_command_in_every_state(world: World, operation: str, state: str) -> None:
    """Only what is saved or was not accepted may be corrected and declared; all may be shown and printed."""
    present = _in(world, state)
    fields = {"NoteS": "更正"} if operation == "edit" else {}
    outcome = state if operation in {"show", "print"} else OUTCOMES.get((operation, state))
    if outcome is None:
        with pytest.raises(RejectedError) as fault:
            _ask(world, operation, **fields)
        assert fault.value.code == "state.not-allowed"
        assert world.documents[present.number] == present
        return
    decision = _ask(world, operation, **fields)
    assert world.documents[present.number].state == outcome
    assert decision.document.number == present.number
    if operation == "show":
        assert decision.shown == {"content": present.content}


@pytest.mark.requirement("DC-01", "QR-08")
def test_a_foreign_declaration_is_as_unknown_as_none(world: World) -> None:
    """Whoever does not speak for the enterprise can neither see nor move it."""
    _in(world, "saved")
    number = _declaration(world).number
    for given, partner in ((number, "other"), ("D29990000000000001", "acme")):
        with pytest.raises(RejectedError) as fault:
            world.do(DC, "show", "any", {"SeqNo": given}, partner)
        assert codes_of(fault.value) == [f"rule.unknown-document {DC}/SeqNo"]
    with pytest.raises(RejectedError) as fault:
        world.do(DC, "declare", "unknown", {})
    assert codes_of(fault.value) == ["rule.unknown-document MessageHead/ClientSeqNo"]


@pytest.mark.requirement("DC-01")
def test_a_declaration_is_neither_made_nor_deleted_by_command(world: World) -> None:
    """It comes from aggregation alone."""
    for operation in ("save", "delete", "copy", "save-declare"):
        with pytest.raises(RejectedError) as fault:
            _ask(world, operation)
        assert fault.value.code == "command.unknown-operation"
