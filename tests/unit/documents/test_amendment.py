"""Amendments of a manifest: when they may be asked for, what is filled in, one at a time (AM-01 to AM-05)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import RejectedError
from tests.unit.documents.amending import (
    AMENDABLE,
    MOD,
    OUT,
    WHY,
    amended_world,
    corrected,
    declared,
    faults,
    row,
    rows,
    three_items,
    withdrawal,
)
from tests.unit.documents.world import codes_of

STATES = [
    *("saved", "declared", "sent", "receive_failed", "rejected", *sorted(AMENDABLE)),
    *("aggregated", "withdrawn", "deleted"),
]


@pytest.mark.requirement("AM-01", "EN-02")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_both_numbers_of_a_manifest_name_the_same_one(message: str) -> None:
    """The ERP's own number may stand beside the unified one, and must not name another manifest."""
    world, found = amended_world()
    world.do("Manifest", "save", "M-2", three_items())
    body = rows(row("GrossWet", "130")) if message == MOD else withdrawal()
    twice = {**body, "ManifestSeqNo": found.number}
    assert world.do(message, "save", "A-1", twice).document.parent == found.number
    given = faults(world, {**twice, "ManifestClientNo": "M-2"}, "save", message)
    assert given == [f"rule.fill-differs {message}/ManifestClientNo"]


@pytest.mark.requirement("AM-03")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_an_edited_amendment_stays_with_its_manifest(message: str) -> None:
    """The edit need not name it, and cannot name another."""
    world, found = amended_world()
    other = world.do("Manifest", "save", "M-2", three_items()).document
    body = rows(row("GrossWet", "130")) if message == MOD else withdrawal()
    world.do(message, "save", "A-9", body)
    unnamed = {name: value for name, value in body.items() if name != "ManifestClientNo"}
    assert world.do(message, "edit", "A-9", unnamed).document.parent == found.number
    given = faults(world, {**unnamed, "ManifestSeqNo": other.number}, "edit", message)
    assert f"rule.fill-differs {message}/ManifestSeqNo" in given


@pytest.mark.requirement("AM-04", "EN-04")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_the_fields_of_an_amendment_have_their_forms(message: str) -> None:
    """Both kinds are held to the forms of their fields."""
    world, _ = amended_world()
    body = rows(row("GrossWet", "130")) if message == MOD else withdrawal()
    given = faults(world, {**body, "AgentCode": "44031"}, "save", message)
    assert given == [f"rule.enterprise-code {message}/AgentCode"]


@pytest.mark.requirement("AM-01")
@pytest.mark.parametrize("message", [MOD, OUT])
@pytest.mark.parametrize("state", STATES)
def test_manifests_are_amended_in_the_states_7_to_15_only(state: str, message: str) -> None:
    """Saving is refused as declaring is, and the reply names the states."""
    world, found = amended_world()
    world.put(replace(found, state=state))
    body = rows(row("GrossWet", "130")) if message == MOD else withdrawal()
    if state in AMENDABLE:
        assert world.do(message, "save", "A-1", body).document.parent == found.number
        assert world.do(message, "declare", "A-1").document.state == "declared"
    else:
        assert faults(world, body, "save", message) == [f"amendment.state {message}/ManifestSeqNo"]


@pytest.mark.requirement("AM-01")
def test_the_states_are_told_with_their_numbers() -> None:
    """In both languages."""
    world, found = amended_world()
    world.put(replace(found, state="aggregated"))
    with pytest.raises(RejectedError) as fault:
        world.do(OUT, "save", "A-1", withdrawal())
    (violation,) = fault.value.violations
    assert "7 approved, 9 entrusted, 10 carried, 11 crossed, 12 awaiting" in violation.text("en")
    assert "7 海关审批通过、9 已委托" in violation.text("zh")


@pytest.mark.requirement("AM-01")
def test_a_manifest_without_a_customs_number_cannot_be_amended_yet() -> None:
    """Customs would not know which one is meant."""
    world, found = amended_world()
    world.put(replace(found, customs_number=None))
    assert faults(world, withdrawal(), message=OUT) == [f"amendment.no-customs-number {OUT}/ManifestSeqNo"]


@pytest.mark.requirement("AM-01", "QR-08")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"ManifestClientNo": "M-7"}, "ManifestClientNo"),
        ({"ManifestClientNo": "", "ManifestSeqNo": "M00000000000000099"}, "ManifestSeqNo"),
        ({"ManifestClientNo": "", "ManifestSeqNo": "G00000000000000002"}, "ManifestSeqNo"),
    ],
)
def test_the_manifest_is_one_of_the_enterprise(fields: dict[str, str], path: str) -> None:
    """Neither an unknown one nor another document, and a foreign one is as unknown as none."""
    world, found = amended_world()
    body = {name: text for name, text in withdrawal(**fields).items() if text}
    assert f"rule.unknown-document {OUT}/{path}" in faults(world, body, "save", OUT)
    with pytest.raises(RejectedError) as fault:
        world.do(OUT, "save", "A-1", {**WHY, "ManifestSeqNo": found.number}, partner="other")
    assert codes_of(fault.value) == [f"rule.unknown-document {OUT}/ManifestSeqNo"]


@pytest.mark.requirement("AM-02", "AM-04", "EN-02")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_what_the_manifest_tells_is_filled_in(message: str) -> None:
    """Numbers, office, direction and enterprise; another value is refused."""
    world, found = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    document = world.do(message, "save", "A-1", body).document
    wanted = {
        "ManifestSeqNo": found.number,
        "ManifestCustomsNo": found.customs_number,
        "IEFlag": "I",
        "CustomMaster": "5301",
        "TradeCode": found.enterprise,
    }
    assert {name: document.content.get(name) for name in wanted} == wanted
    assert (document.office, document.ie_flag, document.nature) == ("5301", "I", "1")
    other = {**body, "CustomMaster": "5304", "ManifestCustomsNo": "530420261000000001"}
    assert faults(world, other, message=message) == [
        f"rule.fill-differs {message}/CustomMaster",
        f"rule.fill-differs {message}/ManifestCustomsNo",
    ]


@pytest.mark.requirement("AM-03")
@pytest.mark.parametrize("message", [MOD, OUT])
@pytest.mark.parametrize("name", sorted(WHY))
def test_reason_contact_and_telephone_are_needed_to_declare(name: str, message: str) -> None:
    """Not to save: they are filled in before declaring."""
    world, _ = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    del body[name]
    assert faults(world, body, "save-declare", message) == [f"rule.mandatory {message}/{name}"]
    assert world.do(message, "save", "A-1", body).document.state == "saved"
    assert faults(world, {}, "declare", message) == ["rule.unknown-document MessageHead/ClientSeqNo"]
    with pytest.raises(RejectedError) as fault:
        world.do(message, "declare", "A-1")
    assert codes_of(fault.value) == [f"rule.mandatory {message}/{name}"]


@pytest.mark.requirement("AM-03", "AM-04")
@pytest.mark.parametrize("message", [MOD, OUT])
def test_saved_first_and_declared_then_or_both_at_once(message: str) -> None:
    """Only declaring sends, and only then does the manifest go on to its next version."""
    world, found = amended_world()
    body = withdrawal() if message == OUT else rows(row("GrossWet", "130"))
    saved = world.do(message, "save", "A-1", body)
    assert (saved.document.state, saved.outgoing, len(saved.changes)) == ("saved", (), 1)
    sent = world.do(message, "declare", "A-1")
    assert [(change.event, change.document.number) for change in sent.changes] == [
        ("declare", saved.document.number),
        ("amend", found.number),
    ]
    assert [outgoing.message_type for _, outgoing in sent.outgoing] == [message]
    world, _ = amended_world()
    at_once = world.do(message, "save-declare", "A-1", body)
    assert at_once.outgoing[0][1].body == sent.outgoing[0][1].body


@pytest.mark.requirement("AM-03")
def test_a_saved_modification_is_edited_and_deleted() -> None:
    """Another content takes the place of the first; a deleted one is no more."""
    world, _ = amended_world()
    saved = world.do(MOD, "save", "A-1", rows(row("GrossWet", "130"))).document
    edited = world.do(MOD, "edit", "A-1", corrected(three_items(PackNo="12"))).document
    assert edited.number == saved.number
    changes = edited.content["Change"]
    assert isinstance(changes, list)
    assert [change["FieldCode"] for change in changes] == ["PackNo"]
    assert world.do(MOD, "delete", "A-1").document.state == "deleted"


@pytest.mark.requirement("AM-03")
def test_declaring_may_repeat_what_was_saved_but_say_nothing_else() -> None:
    """In either way, in any order, by names or codes."""
    world, _ = amended_world()
    given = rows(row("PackNo", "12"), row("GrossWet", "130"))
    world.do(MOD, "save", "A-1", given)
    whole = {**given, "Change": [row("PackNo", "12"), row("GrossWet", "131")]}
    with pytest.raises(RejectedError) as fault:
        world.do(MOD, "declare", "A-1", whole)
    assert codes_of(fault.value) == [f"amendment.other-changes {MOD}/Change"]
    with pytest.raises(RejectedError) as fault:
        world.do(MOD, "declare", "A-1", {"DecModNote": "别的"})
    assert codes_of(fault.value) == [f"rule.differs-from-saved {MOD}/DecModNote"]
    again = corrected(three_items(PackNo="12", GrossWet="130.00"))
    assert world.do(MOD, "declare", "A-1", again).document.state == "declared"


@pytest.mark.requirement("AM-03")
def test_a_modification_goes_to_customs_as_it_was_saved_whatever_items_it_takes_out() -> None:
    """Its rows count, not the new numbers of the items in its corrected manifest."""
    world, _ = amended_world()
    saved = world.do(
        MOD, "save", "A-1", rows(row("GNo", item=1), row("GQty", "6", 3), row("DeclTotal", "75", 3))
    )
    sent = world.do(MOD, "declare", "A-1")
    assert sent.document.content == saved.document.content


@pytest.mark.requirement("AM-03", "AM-05")
def test_a_saved_modification_of_a_manifest_that_was_modified_meanwhile_is_refused() -> None:
    """It would undo, unseen, what the other one has done."""
    world, _ = amended_world()
    world.do(MOD, "save", "A-1", rows(row("GrossWet", "130")))
    other = declared(world, rows(row("GrossWet", "140")), "A-2")
    world.answer(other.number, "A")
    with pytest.raises(RejectedError) as fault:
        world.do(MOD, "declare", "A-1")
    assert codes_of(fault.value) == [f"amendment.old-value {MOD}/Change[1]/OldValue"]


@pytest.mark.requirement("AM-05")
@pytest.mark.parametrize("first", [MOD, OUT])
@pytest.mark.parametrize("second", [MOD, OUT])
@pytest.mark.parametrize("operation", ["save", "save-declare"])
def test_while_one_is_undecided_no_other_is_accepted(first: str, second: str, operation: str) -> None:
    """Neither saved nor declared, until customs has answered, whatever the answer is."""
    world, _ = amended_world()
    bodies = {MOD: rows(row("GrossWet", "130")), OUT: withdrawal()}
    number = world.do(first, "save-declare", "A-1", bodies[first]).document.number
    for answer, receipt_type in (("0", "T"), ("R", "B")):
        assert faults(world, bodies[second], operation, second) == [
            f"amendment.undecided {second}/ManifestSeqNo"
        ]
        world.answer(number, answer, receipt_type)
    assert world.do(second, operation, "A-2", bodies[second]).document.parent


@pytest.mark.requirement("AM-05")
def test_of_two_that_were_saved_one_is_declared() -> None:
    """The other can be declared, or edited, once the first is decided."""
    world, _ = amended_world()
    world.do(MOD, "save", "A-1", rows(row("GrossWet", "130")))
    world.do(MOD, "save", "A-2", rows(row("PackNo", "12")))
    first = world.do(MOD, "declare", "A-1").document
    for operation, body in (("declare", {}), ("edit", rows(row("PackNo", "13")))):
        with pytest.raises(RejectedError) as fault:
            world.do(MOD, operation, "A-2", body)
        assert codes_of(fault.value) == [f"amendment.undecided {MOD}/ManifestSeqNo"]
    world.answer(first.number, "A")
    assert world.do(MOD, "declare", "A-2").document.state == "declared"


@pytest.mark.requirement("AM-05", "AM-07")
def test_two_that_are_decided_at_once_cannot_both_be_written() -> None:
    """Each expects the manifest in the version that it saw; a run would, too."""
    world, found = amended_world()
    decision = world.do(MOD, "save-declare", "A-1", rows(row("GrossWet", "130")))
    touched = decision.changes[1]
    assert (touched.document.number, touched.expected_version) == (found.number, found.version)
    assert touched.document == replace(found, version=found.version + 1)
