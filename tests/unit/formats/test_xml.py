"""XML: the encodings of Chinese systems, the lines of the file, and hostile input."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.errors import RejectedError, Violation
from gateway.formats import ReadOptions, Source, read


def root(source: Source) -> etree._Element:
    """Return the root element."""
    assert isinstance(source.content, etree._Element)
    return source.content


def fault(data: bytes, encoding: str = "") -> Violation:
    """Read an XML file that must be refused."""
    with pytest.raises(RejectedError) as caught:
        read("a.xml", data, ReadOptions(encoding=encoding))
    return caught.value.violations[0]


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize("declared", ["GB2312", "gbk", "GB18030", "UTF-8"])
def test_the_declared_encoding_is_read_in_its_widest_sense(declared: str):
    """Senders declare GB2312 and send characters that only GB18030 has."""
    encoding = "utf-8" if declared == "UTF-8" else "gb18030"
    data = f"<?xml version='1.0' encoding='{declared}'?>\n<a>镕㐂</a>".encode(encoding)
    found = read("a.xml", data)
    assert (root(found).text, found.encoding, found.format) == ("镕㐂", encoding, "xml")


def test_without_declaration_it_is_utf_8_or_what_the_agreement_says():
    """As XML says, unless the partner is known for something else."""
    assert root(read("a.xml", "\ufeff<a>榴莲</a>".encode())).text == "榴莲"
    data = "<a>榴莲</a>".encode("gb18030")
    assert fault(data).code == "format.wrong-encoding"
    assert root(read("a.xml", data, ReadOptions(encoding="gb18030"))).text == "榴莲"


def test_elements_know_the_lines_of_the_file_as_it_came():
    """Taking the declaration out does not shift the lines."""
    data = b"<?xml version='1.0'\n encoding='UTF-8'?>\n<a>\n<b/></a>"
    (below,) = root(read("a.xml", data))
    assert below.sourceline == 4


def test_the_files_own_declaration_wins_and_a_disagreement_is_told():
    """Against the partner's agreement, which was perhaps made for its CSV files."""
    data = "<?xml version='1.0' encoding='GBK'?><a>榴莲榴</a>".encode("gbk")
    assert read("a.xml", data, ReadOptions(encoding="gb2312")).warnings == ()
    found = read("a.xml", data, ReadOptions(encoding="utf-8"))
    assert root(found).text == "榴莲榴"
    assert [(each.code, each.warning) for each in found.warnings] == [("format.encoding-disagrees", True)]


@pytest.mark.requirement("EN-05")
def test_faults_of_syntax_are_told_with_their_row():
    """The parser's row is the file's row."""
    found = fault(b"<a>\n<b>\n</a>")
    assert found.code == "xml.not-well-formed"
    assert found.place is not None
    assert (found.place.file, found.place.row) == ("a.xml", 3)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "xml.dtd-refused"),
        (b"<a>" * 100 + b"</a>" * 100, "xml.too-deep"),
        (b"<?xml version='1.0' encoding='KOI8-R'?><a/>", "format.unknown-encoding"),
    ],
)
def test_hostile_and_foreign_xml_is_refused(data: bytes, code: str):
    """The one hardened parser stands behind this reader too."""
    assert fault(data).code == code
