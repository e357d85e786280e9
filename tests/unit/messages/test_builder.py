"""Building messages from trees of fields."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.errors import RejectedError
from gateway.messages import Catalogue, build, build_declaration, serialize
from tests.unit.messages.samples import DECLARATION, SAMPLES, head, sample, tree


def test_children_stand_in_schema_order_whatever_the_order_of_the_fields(catalogue: Catalogue) -> None:
    """A mapping gives fields in the order of its source; the schema wants its own."""
    body = sample("Manifest")
    turned = dict(reversed(body.items()))
    assert serialize(build(catalogue, head("Manifest"), turned)) == serialize(tree(catalogue, "Manifest"))


def test_empty_fields_and_groups_are_left_out(catalogue: Catalogue) -> None:
    """Empty is absent, for values, groups and lists."""
    body = {**sample("GoodsFilingChange"), "NoteS": "", "DisabledItem": []}
    root = build(catalogue, head("GoodsFilingChange"), body)
    names = [etree.QName(node).localname for node in root.iter()]
    assert "NoteS" not in names
    assert "DisabledItem" not in names


def test_the_file_form_is_utf_8_with_a_declaration_and_no_blanks(catalogue: Catalogue) -> None:
    """A signature covers every byte, so nothing is added for looks."""
    data = serialize(tree(catalogue, "ManifestWithdrawal"))
    assert data.startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<Message xmlns=")
    assert "数量录入有误".encode() in data
    assert b"> <" not in data
    assert b">\n<" not in data.partition(b"?>\n")[2]


def test_the_default_namespace_is_used_without_prefix(catalogue: Catalogue) -> None:
    """Every element belongs to the namespace of the set, declared once."""
    root = tree(catalogue, "Query")
    assert root.nsmap == {None: "urn:cn:collective-declaration:1.0"}
    assert {etree.QName(node).namespace for node in root.iter()} == {"urn:cn:collective-declaration:1.0"}


@pytest.mark.parametrize(
    "text", ["a & b", "<b>", "]]>", 'say "x"', "two\nlines", "old\rmac", "tab\there", "𠮷"]
)
def test_special_characters_arrive_as_they_are(catalogue: Catalogue, text: str) -> None:
    """Nothing in a value can become markup or be normalised away."""
    root = tree(catalogue, "Query", State=text)
    again = etree.fromstring(serialize(root))
    assert again.findtext(".//{*}State") == text


def test_empty_groups_that_the_public_structure_wants_are_written(catalogue: Catalogue) -> None:
    """A declaration has its mandatory groups and fields even where they are empty."""
    root = build_declaration(catalogue, DECLARATION)
    names = [etree.QName(node).localname for node in root]
    assert names == ["DecHead", "DecLists", "DecContainers", "DecLicenseDocus", "DecFreeTxt", "DecSign"]
    assert root.find(".//{*}GoodsPlace") is not None
    assert not root.findtext(".//{*}GoodsPlace")
    assert root.get("Version") == "3.1"


def _faults(catalogue: Catalogue, body: dict[str, object]) -> list[tuple[str, str]]:
    with pytest.raises(RejectedError) as caught:
        build(catalogue, head("Manifest"), body)
    for violation in caught.value.violations:
        assert "{" not in violation.text("en") + violation.text("zh")
    return [(violation.path, violation.code) for violation in caught.value.violations]


@pytest.mark.requirement("EN-05")
def test_everything_that_does_not_fit_is_told_at_once(catalogue: Catalogue) -> None:
    """Unknown fields, wrong shapes and impossible characters, each with its path."""
    body: dict[str, object] = {
        **SAMPLES["Manifest"],
        "Colour": "red",
        "BillNo": {"A": "b"},
        "TrafName": "bell\x07",
        "Item": [{"Weight": "1"}, "text", {"GName": "\ud800"}],
    }
    assert _faults(catalogue, body) == [
        ("Manifest/TrafName", "schema.bad-character"),
        ("Manifest/BillNo", "schema.wrong-shape"),
        ("Manifest/Item[1]/Weight", "schema.unknown-field"),
        ("Manifest/Item[2]", "schema.wrong-shape"),
        ("Manifest/Item[3]/GName", "schema.bad-character"),
        ("Manifest/Colour", "schema.unknown-field"),
    ]


def test_one_group_where_a_list_is_due_is_refused(catalogue: Catalogue) -> None:
    """Groups that repeat are lists, even with one."""
    assert _faults(catalogue, {"Item": {"GNo": "1"}}) == [("Manifest/Item", "schema.wrong-shape")]


def test_an_unknown_message_type_names_the_known_ones(catalogue: Catalogue) -> None:
    """The error says what would be right."""
    with pytest.raises(RejectedError) as caught:
        build(catalogue, head("Invoice"), {})
    (violation,) = caught.value.violations
    assert violation.code == "schema.unknown-message"
    assert "QualificationFiling" in violation.text()


def test_faults_of_a_declaration_carry_its_root(catalogue: Catalogue) -> None:
    """Paths into a declaration begin with its root."""
    with pytest.raises(RejectedError) as caught:
        build_declaration(catalogue, {"DecLists": {"DecList": [{"Colour": "red"}]}})
    assert caught.value.violations[0].path == "DecMessage/DecLists/DecList[1]/Colour"
