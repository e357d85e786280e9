"""Look-up in the shipped code tables: by code, former code and Chinese name, and the nearest entries."""

from __future__ import annotations

import unicodedata
from datetime import date
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codes import CodeLibrary
from gateway.codes.reader import read_table

TODAY = date(2026, 10, 20)
SHIPPED = CodeLibrary.load(None, lambda: TODAY).today
ROWS = {
    file.name.removesuffix(".csv"): read_table(file, file.name)[0]
    for file in (resources.files("gateway.codes") / "data").iterdir()
    if file.name.endswith(".csv")
}


@pytest.mark.requirement("EN-03")
@pytest.mark.parametrize(
    ("table", "text", "code"),
    [
        ("country", "CHN", "CHN"),
        ("country", "中国", "CHN"),
        ("country", "  德国 ", "DEU"),
        ("currency", "美元", "USD"),
        ("unit", "千克", "035"),
        ("customs_district", "皇岗海关", "5301"),
        ("transport_mode", "水路运输", "2"),
        ("supervision_mode", "一般贸易", "0110"),
        ("goods_nature", "保税", "2"),
        ("guarantee_mode", "保函", "2"),
        ("unit", "０３５", "035"),
        ("country", "非洲其他国家(地区)", None),
        ("country", "502", "USA"),
        ("country", "326", "NOR"),
        ("country", "701", None),
        ("currency", "502", "USD"),
        ("currency", "５０２", "USD"),
        ("transport_mode", "4", "4"),
        ("country", "chn", None),
        ("country", "", None),
        ("unit", "桶装水", None),
    ],
)
def test_a_code_or_its_chinese_name_ends_as_the_code(table: str, text: str, code: str | None) -> None:
    """Code and name both lead to the code; what the table does not know leads to nothing."""
    assert SHIPPED.code(table, text) == code


@pytest.mark.requirement("EN-03")
@pytest.mark.parametrize("table", sorted(ROWS))
def test_every_shipped_entry_is_found_by_its_code(table: str) -> None:
    """No entry is lost, and each code is as it stands in the file."""
    assert ROWS[table]
    for row in ROWS[table]:
        assert SHIPPED.code(table, row.code) == row.code
        assert SHIPPED.name(table, row.code) == row.name


def test_a_name_of_several_codes_leads_to_none_and_near_names_them_all() -> None:
    """Two ports of one name are not guessed between; the person sees both codes."""
    assert SHIPPED.code("port", "喀布尔（阿富汗）") is None
    assert [code for code, _ in SHIPPED.near("port", "喀布尔(阿富汗)")] == ["AFG001", "AFG003"]


def test_upper_and_lower_case_codes_are_different() -> None:
    """Licence document `A` is another document than `a`."""
    assert SHIPPED.name("licence_doc", "A") != SHIPPED.name("licence_doc", "a")


@pytest.mark.requirement("EN-03")
@pytest.mark.parametrize(
    ("table", "text", "expected"),
    [
        ("customs_district", "皇岗", ("5301", "皇岗海关")),
        ("currency", "USX", ("USD", "美元")),
        ("currency", "usd", ("USD", "美元")),
        ("country", "德意志国", ("DEU", "德国")),
        ("transport_mode", "水路", ("2", "水路运输")),
        ("port", "纽约港", ("USA309", "纽约（美国）")),
        ("country", "701", ("ZZZ", "国(地)别不详")),
        ("unit", "35", ("035", "千克")),
    ],
)
def test_the_nearest_entries_are_named(table: str, text: str, expected: tuple[str, str]) -> None:
    """A misspelt code or name is answered with what was probably meant."""
    assert expected in SHIPPED.near(table, text)


@pytest.mark.requirement("EN-03")
def test_what_begins_alike_is_nearer() -> None:
    """Offices of one region share their first two digits, and so do countries' ports."""
    assert {code[:2] for code, _ in SHIPPED.near("customs_district", "5399")} == {"53"}
    assert {code[:3] for code, _ in SHIPPED.near("port", "USA999")} == {"USA"}
    assert SHIPPED.near("supervision_mode", "一般")[0] == ("0110", "一般贸易")


@pytest.mark.requirement("EN-03")
def test_a_small_table_is_named_whole_to_whoever_guessed_none_of_it() -> None:
    """Four natures of goods are told sooner than guessed."""
    assert [code for code, _ in SHIPPED.near("goods_nature", "9")] == ["1", "2", "3", "4"]
    assert SHIPPED.near("port", "☃") == []


def test_near_gives_no_more_than_asked_and_nothing_for_garbage() -> None:
    """Empty and overlong texts resemble no entry."""
    assert len(SHIPPED.near("port", "纽约", limit=2)) == 2
    assert SHIPPED.near("port", "") == []
    assert SHIPPED.near("port", "港" * 5000) == []


def test_a_table_is_there_or_not() -> None:
    """Only files make tables."""
    assert SHIPPED.has("country")
    assert not SHIPPED.has("colour")
    assert SHIPPED.name("country", "000") is None


@given(st.sampled_from(sorted(ROWS)), st.text(max_size=80))
def test_look_up_never_fails_and_never_invents(table: str, text: str) -> None:
    """Whatever the text, the answer is an entry of the table that the text names, or nothing."""
    code = SHIPPED.code(table, text)
    if code is not None:
        plain = unicodedata.normalize("NFKC", text).strip()
        name = unicodedata.normalize("NFKC", SHIPPED.name(table, code) or "")
        assert plain in {unicodedata.normalize("NFKC", code), name}
    for near, name in SHIPPED.near(table, text):
        assert SHIPPED.name(table, near) == name
