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
        (TEXT.encode("utf-16"), "", "utf-16"),
        (TEXT.encode("utf-16"), "utf-16", "utf-16"),
        (("\ufeff" + TEXT).encode("utf-16-be"), "UTF-16BE", "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16", "utf-16"),
        (TEXT.encode("utf-16-be"), "utf-16", "utf-16"),
        (TEXT.encode("utf-16-le"), "", "utf-16"),
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


def test_utf_16_that_is_none_is_refused_by_what_it_is():
    """Some programs declare it in every XML file, whatever they write."""
    found = fault(TEXT.encode(), "utf-16")
    assert (found.code, found.values["other"]) == ("format.wrong-encoding", "UTF-8")
    with pytest.raises(RejectedError) as caught:
        read("a.xml", b'<?xml version="1.0" encoding="utf-16"?><a/>')
    assert caught.value.code == "format.wrong-encoding"
    assert fault("榴莲".encode("utf-16")[:-1]).code == "format.unreadable-bytes"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_xml_and_json_are_read_in_utf_16(encoding: str):
    """With its mark, or by where the zeros of plain letters stand."""
    for declaration in ('<?xml version="1.0" encoding="UTF-16"?>', ""):
        text = f"{declaration}<a>榴莲</a>"
        found = read("a.xml", text.encode(encoding))
        assert (found.encoding, found.content.text) == ("utf-16", "榴莲")
        assert found.warnings == ()
    assert read("a.json", '{"a": "榴莲"}'.encode(encoding)).content == {"a": "榴莲"}


def test_the_mark_of_utf_16_wins_against_a_declaration_which_is_told():
    """Inside the file or in the agreement."""
    (told,) = read("a.xml", '<?xml version="1.0" encoding="GBK"?><a/>'.encode("utf-16")).warnings
    assert told.code == "format.encoding-disagrees"
    (told,) = source(TEXT.encode("utf-16"), "utf-8").warnings
    assert (told.code, told.values["found"]) == ("format.encoding-disagrees", "UTF-16 (BOM)")


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
