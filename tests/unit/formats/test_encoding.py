"""Encodings: the mark, the declaration, UTF-8, GB18030, and what is told when they disagree."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError, Violation
from gateway.formats import ReadOptions, Source, Table, read

TEXT = "品名,数量\n鲜榴莲,12\n镕,1\n"


def source(data: bytes, encoding: str = "") -> Source:
    """Read a CSV file."""
    return read("a.csv", data, ReadOptions(encoding=encoding))


def fault(data: bytes, encoding: str = "") -> Violation:
    """Read a CSV file that must be refused."""
    with pytest.raises(RejectedError) as caught:
        source(data, encoding)
    return caught.value.violations[0]


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize(
    ("data", "declared", "encoding"),
    [
        (TEXT.encode(), "", "utf-8"),
        (TEXT.encode("utf-8-sig"), "", "utf-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8", "utf-8"),
        (TEXT.encode("gb18030"), "", "gb18030"),
        (TEXT.encode("gb18030"), "gbk", "gb18030"),
        (TEXT.encode("gb18030"), "GB2312", "gb18030"),
        (("\ufeff" + TEXT).encode("gb18030"), "gb18030", "gb18030"),
    ],
)
def test_chinese_text_is_read_in_every_encoding_that_erps_write(data, declared, encoding):
    """With and without mark, with and without declaration, the cells are the same."""
    found = source(data, declared)
    assert found.encoding == encoding
    assert isinstance(found.content, Table)
    assert found.content.columns == ("品名", "数量")
    assert found.content.rows[1].cells == ["镕", "1"]
    assert found.warnings == ()


def test_a_declaration_that_cannot_be_right_is_refused_with_the_byte():
    """The text names the encoding that would fit."""
    data = "数量\n1\n".encode("gb18030")
    found = fault(data, "utf-8")
    assert found.code == "format.wrong-encoding"
    assert (found.values["offset"], found.values["byte"]) == (0, "CA")
    assert found.values["other"] == "GB18030"


def test_a_mark_wins_against_the_declaration_and_the_disagreement_is_told():
    """The mark is the file's own word, and never stands there by chance."""
    found = source(TEXT.encode("utf-8-sig"), "gb18030")
    assert found.encoding == "utf-8"
    assert [(each.code, each.warning) for each in found.warnings] == [("format.encoding-disagrees", True)]


def test_a_declaration_that_looks_wrong_wins_and_is_told():
    """UTF-8 Chinese mostly decodes as GB18030 too, to nonsense; a person should look."""
    data = "品名,数量\n榴莲,12\n".encode()
    (warning,) = source(data, "gb18030").warnings
    assert warning.warning
    assert warning.code == "format.encoding-suspect"


def test_bytes_that_are_no_text_are_told_with_their_offset():
    """The offset counts from the beginning of the file, a mark included."""
    assert fault(b"a,b\n1,\xff\xff\n").values["offset"] == 6
    found = fault(b"\xef\xbb\xbfa\n\xff\n")
    assert (found.code, found.values["offset"], found.values["byte"]) == ("format.unreadable-bytes", 5, "FF")


@pytest.mark.parametrize(
    ("data", "declared"), [("a,b\n1,2\n".encode("utf-32"), ""), (b"a,b\n1,2\n", "latin-1")]
)
def test_other_encodings_are_refused_by_name(data: bytes, declared: str):
    """Latin-1 reads everything and understands nothing."""
    assert fault(data, declared).code == "format.unknown-encoding"
