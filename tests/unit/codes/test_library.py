"""What is loaded: the operator's files beside the shipped, the days of entries, ages, and every fault."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.codes import About, CodeLibrary, CodeTables
from gateway.errors import RejectedError

TODAY = date(2026, 10, 20)


def write(folder: Path, name: str, text: str) -> None:
    """Put a file of that name into the folder."""
    (folder / name).write_text(text, encoding="utf-8")


def load(folder: Path, day: date = TODAY) -> CodeTables:
    """Load the shipped tables and the folder's, as of a day."""
    return CodeLibrary.load(folder, lambda: day).today


def about(table: str, folder: Path | None = None) -> About:
    """Return what is known of a table."""
    return next(each for each in CodeLibrary.load(folder, lambda: TODAY).about if each.table == table)


def faults_of(folder: Path) -> list[tuple[str, int | None]]:
    """Load the folder, which fails, and return the code and row of each fault."""
    with pytest.raises(RejectedError) as caught:
        load(folder)
    return [(fault.code, fault.place.row if fault.place else None) for fault in caught.value.violations]


def test_an_entry_holds_on_its_days_only(tmp_path: Path) -> None:
    """A code that was renamed has one name on each day; first and last day are included."""
    text = "code,name_zh,valid_from,valid_to\n0101,机场单证,,2019-12-31\n0101,机场货管,2020-01-01,\n"
    write(tmp_path, "customs_district.csv", text)
    assert load(tmp_path, date(2019, 12, 31)).name("customs_district", "0101") == "机场单证"
    later = load(tmp_path, date(2020, 1, 1))
    assert later.name("customs_district", "0101") == "机场货管"
    assert later.code("customs_district", "机场单证") is None


@pytest.mark.requirement("EN-03")
def test_a_new_day_needs_no_restart(tmp_path: Path) -> None:
    """A gateway that runs over midnight takes the codes of the day that has begun."""
    write(
        tmp_path,
        "currency.csv",
        "code,name_zh,valid_from,valid_to\nDEM,马克,,2026-10-20\nEUR,欧元,2026-10-21,\n",
    )
    day = [TODAY]
    library = CodeLibrary.load(tmp_path, lambda: day[0])
    assert (library.today.code("currency", "DEM"), library.today.code("currency", "EUR")) == ("DEM", None)
    day[0] += timedelta(days=1)
    assert (library.today.code("currency", "DEM"), library.today.code("currency", "EUR")) == (None, "EUR")
    assert library.on(TODAY).code("currency", "马克") == "DEM"


@pytest.mark.requirement("EN-03")
@pytest.mark.parametrize("text", ["DEM", "马克", "304"])
def test_a_code_of_another_day_tells_when_it_held(tmp_path: Path, text: str) -> None:
    """By code, former code or name; one that never was tells nothing."""
    write(
        tmp_path,
        "currency.csv",
        "code,name_zh,old_code,valid_from,valid_to\nDEM,马克,304,1948-06-20,2001-12-31\n",
    )
    tables = load(tmp_path)
    assert tables.code("currency", text) is None
    assert tables.validity("currency", text) == "DEM 马克 (1948-06-20 – 2001-12-31)"
    assert tables.validity("currency", "QQQ") is None
    assert tables.validity("country", "CHN") is None


def test_open_ends_of_a_validity_are_left_open(tmp_path: Path) -> None:
    """Several spans are told one after the other."""
    write(tmp_path, "unit.csv", "code,name_zh,valid_from,valid_to\n1,甲,,2001-12-31\n1,乙,2030-01-01,\n")
    assert load(tmp_path).validity("unit", "1") == "1 甲 (– 2001-12-31), 1 乙 (2030-01-01 –)"


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
    write(tmp_path, "g.csv", "code,name_zh,valid_from,valid_to\n1,一,2026-02-02,2026-02-01\n")
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
        ("codes.never-valid", 2),
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


@pytest.mark.requirement("EN-03")
def test_an_operator_says_of_when_a_table_is(tmp_path: Path) -> None:
    """In `tables.toml` beside it; its names are the shipped ones unless it gives others."""
    write(tmp_path, "currency.csv", "code,name_zh\nUSD,美元\n")
    write(tmp_path, "colour.csv", "code,name_zh\n1,红\n")
    write(tmp_path, "tables.toml", '[currency]\nas_of = 2026-10-01\nsource = "GACC"\n')
    found = about("currency", tmp_path)
    assert (found.as_of, found.source, found.entries, found.shipped) == (date(2026, 10, 1), "GACC", 1, False)
    assert found.file == f"{tmp_path}/currency.csv"
    assert found.names == {"en": "currencies", "zh": "币制代码表"}
    assert found.age(TODAY) == 19
    assert about("colour", tmp_path).names == {"en": "colour", "zh": "colour"}
    assert about("country", tmp_path).shipped


@pytest.mark.requirement("EN-03")
def test_tables_that_are_old_or_of_an_unknown_day_are_warned_of(tmp_path: Path) -> None:
    """From the day after the limit on; what cannot age is not warned of."""
    write(tmp_path, "currency.csv", "code,name_zh\nUSD,美元\n")
    write(tmp_path, "tables.toml", "[currency]\nas_of = 2026-10-01\n")
    found = about("currency", tmp_path)
    assert found.warnings(TODAY, 19) == []
    (old,) = found.warnings(TODAY, 18)
    assert (old.code, old.warning) == ("codes.old", True)
    assert "2026-10-01, 19 days old" in old.text("en")
    assert "2026-10-01" in old.text("zh")
    assert [fault.code for fault in about("customs_district").warnings(TODAY, 18)] == ["codes.age-unknown"]
    assert about("goods_nature").warnings(TODAY, 1) == []


def test_faults_of_a_tables_toml_are_told_at_once(tmp_path: Path) -> None:
    """Unknown keys, wrong values, entries without a file, each under its key."""
    write(tmp_path, "currency.csv", "code,name_zh\nUSD,美元\n")
    write(tmp_path, "tables.toml", 'currency.as_of = "soon"\ncurrency.colour = 1\ncoin.as_of = 2026-10-01\n')
    with pytest.raises(RejectedError) as caught:
        load(tmp_path)
    told = [(each.code, each.place.path if each.place else "") for each in caught.value.violations]
    assert told == [
        ("codes.about-wrong", "currency.as_of"),
        ("codes.about-wrong", "currency.colour"),
        ("codes.about-nothing", "coin"),
    ]
    write(tmp_path, "tables.toml", "no toml")
    assert faults_of(tmp_path) == [("codes.about-unreadable", None)]
