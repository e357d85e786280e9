"""The code tables: look-up by code and Chinese name, nearest entries, days, and the operator's own files."""

from __future__ import annotations

import unicodedata
from datetime import date
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codes import CodeLibrary, CodeTables
from gateway.codes.reader import read_table
from gateway.errors import RejectedError

TODAY = date(2026, 10, 20)
SHIPPED = CodeLibrary.load(None, lambda: TODAY).today
ROWS = {
    file.name.removesuffix(".csv"): read_table(file, file.name)[0]
    for file in (resources.files("gateway.codes") / "data").iterdir()
    if file.name.endswith(".csv")
}


def write(folder: Path, name: str, text: str) -> None:
    """Put a table of that name into the folder."""
    (folder / name).write_text(text, encoding="utf-8")


def load(folder: Path, day: date = TODAY) -> CodeTables:
    """Load the shipped tables and the folder's, as of a day."""
    return CodeLibrary.load(folder, lambda: day).today


def faults_of(folder: Path) -> list[tuple[str, int | None]]:
    """Load the folder, which fails, and return the code and row of each fault."""
    with pytest.raises(RejectedError) as caught:
        load(folder)
    return [(fault.code, fault.place.row if fault.place else None) for fault in caught.value.violations]


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
    ],
)
def test_the_nearest_entries_are_named(table: str, text: str, expected: tuple[str, str]) -> None:
    """A misspelt code or name is answered with what was probably meant."""
    assert expected in SHIPPED.near(table, text)


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


def test_an_entry_holds_on_its_days_only(tmp_path: Path) -> None:
    """A code that was renamed has one name on each day; first and last day are included."""
    text = "code,name_zh,valid_from,valid_to\n0101,机场单证,,2019-12-31\n0101,机场货管,2020-01-01,\n"
    write(tmp_path, "customs_district.csv", text)
    assert load(tmp_path, date(2019, 12, 31)).name("customs_district", "0101") == "机场单证"
    later = load(tmp_path, date(2020, 1, 1))
    assert later.name("customs_district", "0101") == "机场货管"
    assert later.code("customs_district", "机场单证") is None


def test_an_operators_file_replaces_or_adds_a_table(tmp_path: Path) -> None:
    """A file of the same name is the whole table; the other shipped tables stay."""
    write(tmp_path, "currency.csv", "\ufeffcode,name_zh\r\nXTS,试验币\r\n")
    write(tmp_path, "colour.csv", 'name_zh,code\n"红,赤",1\n\n')
    tables = load(tmp_path)
    assert tables.code("currency", "试验币") == "XTS"
    assert tables.code("currency", "USD") is None
    assert tables.code("colour", "红,赤") == "1"
    assert tables.code("country", "中国") == "CHN"


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """One start shows everything that is to be mended, each with its row."""
    write(tmp_path, "a.csv", "code,name\n1,x\n")
    write(tmp_path, "b.csv", "code,name_zh,valid_from\n1,一,2026-02-30\n,二,\n2,,\n")
    write(tmp_path, "c.csv", "code,name_zh\n1,一\n1,壹\n")
    write(tmp_path, "d.csv", 'code,name_zh\n1,"一\n')
    (tmp_path / "e.csv").write_bytes("code,name_zh\n1,中国\n".encode("gb18030"))
    write(tmp_path, "f.csv", "")
    assert faults_of(tmp_path) == [
        ("codes.column-missing", 1),
        ("codes.column-wrong", 1),
        ("codes.date-wrong", 2),
        ("codes.value-missing", 3),
        ("codes.value-missing", 4),
        ("codes.code-twice", 3),
        ("codes.not-csv", 2),
        ("codes.unreadable", None),
        ("codes.column-missing", 1),
        ("codes.column-missing", 1),
    ]


def test_a_configured_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """A mistyped folder is never taken for "no own tables"."""
    assert faults_of(tmp_path / "absent") == [("codes.folder-absent", None)]


def test_fault_texts_exist_in_both_languages(tmp_path: Path) -> None:
    """Each fault reads as a sentence in English and in Chinese, with its values in it."""
    write(tmp_path, "c.csv", "code,name_zh\n1,一\n1,壹\n")
    with pytest.raises(RejectedError) as caught:
        load(tmp_path)
    assert (
        caught.value.text("en") == "The code 1 stands on row 2 already, for days that this entry covers too."
    )
    assert caught.value.text("zh") == "代码 1 已在第 2 行出现，且有效期重叠。"
