"""ZIP: several files in one interchange, each read by itself; what is not what it says is refused whole."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RejectedError
from gateway.formats import ReadOptions, Source, Unreadable, read, read_all
from gateway.formats.archive import LIMITS, Archive, Limits
from tests.unit.formats.books import by_openpyxl, zipped

CSV, XML = "品名,数量\n榴莲,1\n", "<a>榴莲</a>"


def all_of(data: bytes, name: str = "orders.zip", encoding: str = "") -> list[Source | Unreadable]:
    """Read every file of a ZIP."""
    return list(read_all(name, data, ReadOptions(encoding=encoding)))


def code(data: bytes, name: str = "orders.zip") -> str:
    """Read a ZIP that must be refused as a whole, for its first code."""
    with pytest.raises(RejectedError) as caught:
        all_of(data, name)
    return caught.value.code


def with_entry(change: Callable[[zipfile.ZipInfo], None], content: bytes = b"a,b\n1,2\n") -> bytes:
    """Pack one file of which the directory says something strange."""
    info = zipfile.ZipInfo("a.csv")
    info.compress_type = zipfile.ZIP_DEFLATED
    change(info)
    return zipped({}, lambda archive: archive.writestr(info, content))


@pytest.mark.requirement("ER-02")
def test_each_file_of_a_zip_is_a_source_of_its_own_in_the_order_of_names():
    """Folders and what operating systems leave behind are no files of anybody."""
    files: dict[str, bytes | str] = {
        "c.json": '{"a": 1}',
        "a/清单.csv": CSV.encode("gb18030"),
        "b.xlsx": by_openpyxl(["a", "b"], [1, 2]),
        "b.xml": XML,
        "a/": "",
        "__MACOSX/._a": "x",
        "a/.DS_Store": "x",
    }
    found = [(each.name, isinstance(each, Source) and each.format) for each in all_of(zipped(files))]
    assert found == [
        ("orders.zip/a/清单.csv", "csv"),
        ("orders.zip/b.xlsx", "xlsx"),
        ("orders.zip/b.xml", "xml"),
        ("orders.zip/c.json", "json"),
    ]


@pytest.mark.requirement("ER-04")
def test_a_file_that_cannot_be_read_does_not_keep_the_others_away():
    """It is told with its own faults and places; a print among the messages is told as what it is."""
    first, second, third = all_of(zipped({"a.json": "[", "b.csv": CSV, "c.pdf": b"%PDF-1.7"}))
    assert isinstance(first, Unreadable)
    assert first.fault.violations[0].place is not None
    assert (first.fault.code, first.fault.violations[0].place.file) == (
        "format.not-json",
        "orders.zip/a.json",
    )
    assert isinstance(second, Source)
    assert isinstance(third, Unreadable)
    assert third.fault.code == "format.attachment"


def test_every_other_interchange_is_one_source():
    """Whoever reads has one way for all formats."""
    assert [each.name for each in all_of(CSV.encode(), "a.csv")] == ["a.csv"]
    assert [each.name for each in all_of(by_openpyxl(["a", "b"], [1, 2]), "a.xlsx")] == ["a.xlsx"]
    assert code(b"<a>", "a.xml") == "xml.not-well-formed"


def test_names_written_by_windows_in_china_are_read():
    """Without the mark of UTF-8 a name is in UTF-8 or GB18030."""
    for encoding in ("gb18030", "utf-8"):
        data = zipped({"x" * len("清单.csv".encode(encoding)): CSV})
        data = data.replace(b"x" * len("清单.csv".encode(encoding)), "清单.csv".encode(encoding))
        assert [each.name for each in all_of(data)] == ["orders.zip/清单.csv"]


def symlink(info: zipfile.ZipInfo) -> None:
    """Make a link of it, as Unix programs do."""
    info.external_attr = 0o120777 << 16


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (zipped({"../a.csv": CSV}), "format.zip-name"),
        (zipped({"/etc/a.csv": CSV}), "format.zip-name"),
        (zipped({"C:a.csv": CSV}), "format.zip-name"),
        (zipped({"a/./b.csv": CSV}), "format.zip-name"),
        (zipped({"a\\b.csv": CSV}), "format.zip-name"),
        (zipped({"a\nb.csv\x01": CSV}), "format.zip-name"),
        (zipped({"a.csv": CSV, "A.CSV": CSV}), "format.zip-twice"),
        (zipped({"a.csv": CSV, "a.csv/": ""}), "format.zip-twice"),
        (with_entry(symlink), "format.zip-link"),
        (with_entry(lambda info: setattr(info, "compress_type", zipfile.ZIP_BZIP2)), "format.zip-method"),
        (zipped({"a.zip": zipped({"a.csv": CSV})}), "format.zip-nested"),
        (zipped({"b.rar": b"Rar!"}), "format.zip-nested"),
        (zipped({}), "format.zip-empty"),
        (zipped({".DS_Store": "x"}), "format.zip-empty"),
        (zipped({"a.csv": bytes(30_000_000)}), "format.zip-ratio"),
        (zipped({str(n): "" for n in range(1001)}), "format.zip-too-many"),
        (b"garbage" + zipped({"a.csv": CSV}), "format.content-differs"),
        (b"PK\x03\x04" + zipped({"a.csv": CSV}), "format.zip-broken"),
        (zipped({"a.csv": CSV}) + b"garbage", "format.zip-broken"),
        (zipped({"a.csv": CSV})[:-30], "format.zip-broken"),
        (zipped({"a.csv": CSV * 9}).replace(b"PK\x03\x04", b"PK\x03\x05"), "format.content-differs"),
    ],
)
def test_a_zip_that_is_unsound_is_refused_before_anything_is_done(data: bytes, expected: str):
    """Names that lead elsewhere, doubles, links, bombs, archives within archives, damage."""
    assert code(data) == expected


@pytest.mark.parametrize(
    ("at", "layout", "value", "expected"),
    [
        (6, "<H", 1, "format.zip-broken"),  # the file itself says that it is encrypted
        (8, "<H", 0, "format.zip-broken"),  # another method
        (14, "<I", 7, None),  # its own checksum, which only the directory's one counts against
        (18, "<I", 1, "format.zip-broken"),  # packed size
        (22, "<I", 99_999_999, "format.zip-broken"),  # unpacked size
        (30, "<B", ord("b"), "format.zip-broken"),  # another name
    ],
)
def test_a_file_that_says_something_else_than_the_directory_is_refused(
    at: int, layout: str, value: int, expected: str | None
):
    """Some programs believe the one and some the other, so that two readers would see two messages."""
    data = bytearray(zipped({"a.csv": CSV}))
    struct.pack_into(layout, data, at, value)
    if expected is None:
        assert len(all_of(bytes(data))) == 1
    else:
        assert code(bytes(data)) == expected


@pytest.mark.parametrize(
    ("at", "layout", "value", "expected"),
    [
        (8, "<H", 1, "format.zip-encrypted"),
        (16, "<I", 7, "format.zip-broken"),  # checksum
        (24, "<I", 70 * 1024 * 1024, "format.zip-too-large"),
        (24, "<I", 5, "format.zip-broken"),  # less than there is
        (42, "<I", 9999, "format.zip-broken"),  # where the file begins
    ],
)
def test_a_directory_that_lies_is_refused(at: int, layout: str, value: int, expected: str):
    """Nothing is unpacked for it beyond what it admits."""
    data = bytearray(zipped({"a.csv": CSV}))
    struct.pack_into(layout, data, data.index(b"PK\x01\x02") + at, value)
    assert code(bytes(data)) == expected


def test_sizes_are_summed_before_anything_is_unpacked():
    """Many files that are each small enough."""
    data = zipped({f"{n}.csv": CSV * 100 for n in range(20)})
    with pytest.raises(RejectedError) as caught:
        Archive("a.zip", data, Limits(files=100, file_bytes=10_000, total_bytes=20_000, ratio=100))
    assert caught.value.code == "format.zip-too-large"
    assert LIMITS.total_bytes <= 256 * 1024 * 1024


def test_a_suffix_that_says_something_else_is_told():
    """A ZIP under the name of a workbook, a workbook under the name of a ZIP, a text under either."""
    for name, data in [
        ("a.xlsx", zipped({"a.csv": CSV})),
        ("a.zip", by_openpyxl(["a", "b"], [1, 2])),
        ("a.csv", zipped({"a.csv": CSV})),
        ("a.zip", CSV.encode()),
        ("a.xlsx", XML.encode()),
    ]:
        assert code(data, name) == "format.content-differs"
    with pytest.raises(RejectedError) as caught:
        read("a.zip", zipped({"a.csv": CSV}))
    assert caught.value.code == "format.zip-unpacked"


@given(st.data())
def test_no_damage_brings_the_reader_down(data: st.DataObject):
    """A flipped byte gives a source, an unreadable file, or faults with texts in both languages."""
    whole = bytearray(zipped({"a.csv": CSV, "b.xlsx": SMALL}))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = all_of(bytes(whole), "a")
    except RejectedError as fault:
        found = [Unreadable("a", fault)]
    assert found
    for each in found:
        told = each.fault.violations if isinstance(each, Unreadable) else each.warnings
        assert all(violation.text("en") and violation.text("zh") for violation in told)


SMALL = by_openpyxl(["a", "b"], [1, "x"])


@given(st.data())
def test_no_damage_of_a_workbook_brings_the_reader_down(data: st.DataObject):
    """The parts are packed anew, so that the damage is not found by their checksums."""
    with zipfile.ZipFile(io.BytesIO(SMALL)) as archive:
        parts = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    part = parts[data.draw(st.sampled_from(sorted(parts)))]
    for _ in range(data.draw(st.integers(1, 3))):
        part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = all_of(zipped({name: bytes(content) for name, content in parts.items()}), "a.xlsx")
    except RejectedError as fault:
        found = [Unreadable("a", fault)]
    (each,) = found
    told = each.fault.violations if isinstance(each, Unreadable) else each.warnings
    assert all(violation.text("en") and violation.text("zh") for violation in told)
