"""Pointers of customs in every notation: read exactly or not at all, and found in the message or not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.customs import Finder, read_pointer
from gateway.customs.pointers import Pointer, Step
from gateway.fields import Fields
from gateway.messages import Catalogue
from tests.source import ROOT

pytestmark = pytest.mark.requirement("EN-05")

DICTIONARY = Catalogue.load(Path(ROOT / "schemas/xsd")).dictionary
MANIFEST: Fields = {
    "NetWt": "1",
    "Item": [{"GNo": "1", "CodeTS": "0302141000"}, {"GNo": "2"}, {"GNo": "3", "CodeTS": "0809290000"}],
}
FINDER = Finder("Manifest", MANIFEST, DICTIONARY)
THIRD = "Manifest/Item[3]/CodeTS"


def found(path: str, text: str = "", finder: Finder = FINDER) -> tuple[str, ...]:
    """Read a pointer and return the fields that it fits."""
    return finder.find(read_pointer(path, text))


@pytest.mark.parametrize(
    "pointer",
    [
        "Manifest/Item[3]/CodeTS",
        "/Message/Manifest/Item[3]/CodeTS",
        "/Message[1]/Manifest[1]/Item[3]/CodeTS[1]",
        "//Manifest/Item[3]/CodeTS/text()",
        "./Item[3]/CodeTS",
        "Item[3]/CodeTS",
        "jb:Message/jb:Manifest/jb:Item[3]/jb:CodeTS",
        "{urn:cn:collective-declaration:1.0}Manifest/{urn:x/y}Item[3]/{urn:x/y}CodeTS",
        "/*[local-name()='Message']/*[local-name()='Manifest']/*[local-name()=\"Item\"][3]/*[local-name()='CodeTS']",
        "Manifest/Item[position()=3]/CodeTS",
        "Manifest/Item(3)/CodeTS",
        "Manifest.Item[3].CodeTS",
        "Manifest/Item[GNo=3]/CodeTS",
        "Item[GNo='3']/CodeTS",
        "GNo=3/CodeTS",
        "GNo：3，CodeTS",
        "第3项商品商品编号",
        "第三项 商品编号",
        "商品第3项的CodeTS",
        " 第 3 条：商品编号 ",
    ],
)
def test_each_notation_is_read(pointer: str) -> None:
    """All of them mean the same field."""
    assert found(pointer) == (THIRD,)


@pytest.mark.parametrize(
    ("pointer", "field"),
    [
        ("GNo=2", "Manifest/Item[2]"),
        ("第2项商品", "Manifest/Item[2]"),
        ("Manifest", "Manifest"),
        ("NetWt", "Manifest/NetWt"),
        ("净重（千克）", "Manifest/NetWt"),
        ("Manifest/LicenseNo", "Manifest/LicenseNo"),
        ("MessageHead/ClientSeqNo", "MessageHead/ClientSeqNo"),
        ("Item[2]/CodeTS", "Manifest/Item[2]/CodeTS"),
    ],
)
def test_groups_and_fields_that_are_absent_are_found_too(pointer: str, field: str) -> None:
    """A whole item, the whole message, and what customs misses."""
    assert found(pointer) == (field,)


@pytest.mark.parametrize(
    "pointer",
    [
        *(
            "Item[4]/CodeTS",
            "Item[0]/CodeTS",
            "Item[1000000]/CodeTS",
            "Item[-1]/CodeTS",
            "GNo=4",
            "第4项商品",
        ),
        *("GoodsFiling/Item[1]/CodeTS", "Manifest/Goods[1]/CodeTS", "Manifest/CodeTS", "NetWt[2]"),
        *("Item[last()]", "Item[1]|//*", "//Item[1]//CodeTS", "count(Item)", "Item[1][2]", "id('x')"),
        *("Item[GNo=3 or 1=1]", "/", "[3]", "Item/3/CodeTS", "没有这样的字段", "/Message"),
    ],
)
def test_what_fits_nothing_is_not_guessed(pointer: str) -> None:
    """A field of another message, an item that is not there, an expression: none of them is evaluated."""
    assert found(pointer) == ()


@pytest.mark.parametrize("pointer", ["CodeTS", "Item", "Manifest/Item/CodeTS", "商品编号"])
def test_what_fits_several_is_told_as_several(pointer: str) -> None:
    """Which of three items is meant is not known; in a message with one of them it is."""
    assert len(found(pointer)) > 1
    alone = Finder("Manifest", {"Item": [{"GNo": "1"}]}, DICTIONARY)
    assert found(pointer, finder=alone) in {("Manifest/Item[1]/CodeTS",), ("Manifest/Item[1]",)}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("第3项商品商品编号错误", THIRD),
        ("经审核，第3项商品编号归类有误", THIRD),
        ("第3项商品归类有误", "Manifest/Item[3]"),
        ("第三项商品重复申报", "Manifest/Item[3]"),
    ],
)
def test_a_text_that_names_one_item_is_read_where_there_is_no_pointer(text: str, field: str) -> None:
    """It is marked as read from the text; beside a pointer the text is not looked at."""
    pointer = read_pointer("", text)
    assert pointer is not None
    assert pointer.in_text
    assert FINDER.find(pointer) == (field,)
    assert found("NetWt", text) == ("Manifest/NetWt",)


@pytest.mark.parametrize("text", ["", "商品编号错误", "第1项与第3项商品重复", "第9项商品有误"])
def test_a_text_that_names_none_or_two_says_nothing(text: str) -> None:
    """It is told as it came."""
    assert found("", text) == ()


def test_declarations_and_changes_have_groups_of_their_own() -> None:
    """Their items are found by position and number; what may be meant of two groups is not chosen."""
    declaration = Finder("DecMessage", {"DecLists": {"DecList": [{"GNo": "1"}, {"GNo": "2"}]}}, DICTIONARY)
    for pointer in ("/DecMessage/DecLists/DecList[2]/GQty", "DecList[2]/GQty", "GNo=2/GQty", "第2项商品GQty"):
        assert found(pointer, finder=declaration) == ("DecMessage/DecLists/DecList[2]/GQty",)
    change = Finder("GoodsFilingChange", {"Item": [{"GNo": "8"}], "DisabledItem": [{"GNo": "3"}]}, DICTIONARY)
    assert found("GNo=8", finder=change) == ("GoodsFilingChange/Item[1]",)
    assert found("第3项", finder=change) == ("GoodsFilingChange/DisabledItem[1]",)
    assert found("Item[1]", finder=change) == ("GoodsFilingChange/Item[1]",)


NAMES = st.sampled_from(["Manifest", "Item", "CodeTS", "NetWt", "GNo", "Message", "x"])


@given(st.lists(st.tuples(NAMES, st.none() | st.integers(0, 10**9 - 1)), min_size=1, max_size=6))
def test_a_path_is_read_as_it_is_written(steps: list[tuple[str, int | None]]) -> None:
    """Names and positions, no more and no less; only the root of a message is no step."""
    path = "/".join(name if place is None else f"{name}[{place}]" for name, place in steps)
    wanted = [Step(name, place) for name, place in steps]
    if len(steps) > 1 and steps[0][0] == "Message" and steps[0][1] in {None, 1}:
        wanted = wanted[1:]
    assert read_pointer(path) == Pointer(tuple(wanted))


@given(st.text(max_size=255), st.text(max_size=100))
def test_nothing_that_customs_may_write_breaks_reading_or_finding(path: str, text: str) -> None:
    """What is found is a path of the message that was sent."""
    for place in found(path, text):
        assert re.sub(r"\[\d+\]", "", place) in DICTIONARY.specs


@given(st.text(alphabet="/[]()*|.:'\"=@{}GNoItem第项商品0123456789一二十", max_size=255))
def test_nothing_that_looks_like_a_pointer_breaks_it_either(path: str) -> None:
    """Signs of expressions, in any order."""
    assert len(found(path)) <= 2
