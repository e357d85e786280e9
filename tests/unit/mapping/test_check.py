"""Checking mappings against the structure of the messages, before any file comes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.codes import CodeLibrary
from gateway.fields import FieldDictionary, FieldSpec
from gateway.mapping import MappingSet
from gateway.mapping.check import check_mapping
from gateway.messages import Catalogue

ROOT = Path(__file__).parents[3]
MARKS = {
    "GoodsFiling": "",
    "GoodsFiling/QualificationSeqNo": "save declare",
    "GoodsFiling/TradeCode": "save declare filled",
    "GoodsFiling/NoteS": "",
    "GoodsFiling/Item": "declare",
    "GoodsFiling/Item/GName": "declare",
    "GoodsFiling/Item/GUnit": "declare unit",
    "GoodsFiling/Item/OriginCountry": "country",
}
DICTIONARY = FieldDictionary(
    {
        path: FieldSpec(
            name=path.rpartition("/")[2],
            path=path,
            zh=f"中{path[-4:]}",
            en=path[-4:],
            save="save" in marks,
            declare="declare" in marks,
            filled="filled" in marks,
            table=next((table for table in ("unit", "country") if table in marks), ""),
        )
        for path, marks in MARKS.items()
    }
)
HEAD = """format = "csv"
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
key = "nr"
client-number = "nr"
"""


def check(workshop, rules: str) -> list[tuple[str, str, bool]]:
    """Check a mapping."""
    mapping = workshop.mapping(HEAD + rules)
    found = check_mapping(mapping, DICTIONARY, mapping.tables)
    assert all(each.text("en") and "{" not in each.text("zh") for each in found)
    return [(each.code, each.path, each.warning) for each in found]


COMPLETE = """[header]
QualificationSeqNo = "q"
[items]
GName = "n"
GUnit = { from = "u", table = "unit" }
"""


@pytest.mark.requirement("ER-03")
def test_a_mapping_that_makes_every_mandatory_field_is_right(workshop):
    """What the gateway fills in may be left out."""
    assert check(workshop, COMPLETE) == []


@pytest.mark.requirement("EN-01", "ER-03")
def test_what_saving_needs_is_a_fault_and_what_declaring_needs_a_warning(workshop):
    """A filing may be saved by one system and completed by another."""
    assert check(workshop, '[items]\nGName = "n"') == [
        ("mapping.mandatory-unmapped", "GoodsFiling/QualificationSeqNo", False),
        ("mapping.declare-unmapped", "GoodsFiling/Item/GUnit", True),
    ]
    assert ("mapping.declare-unmapped", "GoodsFiling/Item", True) in check(workshop, "")


def test_a_document_named_by_the_senders_own_number_is_named(workshop):
    """The gateway turns it into its own number."""
    assert check(workshop, COMPLETE.replace("QualificationSeqNo", "QualificationClientNo")) == []


@pytest.mark.requirement("ER-03")
def test_targets_tables_and_constants_must_be_those_of_the_message(workshop):
    """Everything at once, with the key."""
    rules = (
        '[header]\nQualificationSeqNo = "q"\nNoteX = "x"\n'
        '[items]\nGName = "n"\nGUnit = { from = "u", table = "country" }\n'
        'OriginCountry = { from = "o", default = "泰国" }\n[groups.Itm]\nX = "a"'
    )
    assert check(workshop, rules) == [
        ("mapping.unknown-target", "header.NoteX", False),
        ("mapping.table-differs", "items.GUnit", False),
        ("mapping.constant-unknown", "items.OriginCountry", False),
        ("mapping.unknown-target", "groups.Itm", False),
        ("mapping.unknown-target", "groups.Itm.X", False),
    ]


def test_the_type_of_message_must_exist(workshop):
    """Everything else would be unknown too."""
    mapping = workshop.mapping(HEAD.replace("GoodsFiling", "GodsFiling"))
    assert [each.code for each in check_mapping(mapping, DICTIONARY, mapping.tables)] == [
        "mapping.unknown-message"
    ]


@pytest.mark.requirement("ER-03")
def test_the_shipped_mappings_are_right():
    """Against the schemas and the code tables that are shipped with them, without a single warning."""
    tables = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    dictionary = Catalogue.load(ROOT / "schemas/xsd").dictionary
    found = [
        (mapping.name, str(fault.text()))
        for mapping in MappingSet.load(ROOT / "mappings", tables)
        for fault in check_mapping(mapping, dictionary, tables)
    ]
    assert found == []
