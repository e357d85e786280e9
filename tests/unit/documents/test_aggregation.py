"""A month's cleared manifests become declarations: requested, made once, proved, sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Aggregation
from gateway.documents import (
    Answer,
    Command,
    Document,
    Stale,
    advance,
    decide,
    declare_declaration,
    issued,
)
from gateway.errors import ParkedError, RejectedError
from gateway.fields import Fields
from tests.unit.documents.month import aggregate, make_declarations
from tests.unit.documents.world import (
    World,
    approved_world,
    cleared,
    codes_of,
    line,
    manifest,
    settings,
)

AR = "AggregationRequest"


def _month(world: World | None = None) -> World:
    """Return a world in November with two cleared imports, one export and one manifest not cleared."""
    world = world or approved_world()
    cleared(world, "M-1", manifest(line(), line(ContrItem="2", GQty="3", DeclPrice="7", DeclTotal="21")))
    cleared(world, "M-2", manifest(line(GQty="2", DeclTotal="25")))
    cleared(world, "M-3", manifest(line(OriginCountry="USA", DestinationCountry="DEU"), IEFlag="E"))
    world.do("Manifest", "save-declare", "M-4", manifest())
    world.now = datetime(2026, 11, 3, 8, 0, 0, 120000, tzinfo=CHINA)
    return world


def _ask(world: World, client_number: str = "AG-1", **fields: str) -> Command:
    return Command(AR, "", client_number, "acme", {"Month": "202610", **fields})


def _declarations(world: World) -> list[Document]:
    return [d for d in world.documents.values() if d.kind == "declaration"]


def _declaration(world: World, flag: str) -> Document:
    return next(d for d in _declarations(world) if d.ie_flag == flag)


def _of(world: World, client_number: str) -> Document:
    return next(d for d in world.documents.values() if d.client_number == client_number)


@pytest.mark.requirement("AG-01", "AG-02", "AG-04")
def test_a_request_marks_the_cleared_manifests_of_the_month() -> None:
    """They await aggregation in this run; the reply says that the declarations come later."""
    world = _month()
    decision = world.apply(decide(_ask(world), world))
    run = decision.changes[0].document
    assert (run.kind, run.state, run.period) == ("aggregation", "requested", "202610")
    for number in ("M-1", "M-2", "M-3"):
        document = _of(world, number)
        assert (document.state, document.parent) == ("awaiting_aggregation", run.number)
    assert _of(world, "M-4").state == "declared"
    assert [news.code for news in decision.news] == ["news.aggregation-accepted"]
    assert not _declarations(world)


@pytest.mark.requirement("AG-02")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"IEFlag": "E"}, ["M-3"]),
        ({"IEFlag": "I", "CustomMaster": "皇岗海关"}, ["M-1", "M-2"]),
        ({"ManualNo": "J53016000001"}, ["M-1", "M-2", "M-3"]),
        ({"GoodsNature": "1", "DeclDateFrom": "20261020", "DeclDateTo": "20261020"}, ["M-1", "M-2", "M-3"]),
    ],
)
def test_criteria_narrow_the_month(fields: dict[str, str], expected: list[str]) -> None:
    """Direction, office, filing number, nature and dates select."""
    world = _month()
    world.apply(decide(_ask(world, **fields), world))
    marked = [d.client_number for d in world.documents.values() if d.state == "awaiting_aggregation"]
    assert marked == expected


@pytest.mark.requirement("AG-02")
@pytest.mark.parametrize(
    "fields",
    [
        {"CustomMaster": "5304"},
        {"GoodsNature": "2"},
        {"DeclDateFrom": "20261021"},
        {"DeclDateTo": "20261019"},
    ],
)
def test_a_month_without_cleared_manifests_is_refused(fields: dict[str, str]) -> None:
    """There is nothing to aggregate; which goods natures there are is told."""
    world = _month()
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world, **fields), world)
    assert codes_of(fault.value) == [f"aggregation.nothing-cleared {AR}/Month"]
    cleared = len(list(world.manifests("4403180001", "202610", {"cleared"})))
    assert fault.value.violations[0].values["natures"] == f"1 ({cleared})"


@pytest.mark.requirement("AG-02")
def test_listed_manifests_must_be_cleared_ones_of_the_month() -> None:
    """Each that is not is named with the reason."""
    world = _month()
    world.now = datetime(2026, 11, 3, 8, 0, tzinfo=CHINA)
    later = cleared(world, "M-5", manifest(IEDate="20261102"))
    rows: list[Fields] = [{"SeqNo": _of(world, name).number} for name in ("M-1", "M-4")]
    rows += [{"SeqNo": later.number}, {"SeqNo": "M00000000000000099"}]
    with pytest.raises(RejectedError) as fault:
        decide(Command(AR, "", "AG-1", "acme", {"Month": "202610", "Manifest": rows}), world)
    assert codes_of(fault.value) == [
        f"aggregation.not-cleared {AR}/Manifest[2]/SeqNo",
        f"aggregation.other-month {AR}/Manifest[3]/SeqNo",
        f"rule.unknown-document {AR}/Manifest[4]/SeqNo",
    ]
    world.apply(decide(Command(AR, "", "AG-2", "acme", {"Month": "202610", "Manifest": rows[:1]}), world))
    assert [d.client_number for d in world.documents.values() if d.parent and d.kind == "manifest"] == ["M-1"]


@pytest.mark.requirement("AG-01")
@pytest.mark.parametrize(
    ("month", "now", "code"),
    [
        ("202612", "2026-11-03", "aggregation.month-not-begun"),
        ("2026-10", "2026-11-03", "rule.not-a-month"),
        ("", "2026-11-03", "rule.mandatory"),
    ],
)
def test_the_month_must_have_begun(month: str, now: str, code: str) -> None:
    """Months that do not exist or lie ahead are refused."""
    world = _month()
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world, Month=month), world)
    assert codes_of(fault.value) == [f"{code} {AR}/Month"]


@pytest.mark.requirement("AG-01")
@pytest.mark.parametrize(
    ("now", "codes"),
    [
        ("2026-10-31", ["aggregation.month-not-over"]),
        ("2026-11-09", []),
    ],
)
def test_a_request_before_the_months_end_is_warned_of(now: str, codes: list[str]) -> None:
    """Manifests that are cleared later need a further run."""
    world = _month()
    world.now = datetime.fromisoformat(f"{now}T08:00:00+08:00")
    assert [warning.code for warning in decide(_ask(world), world).warnings] == codes


@pytest.mark.requirement("AG-04", "AG-06", "AG-08", "AG-09", "DC-01", "DC-02")
def test_a_run_makes_declarations_that_say_what_the_manifests_said() -> None:
    """Imports merge into one declaration, exports into another; no item of a manifest is lost."""
    world = _month()
    decision = aggregate(world)
    imports, exports = _declaration(world, "I"), _declaration(world, "E")
    head, items = imports.content["DecHead"], imports.content["DecLists"]
    assert isinstance(head, dict)
    assert isinstance(items, dict)
    assert head["TrafName"] == "集中申报"
    assert head["BillNo"] == "2026102020261020"
    assert (head["PackNo"], head["GrossWet"], head["NetWt"]) == ("20", "241", "200")
    assert head["EntryType"] == "L"
    merged = items["DecList"]
    assert isinstance(merged, list)
    assert [(item["GNo"], item["GQty"], item["DeclTotal"]) for item in merged] == [
        ("1", "102", "1275"),
        ("2", "3", "21"),
    ]
    assert (merged[0]["OriginCountry"], merged[0]["DestinationCountry"]) == ("USA", "CHN")
    assert len(decision.relations) == 4
    assert imports.state == exports.state == "declared"
    assert [number for number, _ in decision.outgoing] == [exports.number, imports.number]
    assert {_of(world, name).state for name in ("M-1", "M-2", "M-3")} == {"aggregated"}
    assert _of(world, "AG-1").state == "done"
    assert (exports.client_number, imports.client_number) == ("AG-101", "AG-102")
    assert [news.values["declarations"] for news in decision.news] == [2]


@pytest.mark.requirement("DC-02")
def test_origin_and_destination_are_swapped_for_exports() -> None:
    """The public structure wants it so."""
    world = _month()
    aggregate(world)
    items = _declaration(world, "E").content["DecLists"]
    assert isinstance(items, dict)
    merged = items["DecList"]
    assert isinstance(merged, list)
    assert (merged[0]["OriginCountry"], merged[0]["DestinationCountry"]) == ("DEU", "USA")


@pytest.mark.requirement("AG-10")
@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(random: Random) -> None:
    """The same manifests in any order make the same declarations."""
    world, other = _month(), _month()
    shuffled = list(other.documents.items())
    random.shuffle(shuffled)
    other.documents = dict(shuffled)
    aggregate(world)
    aggregate(other)
    assert {d.number: d.content for d in _declarations(world)} == {
        d.number: d.content for d in _declarations(other)
    }


@pytest.mark.requirement("AG-07")
def test_more_items_than_allowed_make_further_declarations() -> None:
    """Weights and packages are shared out and add up."""
    world = _month(_limited(1))
    aggregate(world, IEFlag="I")
    heads = [d.content["DecHead"] for d in _declarations(world)]
    weights = [(h["NetWt"], h["GrossWet"], h["PackNo"]) for h in heads if isinstance(h, dict)]
    assert weights == [("198.34776", "239.00905", "20"), ("1.65224", "1.99095", "1")]


def _limited(items: int) -> World:
    world = approved_world()
    world.settings = settings(aggregation=Aggregation(max_items=items))
    return world


@pytest.mark.requirement("DC-01")
def test_an_enterprise_may_keep_its_declarations_saved() -> None:
    """Then they are declared by word, and once more when they were not accepted."""
    world = _month()
    profile = world.settings.enterprise[0].model_copy(update={"declare_declarations": False})
    world.settings = world.settings.model_copy(update={"enterprise": (profile,)})
    decision = aggregate(world)
    assert decision.outgoing == ()
    number = _declarations(world)[0].number
    assert world.documents[number].state == "saved"
    world.now = datetime(2026, 11, 5, 8, 0, tzinfo=CHINA)
    declared = world.apply(declare_declaration(world.documents[number], world))
    head = declared.outgoing[0][1].body["DecHead"]
    assert isinstance(head, dict)
    assert head["IEDate"] == "20261105"
    world.apply(advance(world.documents[number], Answer("B", "E"), world))
    assert world.documents[number].state == "not_accepted"
    assert world.apply(declare_declaration(world.documents[number], world)).outgoing
    with pytest.raises(RejectedError) as fault:
        declare_declaration(world.documents[number], world)
    assert fault.value.code == "state.not-allowed"


@pytest.mark.requirement("AG-03")
def test_an_agent_declares_by_name() -> None:
    """The name is looked up; an unknown agent is refused."""
    world = _month()
    aggregate(world, IEFlag="I", AgentCode="4403180002")
    head = _declarations(world)[0].content["DecHead"]
    assert isinstance(head, dict)
    assert (head["AgentCode"], head["AgentName"]) == ("4403180002", "深圳另一家有限公司")
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world, "AG-2", AgentCode="4403189999"), world)
    assert codes_of(fault.value) == [f"rule.unknown-agent {AR}/AgentCode"]


@pytest.mark.requirement("AG-02", "AG-04", "MF-12")
def test_customs_own_word_of_awaiting_neither_clears_nor_strands_a_manifest() -> None:
    """Number 12 is a notice: before 15 the manifest is not offered, after it it still is."""
    world = _month()
    cleared_one, approved_one = _of(world, "M-1").number, _of(world, "M-4").number
    world.answer(approved_one, "7", customs_number="53012026I999999999")
    for number in (cleared_one, approved_one):
        assert isinstance(world.answer(number, "12"), Stale)
    aggregate(world)
    assert world.documents[cleared_one].state == "aggregated"
    assert world.documents[approved_one].state == "approved"
    world.answer(approved_one, "15")
    aggregate(world, client_number="AG-2")
    assert world.documents[approved_one].state == "aggregated"


@pytest.mark.requirement("AG-04")
def test_a_second_run_takes_what_came_later() -> None:
    """Manifests of a run are not taken twice."""
    world = _month()
    world.apply(decide(_ask(world), world))
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world, "AG-2"), world)
    assert fault.value.code == "aggregation.nothing-cleared"
    rows: list[Fields] = [{"SeqNo": _of(world, "M-1").number}]
    with pytest.raises(RejectedError) as fault:
        decide(Command(AR, "", "AG-2", "acme", {"Month": "202610", "Manifest": rows}), world)
    assert codes_of(fault.value) == [f"aggregation.in-another-run {AR}/Manifest[1]/SeqNo"]


@pytest.mark.parametrize(
    ("number", "code"), [("AG-1", "rule.client-number-taken"), ("A" * 17, "aggregation.client-number-long")]
)
def test_the_client_number_of_a_run_is_new_and_leaves_room(number: str, code: str) -> None:
    """Two characters are added for each declaration."""
    world = _month()
    world.apply(decide(_ask(world, IEFlag="E"), world))
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world, number), world)
    assert fault.value.code == code


def test_many_declarations_are_counted_on_with_letters() -> None:
    """After 99 come A0 to ZZ; no two runs can meet."""
    world = _month(_limited(1))
    world.settings = settings(aggregation=Aggregation(max_items=1, item_keys=("ContrItem", "GQty")))
    lines = [line(GQty=str(n), DeclTotal=f"{n * 12.5:.2f}") for n in range(1, 61)]
    for name in ("N-1", "N-2"):
        cleared(world, name, manifest(*(lines[:60] if name == "N-1" else lines[:1]), IEDate="20261102"))
    more = [line(GQty=str(n), DeclTotal=f"{n * 12.5:.2f}") for n in range(61, 121)]
    cleared(world, "N-3", manifest(*more, IEDate="20261102"))
    world.now = datetime(2026, 12, 3, 8, 0, tzinfo=CHINA)
    aggregate(world, "202611")
    numbers = [d.client_number for d in _declarations(world)]
    assert len(numbers) == len(set(numbers)) == 120
    assert numbers[98:101] == ["AG-199", "AG-1A0", "AG-1A1"]
    assert numbers[-1] == "AG-1AK"


@pytest.mark.requirement("AG-04")
def test_a_month_that_is_still_being_marked_is_not_asked_for_twice() -> None:
    """Two runs would take the manifests from each other."""
    world = _month()
    world.run_marking = "R20260000000000009"
    with pytest.raises(RejectedError) as fault:
        decide(_ask(world), world)
    assert codes_of(fault.value) == [f"aggregation.still-marking {AR}/Month"]


@pytest.mark.requirement("AM-07")
@pytest.mark.parametrize("state", ["requested", "making", "stopped"])
def test_a_manifest_leaves_a_run_only_while_nothing_is_made_of_it(state: str) -> None:
    """Once its declaration is being made, it is the declaration that has to be corrected."""
    world = _month()
    run = world.apply(decide(_ask(world), world)).document
    world.put(replace(run, state=state))
    number = _of(world, "M-1").number
    body: Fields = {
        "ManifestSeqNo": number,
        "DecModNote": "单证有误",
        "EntOpName": "张三",
        "EntOpTele": "0755-12345678",
    }
    assert world.do("ManifestWithdrawal", "save", "A-1", body).document.state == "saved"
    if state == "making":
        with pytest.raises(RejectedError) as fault:
            world.do("ManifestWithdrawal", "declare", "A-1")
        assert codes_of(fault.value) == ["amendment.run-begun ManifestWithdrawal/ManifestSeqNo"]
    else:
        world.do("ManifestWithdrawal", "declare", "A-1")
    assert _of(world, "M-1").state == ("awaiting_aggregation" if state == "making" else "cleared")


def test_a_run_without_profile_stops() -> None:
    """The configuration lost the enterprise in between."""
    world = _month()
    run = world.apply(decide(_ask(world), world)).changes[0].document
    world.settings = world.settings.model_copy(update={"enterprise": ()})
    with pytest.raises(ParkedError) as fault:
        make_declarations(run, world)
    assert fault.value.code == "aggregation.no-profile"


@pytest.mark.requirement("AG-04")
def test_a_run_whose_manifests_were_all_withdrawn_ends_and_says_so() -> None:
    """Nothing is made, and the ERP is not left waiting."""
    world = _month()
    run = world.apply(decide(_ask(world), world)).changes[0].document
    for name in ("M-1", "M-2", "M-3"):
        world.answer(_of(world, name).number, "W")
    made = make_declarations(run, world)
    assert (made.run.state, made.declarations) == ("done", ())
    assert [news.code for news in made.news] == ["news.aggregation-empty"]


@pytest.mark.requirement("AG-07", "AG-10")
def test_declarations_beyond_two_characters_go_by_their_unified_number() -> None:
    """However many a run makes, each client number is its own and fits."""
    world = _month()
    aggregate(world, IEFlag="E")
    run, draft = _of(world, "AG-1"), _declaration(world, "E")
    numbers = {
        index: issued(run, draft, index, f"D{index:017}", world.now).client_number
        for index in (1, 99, 100, 1035, 1036, 20000)
    }
    assert numbers == {
        1: "AG-101",
        99: "AG-199",
        100: "AG-1A0",
        1035: "AG-1ZZ",
        1036: "D00000000000001036",
        20000: "D00000000000020000",
    }


@pytest.mark.requirement("AG-10")
def test_a_declaration_is_issued_the_same_every_time() -> None:
    """Number and moment are given once; the rest is what was composed."""
    world = _month()
    aggregate(world, IEFlag="E")
    run, draft = _of(world, "AG-1"), _declaration(world, "E")
    once, again = (issued(run, draft, 7, "D00000000000000007", world.now) for _ in range(2))
    assert once == again
    head, sign = once.content["DecHead"], once.content["DecSign"]
    assert isinstance(head, dict)
    assert isinstance(sign, dict)
    assert (head["SeqNo"], head["IEDate"], head["PDate"]) == ("D00000000000000007", "20261103", "20261103")
    assert (sign["ClientSeqNo"], sign["SignDate"]) == ("AG-107", "2026110308000012")
