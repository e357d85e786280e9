"""The request for an aggregation: deadlines by office and nature, an operator's word, agents, own totals."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Agent, Aggregation, Calendar, OfficeCalendar
from gateway.documents import Command, Decision, Document, Totals, decide, rehearsed_run, selection_of
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.month import aggregate
from tests.unit.documents.world import ACME, OTHER, World, approved_world, cleared, codes_of, line, manifest

AR = "AggregationRequest"
AGENT = Agent(code="4403980009", name="深圳示例报关有限公司")


def _month(**calendar: OfficeCalendar) -> World:
    """Return a world with cleared manifests of October, of three natures and at two offices."""
    world = approved_world()
    for name, office, nature in (
        ("M-1", "5301", "1"),
        ("M-2", "5301", "1"),
        ("M-3", "5301", "3"),
        ("M-4", "5304", "1"),
        ("M-5", "5301", "2"),
    ):
        made = cleared(
            world, name, manifest(line(), line(ContrItem="2", GQty="3", DeclPrice="7", DeclTotal="21"))
        )
        content = {**made.content, "CustomMaster": office, "GoodsNature": nature}
        world.put(replace(made, office=office, nature=nature, content=content))
    own = world.settings.enterprise[0].model_copy(update={"agents": (AGENT,)})
    aggregation = Aggregation(calendar=Calendar(offices=calendar))
    enterprises = (own, *world.settings.enterprise[1:])
    world.settings = world.settings.model_copy(update={"enterprise": enterprises, "aggregation": aggregation})
    _on(world, "2026-11-03")
    return world


def _on(world: World, day: str) -> World:
    world.now = datetime.fromisoformat(f"{day}T08:00:00").replace(tzinfo=CHINA)
    return world


def _ask(world: World, forced: str = "", **fields: str | list[Fields]) -> Decision:
    command = Command(AR, "aggregate", "AG-1", "acme", {"Month": "202610", **fields}, forced=forced)
    return world.apply(decide(command, world))


def _taken(world: World) -> list[str]:
    return sorted(
        each.client_number for each in world.documents.values() if each.state == "awaiting_aggregation"
    )


def _of(world: World, name: str) -> Document:
    return next(each for each in world.documents.values() if each.client_number == name)


def _refused(world: World, **fields: str | list[Fields]) -> list[str]:
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        _ask(world, "", **fields)
    assert world.documents == before
    return codes_of(fault.value)


@pytest.mark.requirement("AG-01")
@pytest.mark.parametrize(("day", "late"), [("2026-11-09", False), ("2026-11-10", True), ("2027-03-01", True)])
def test_general_trade_is_refused_from_the_tenth_on(day: str, late: bool) -> None:
    """With the deadline and the number of manifests that are too late."""
    world = _on(_month(), day)
    if not late:
        _ask(world)
        assert _taken(world) == ["M-1", "M-2", "M-3", "M-4"]
        return
    with pytest.raises(RejectedError) as fault:
        _ask(world)
    (violation,) = fault.value.violations
    assert violation.code == "aggregation.late"
    assert violation.values == {"given": "202610", "deadline": "20261109", "manifests": 4}
    assert "20261109" in violation.text("en")
    assert "20261109" in violation.text("zh")


@pytest.mark.requirement("AG-01")
def test_bonded_goods_have_until_the_end_of_the_next_month() -> None:
    """Each nature for itself."""
    world = _on(_month(), "2026-11-30")
    assert _refused(world) == [f"aggregation.late {AR}/Month"]
    _ask(world, GoodsNature="2")
    assert _taken(world) == ["M-5"]
    assert _refused(_on(_month(), "2026-12-01"), GoodsNature="2") == [f"aggregation.late {AR}/Month"]


@pytest.mark.requirement("AG-01")
def test_december_is_aggregated_within_its_year() -> None:
    """On New Year's Day it is too late, though the tenth is far."""
    for day, late in (("2026-12-31", False), ("2027-01-01", True)):
        world = _month()
        for each in [each for each in world.documents.values() if each.kind == "manifest"]:
            world.put(replace(each, period="202612"))
        _on(world, day)
        if late:
            assert _refused(world, Month="202612") == [f"aggregation.late {AR}/Month"]
        else:
            assert [each.code for each in _ask(world, Month="202612").warnings] == [
                "aggregation.month-not-over"
            ]


@pytest.mark.requirement("AG-01", "AG-02")
def test_what_is_late_at_one_office_is_left_out_and_the_rest_is_taken() -> None:
    """With a warning for each office and nature; the run keeps what it left out."""
    world = _on(_month(**{"5304": OfficeCalendar(general_before=3)}), "2026-11-05")
    decision = _ask(world)
    assert _taken(world) == ["M-1", "M-2", "M-3"]
    (warning,) = decision.warnings
    assert (warning.code, warning.warning) == ("aggregation.late-left-out", True)
    assert {name: warning.values[name] for name in ("office", "nature", "deadline", "manifests")} == {
        "office": "5304",
        "nature": "1",
        "deadline": "20261102",
        "manifests": 1,
    }
    kept = selection_of(ACME, decision.document.content)
    assert kept.deadlines == {("5304", "1"): "20261102"}
    assert not kept.takes(_of(world, "M-4"), set())


@pytest.mark.requirement("AG-01")
def test_a_late_manifest_that_is_named_is_refused_by_its_number() -> None:
    """Nothing of the request is done, not even what is in time."""
    world = _on(_month(**{"5304": OfficeCalendar(general_before=3)}), "2026-11-05")
    rows: list[Fields] = [{"SeqNo": _of(world, name).number} for name in ("M-1", "M-4")]
    assert _refused(world, Manifest=rows) == [f"aggregation.manifest-late {AR}/Manifest[2]/SeqNo"]


@pytest.mark.requirement("AG-02")
def test_a_manifest_that_is_named_must_meet_the_other_criteria() -> None:
    """Else the request says two things."""
    world = _month()
    rows: list[Fields] = [{"SeqNo": _of(world, name).number} for name in ("M-1", "M-4", "M-5")]
    assert _refused(world, Manifest=rows, CustomMaster="5301") == [
        f"aggregation.does-not-fit {AR}/Manifest[2]/SeqNo",
        f"aggregation.does-not-fit {AR}/Manifest[3]/SeqNo",
    ]


@pytest.mark.requirement("AG-01")
def test_an_operators_word_forces_what_is_late() -> None:
    """The reason stays with the run, and each office that is late is named."""
    world = _on(_month(), "2026-11-20")
    decision = _ask(world, forced="海关同意延期，电话 0755-1")
    assert _taken(world) == ["M-1", "M-2", "M-3", "M-4"]
    assert decision.document.content["ForcedReason"] == "海关同意延期，电话 0755-1"
    assert [each.code for each in decision.warnings] == ["aggregation.late-forced"] * 3
    assert "Late" not in decision.document.content


@pytest.mark.requirement("AG-01", "AG-11")
def test_a_rehearsal_tells_what_is_late_and_takes_nothing_of_it() -> None:
    """Each with the reason; it is no fault of a rehearsal."""
    world = _on(_month(), "2026-11-20")
    command = Command(AR, "rehearse", "AG-1", "acme", {"Month": "202610"})
    _, selection, draft = rehearsed_run(command, world)
    assert world.offered(selection) == 0
    assert {each.code for each in draft.warnings} == {"aggregation.late-left-out"}
    left = {str(each.values["number"]): each.code for each in selection.left_out(world)}
    assert left == {_of(world, f"M-{n}").number: "aggregation.manifest-late" for n in (1, 2, 3, 4)}


@pytest.mark.requirement("AG-01")
@given(
    days=st.dates(datetime(2026, 11, 1).date(), datetime(2026, 12, 5).date()),  # noqa: DTZ001
    before=st.integers(2, 31),
    nature=st.sampled_from(["", "1", "2", "3"]),
)
def test_a_run_takes_exactly_what_is_in_time(days: object, before: int, nature: str) -> None:
    """Whatever the day, the calendar and the nature: what is too late never goes, what is not always does."""
    world = _on(_month(**{"5304": OfficeCalendar(general_before=before)}), str(days))
    today = f"{world.now:%m%d}"
    lasts = {"M-4": f"11{before - 1:02}", "M-5": "1130"}
    natures = {"M-3": "3", "M-5": "2"}
    wanted = [
        name
        for name in ("M-1", "M-2", "M-3", "M-4", "M-5")
        if (natures.get(name, "1") == nature or (not nature and name != "M-5"))
        and today <= lasts.get(name, "1109")
    ]
    asked = {"GoodsNature": nature} if nature else {}
    if wanted:
        _ask(world, **asked)
    else:
        assert _refused(world, **asked) == [f"aggregation.late {AR}/Month"]
    assert _taken(world) == wanted


@pytest.mark.requirement("AG-03")
@pytest.mark.parametrize(
    ("code", "name", "named"),
    [
        (AGENT.code, AGENT.name, True),
        (OTHER, "深圳另一家有限公司", True),
        ("none", "深圳示例进出口有限公司", False),
    ],
)
def test_the_agent_is_looked_up_and_reported(code: str, name: str, named: bool) -> None:
    """From the enterprise's own list, from the other enterprises, or explicitly none."""
    world = _month()
    decision = _ask(world, AgentCode=code)
    assert decision.shown["agent"] == {"code": ACME if code == "none" else code, "name": name, "named": named}
    assert decision.filled.get(f"{AR}/AgentName") == (name if named else None)


@pytest.mark.requirement("AG-03")
def test_none_goes_before_the_agent_of_the_manifests() -> None:
    """Without a word the manifests' agent declares, with an agent that one, with none the enterprise."""
    for code, expected in (("", "4403989999"), (AGENT.code, AGENT.code), ("none", ACME)):
        world = _month()
        for each in [each for each in world.documents.values() if each.kind == "manifest"]:
            content = {**each.content, "AgentCode": "4403989999", "AgentName": "清单上的报关行"}
            world.put(replace(each, content=content))
        aggregate(world, **({"AgentCode": code} if code else {}))
        heads = [each.content["DecHead"] for each in world.documents.values() if each.kind == "declaration"]
        assert {head["AgentCode"] for head in heads if isinstance(head, dict)} == {expected}


@pytest.mark.requirement("AG-03")
@pytest.mark.parametrize(
    ("code", "fault"), [("4403189999", "rule.unknown-agent"), ("44", "rule.enterprise-code")]
)
def test_an_agent_that_nobody_knows_is_refused(code: str, fault: str) -> None:
    """With those that are known."""
    assert _refused(_month(), AgentCode=code) == [f"{fault} {AR}/AgentCode"]


OWN: list[Fields] = [
    {"TradeCurr": "USD", "DeclTotal": "5084.00"},
    {"GUnit": "011", "GQty": "412"},
]


@pytest.mark.requirement("AG-11")
def test_totals_of_the_erp_that_agree_are_kept_with_the_run() -> None:
    """By currency, by unit, and the number of manifests."""
    world = _month()
    found = Totals()
    for name in ("M-1", "M-2", "M-3", "M-4"):
        found.add(_of(world, name).content)
    assert (found.manifests, found.items, found.prices, found.quantities) == (
        4,
        8,
        {"USD": 508400000},
        {"011": 41200000},
    )
    decision = _ask(world, ManifestCount="4", Total=OWN)
    assert decision.document.content["Total"] == OWN


@pytest.mark.requirement("AG-11")
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ManifestCount": "5"}, [("ManifestCount", "5", "4")]),
        ({"Total": [{"TradeCurr": "USD", "DeclTotal": "5084.01"}]}, [("USD", "5084.01", "5084")]),
        ({"Total": [{"GUnit": "035", "GQty": "412"}]}, [("035", "412", "0"), ("011", "-", "412")]),
        (
            {"Total": [*OWN, {"TradeCurr": "EUR", "DeclTotal": "1"}]},
            [("EUR", "1", "0")],
        ),
    ],
)
def test_a_total_that_differs_refuses_the_request(fields: Fields, told: list[tuple[str, str, str]]) -> None:
    """With both figures, at the field that says it."""
    world = _month()
    with pytest.raises(RejectedError) as fault:
        world.apply(decide(Command(AR, "", "AG-1", "acme", {"Month": "202610", **fields}), world))
    assert {each.code for each in fault.value.violations} == {"aggregation.total-differs"}
    figures = [
        (each.values["what"], each.values["given"], each.values["found"]) for each in fault.value.violations
    ]
    assert figures == told
    assert _taken(world) == []


@pytest.mark.requirement("AG-11")
@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"TradeCurr": "USD"}], f"aggregation.total-form {AR}/Total[1]"),
        ([{"TradeCurr": "USD", "GQty": "1"}], f"aggregation.total-form {AR}/Total[1]"),
        ([OWN[0], OWN[1], OWN[0]], f"aggregation.total-twice {AR}/Total[3]/TradeCurr"),
    ],
)
def test_a_total_says_one_thing_once(rows: list[Fields], code: str) -> None:
    """A price with its currency or a quantity with its unit."""
    assert _refused(_month(), Total=rows) == [code]


@pytest.mark.requirement("AG-04")
def test_a_request_is_not_rehearsed_by_making_it() -> None:
    """Other operations than to aggregate make nothing."""
    world = _month()
    for operation in ("save", "rehearse", "declare"):
        with pytest.raises(RejectedError) as fault:
            decide(Command(AR, operation, "AG-1", "acme", {"Month": "202610"}), world)
        assert fault.value.code == "command.unknown-operation"
