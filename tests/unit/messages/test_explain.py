"""Explaining what is wrong with a message: each code reached, with path, reason and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import Violation
from gateway.messages import Catalogue, build, build_declaration, serialize
from gateway.messages.explain import Explainer
from gateway.messages.model import read_model
from gateway.messages.names import STRICT_SET
from gateway.xmlio import parse
from tests.unit.messages.samples import DECLARATION, LINE, head, sample, tree

Told = list[tuple[str, str]]


def _told(violations: list[Violation]) -> Told:
    for violation in violations:
        assert violation.text("en")
        assert "{" not in violation.text("en") + violation.text("zh"), violation
    return [(violation.path, violation.code) for violation in violations]


def _edited(catalogue: Catalogue, edit: Callable[[bytes], bytes]) -> Told:
    data = serialize(tree(catalogue, "Manifest"))
    assert edit(data) != data
    return _told(catalogue.check(parse(edit(data))))


@pytest.mark.requirement("EN-04")
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("TrafName", "x" * 51, "schema.too-long"),
        ("CustomMaster", "530", "schema.bad-pattern"),
        ("CustomMaster", "53a1", "schema.bad-pattern"),
        ("TradeCode", "44031800010", "schema.bad-pattern"),
        ("ManualNo", "53012600001A", "schema.bad-pattern"),
        ("LicenseNo", "1：26-AB-100200", "schema.bad-pattern"),
        ("ContainerNo", "CSQU305438", "schema.bad-pattern"),
        ("DeclDate", "2026-10-20", "schema.bad-date"),
        ("IEDate", "20261301", "schema.bad-date"),
        ("GrossWet", "12,5", "schema.bad-number"),
        ("GrossWet", "1.123456", "schema.bad-number"),
        ("GrossWet", "-1", "schema.bad-number"),
        ("GrossWet", "123456789012345678901", "schema.bad-number"),
        ("PackNo", "1.5", "schema.bad-number"),
        ("PackNo", "1234567890", "schema.bad-number"),
        ("IEFlag", "X", "schema.not-in-list"),
        ("GoodsNature", "9", "schema.not-in-list"),
        ("OwnerName", " ", "schema.empty"),
    ],
)
def test_each_bad_value_has_its_code(catalogue: Catalogue, field: str, value: str, code: str) -> None:
    """Formats, numbers, lengths and lists of the header."""
    told = _told(catalogue.check(tree(catalogue, "Manifest", **{field: value})))
    assert told == [(f"Manifest/{field}", code)]


@pytest.mark.requirement("EN-04", "EN-05")
def test_values_of_items_are_told_with_their_position(catalogue: Catalogue) -> None:
    """The third item is Item[3]."""
    items = [LINE, LINE, {**LINE, "CodeTS": "847130", "GQty": "ten"}]
    assert _told(catalogue.check(tree(catalogue, "Manifest", Item=items))) == [
        ("Manifest/Item[3]/CodeTS", "schema.bad-pattern"),
        ("Manifest/Item[3]/GQty", "schema.bad-number"),
    ]


@pytest.mark.requirement("EN-01")
def test_every_missing_field_is_told_at_once_with_both_names(catalogue: Catalogue) -> None:
    """Of the header and of each item."""
    short = {name: value for name, value in LINE.items() if name not in {"CodeTS", "GQty"}}
    root = tree(catalogue, "Manifest", TradeMode=None, BillNo=None, Item=[LINE, short])
    violations = catalogue.check(root)
    assert _told(violations) == [
        ("Manifest/Item[2]/CodeTS", "schema.missing"),
        ("Manifest/Item[2]/GQty", "schema.missing"),
        ("Manifest/BillNo", "schema.missing"),
        ("Manifest/TradeMode", "schema.missing"),
    ]
    assert "Trade mode" in violations[-1].text("en")
    assert "贸易方式" in violations[-1].text("zh")


def test_a_missing_group_is_told_once(catalogue: Catalogue) -> None:
    """Not field by field."""
    assert _told(catalogue.check(tree(catalogue, "Manifest", Item=None))) == [
        ("Manifest/Item", "schema.missing")
    ]


def test_too_many_items_are_told_with_the_limit(catalogue: Catalogue) -> None:
    """A volume holds at most 99."""
    root = tree(catalogue, "Manifest", Item=[LINE] * 100)
    (violation,) = catalogue.check(root)
    assert (violation.path, violation.code) == ("Manifest/Item", "schema.too-many")
    assert violation.values["limit"] == 99


def test_what_would_be_right_is_told(catalogue: Catalogue) -> None:
    """Limits, plain words for patterns, allowed values with their meaning."""
    root = tree(catalogue, "Manifest", IEFlag="X", TrafName="x" * 51, DeclDate="1.10.2026")
    by_code = {violation.code: violation for violation in catalogue.check(root)}
    assert by_code["schema.too-long"].values["limit"] == 50
    assert by_code["schema.not-in-list"].values["allowed"] == "I, E"
    assert "I 进口，E 出口" in by_code["schema.not-in-list"].text("zh")
    assert "yyyyMMdd" in by_code["schema.bad-date"].text("en")
    assert by_code["schema.bad-date"].values["field_zh"] == "申报日期"


@pytest.mark.parametrize(
    ("old", "new", "path", "code"),
    [
        (b"<IEFlag>", b"<Colour>red</Colour><IEFlag>", "Manifest/Colour", "schema.unknown-field"),
        (b"<IEFlag>", b"<x:IEFlag xmlns:x='urn:x'/><IEFlag>", "Manifest/IEFlag", "schema.unknown-field"),
        (b"<IEFlag>E", b"<IEFlag><b/>", "Manifest/IEFlag/b", "schema.unknown-field"),
        (b"<IEFlag>E", b"<IEFlag>", "Manifest/IEFlag", "schema.empty"),
        (b"<IEFlag>", b"oops<IEFlag>", "Manifest", "schema.unexpected-text"),
        (b"<IEFlag>", b"<IEFlag lang='en'>", "Manifest/IEFlag", "schema.unknown-attribute"),
        (b"<Item>", b"<Item id='1'>", "Manifest/Item[1]", "schema.unknown-attribute"),
        (b"<NetWt>11</NetWt>", b"<NetWt>11</NetWt><NetWt>11</NetWt>", "Manifest/NetWt", "schema.too-many"),
        (b"T08:00:00+08:00", b" 08:00", "MessageHead/CreateTime", "schema.bad-time"),
        (b">A0-1<", b">A0 1<", "MessageHead/ClientSeqNo", "schema.bad-pattern"),
    ],
)
def test_each_structural_fault_has_its_code(
    catalogue: Catalogue, old: bytes, new: bytes, path: str, code: str
) -> None:
    """What a message from elsewhere may carry in the wrong place."""
    assert _edited(catalogue, lambda data: data.replace(old, new, 1)) == [(path, code)]


def test_a_misplaced_element_says_before_what_it_belongs(catalogue: Catalogue) -> None:
    """Nothing else is told of it."""
    data = serialize(tree(catalogue, "Manifest")).replace(b"<IEFlag>E</IEFlag>", b"")
    root = parse(data.replace(b"<IEDate>", b"<IEFlag>E</IEFlag><IEDate>"))
    (violation,) = catalogue.check(root)
    assert (violation.path, violation.code) == ("Manifest/IEFlag", "schema.wrong-order")
    assert "DeclDate" in violation.text()


def test_a_message_without_body_names_the_bodies(catalogue: Catalogue) -> None:
    """The choice is told."""
    root = tree(catalogue, "Query")
    root.remove(root[1])
    (violation,) = catalogue.check(root)
    assert violation.code == "schema.body-missing"
    assert "AggregationRequest" in violation.text()


def test_a_missing_head_is_told(catalogue: Catalogue) -> None:
    """By its own path."""
    root = tree(catalogue, "Query")
    root.remove(root[0])
    assert _told(catalogue.check(root)) == [("MessageHead", "schema.missing")]


def test_a_fixed_length_is_told_as_too_short_or_too_long(catalogue: Catalogue) -> None:
    """The public structure has fields of a fixed length."""
    for value, code in (("123", "schema.too-short"), ("1" * 13, "schema.too-long")):
        body = {**DECLARATION, "DecFreeTxt": {"RelManNo": value}}
        told = _told(catalogue.check(build_declaration(catalogue, body)))
        assert told == [("DecMessage/DecFreeTxt/RelManNo", code)]


def test_a_built_in_type_is_explained(catalogue: Catalogue) -> None:
    """An attachment that is no Base64."""
    body = {**DECLARATION, "DecMarkLobs": {"DecMarkLob": [{"AttachName": "a", "Attachment": "AB"}]}}
    told = _told(catalogue.check(build_declaration(catalogue, body)))
    assert told == [("DecMessage/DecMarkLobs/DecMarkLob[1]/Attachment", "schema.bad-pattern")]


def test_faults_of_a_declaration_have_paths_with_its_root_and_positions(catalogue: Catalogue) -> None:
    """`DecMessage/DecLists/DecList[1]/…`."""
    body = {
        **DECLARATION,
        "DecHead": {**DECLARATION["DecHead"], "CustomMaster": "5"},
        "DecLists": {"DecList": [{"GNo": "1"}]},
    }
    told = _told(catalogue.check(build_declaration(catalogue, body)))
    assert told[0] == ("DecMessage/DecHead/CustomMaster", "schema.bad-pattern")
    assert ("DecMessage/DecLists/DecList[1]/CodeTS", "schema.missing") in told


def test_a_comment_in_a_value_does_not_hide_the_rest(catalogue: Catalogue) -> None:
    """The whole text is judged."""
    told = _edited(catalogue, lambda data: data.replace(b">B53012600001<", b">B53<!-- -->0126000010<"))
    assert told == [("Manifest/ManualNo", "schema.bad-pattern")]


def test_a_broken_signature_is_told_in_the_words_of_the_validator(catalogue: Catalogue) -> None:
    """It is not our structure, but it must not pass either."""
    root = tree(catalogue, "Query")
    root.append(parse(b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><KeyInfo/></Signature>'))
    violations = catalogue.check(root)
    assert {violation.code for violation in violations} == {"schema.invalid"}
    assert violations[0].path.startswith("Signature")


def test_what_only_libxml2_refuses_is_told_in_its_words(catalogue: Catalogue, schemas: Path) -> None:
    """The two validators disagree at the edges; a refusal without a reason must not happen."""
    explainer = Explainer(schemas / STRICT_SET, read_model(schemas / STRICT_SET))
    (violation,) = explainer.explain(tree(catalogue, "Query"), "libxml2 said so")
    assert violation.code == "schema.invalid"
    assert "libxml2 said so" in violation.text()


@pytest.mark.requirement("MF-02", "QF-03")
@pytest.mark.parametrize(
    ("message_type", "body"),
    [
        ("Manifest", {"CustomMaster": "5301", "IEFlag": "E"}),
        (
            "QualificationFiling",
            {"CustomMaster": "5301", "TradeCode": "4403180001", "TradeName": "甲", "GoodsNature": "1"},
        ),
    ],
)
def test_a_command_needs_only_what_saving_needs(
    catalogue: Catalogue, message_type: str, body: dict[str, str]
) -> None:
    """The same message is a right command and no right submission."""
    root = build(catalogue, head(message_type, operation="save"), dict(body))
    assert catalogue.check(root, command=True) == []
    assert {violation.code for violation in catalogue.check(root)} == {"schema.missing"}


def test_a_command_without_what_saving_needs_is_refused(catalogue: Catalogue) -> None:
    """Values are judged in a command as everywhere."""
    root = build(catalogue, head("Manifest", operation="save"), {"IEFlag": "X", "Item": [{"GQty": "x"}]})
    assert _told(catalogue.check(root, command=True)) == [
        ("Manifest/IEFlag", "schema.not-in-list"),
        ("Manifest/Item[1]/GQty", "schema.bad-number"),
        ("Manifest/CustomMaster", "schema.missing"),
    ]


@pytest.mark.parametrize("message_type", ["Receipt", "AccountBook", "CargoManifest", "Licence"])
def test_what_only_customs_sends_is_no_command(catalogue: Catalogue, message_type: str) -> None:
    """An ERP cannot tell the gateway what customs decided."""
    root = build(catalogue, head(message_type), sample(message_type))
    assert catalogue.check(root, command=True)
    assert catalogue.check(root) == []


def test_explaining_leaves_the_message_as_it_was(catalogue: Catalogue) -> None:
    """A check never changes what it looks at."""
    root = tree(catalogue, "Manifest", IEFlag="X")
    before = etree.tostring(root)
    catalogue.check(root)
    assert etree.tostring(root) == before


@pytest.mark.requirement("EN-01")
def test_what_is_too_many_is_told_once_and_not_judged(catalogue: Catalogue) -> None:
    """The hundredth item and those after it are one fault, whatever is in them."""
    items = [dict(LINE, GNo=str(n)) for n in range(1, 100)] + [{"GNo": "x"}] * 500
    told = _told(catalogue.check(tree(catalogue, "Manifest", Item=items)))
    assert told == [("Manifest/Item", "schema.too-many")]


@pytest.mark.requirement("EN-01")
def test_a_message_of_nothing_but_faults_is_explained_as_far_as_anybody_reads(catalogue: Catalogue) -> None:
    """It keeps nobody waiting while a million reasons are found."""
    items = [{"GNo": str(n), "CodeTS": f"x{n}", "GUnit": "kg"} for n in range(1, 5001)]
    told = catalogue.check(build(catalogue, head("GoodsFiling"), {"Item": items}), command=True)
    assert len(told) == 2000
    assert told[-1].path == "GoodsFiling/Item[1000]/GUnit"
