"""The one XML parser refuses what could hurt: DTDs, entities, depth, size, and what is no XML."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import xmlio
from gateway.errors import RejectedError, Violation

LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">
<!ENTITY lol3 "&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;&lol2;">
<!ENTITY lol4 "&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;&lol3;">
<!ENTITY lol5 "&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;&lol4;">
<!ENTITY lol6 "&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;&lol5;">]><a>&lol6;</a>"""


def _refused(data: bytes) -> Violation:
    with pytest.raises(RejectedError) as caught:
        xmlio.parse(data, "x.xml")
    (violation,) = caught.value.violations
    assert "{" not in violation.text("en") + violation.text("zh")
    return violation


def test_plain_xml_is_read_whole() -> None:
    """Text, comments and CDATA as text."""
    root = xmlio.parse("<a b='c'>深圳<!-- x --><![CDATA[<d>]]></a>".encode())
    assert (root.tag, root.get("b"), "".join(root.itertext("a"))) == ("a", "c", "深圳<d>")


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://example.invalid/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.invalid/p"> %p;]><a/>',
    ],
)
def test_a_dtd_is_refused_even_a_harmless_one(data: bytes) -> None:
    """Nothing that defines entities or asks for another file comes in."""
    assert _refused(data).code == "xml.dtd-refused"


def test_an_external_entity_is_never_read(tmp_path: Path) -> None:
    """The file it names stays unread."""
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET")
    violation = _refused(f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]><a>&x;</a>'.encode())
    assert violation.code == "xml.dtd-refused"
    assert "TOP-SECRET" not in repr(violation)


def test_a_billion_laughs_stay_unlaughed() -> None:
    """Entities that multiply are refused, not expanded."""
    assert _refused(LAUGHS).code in {"xml.dtd-refused", "xml.not-well-formed"}


@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01", b"<a>", b"a,b\n1,2\n", b"<a>&unknown;</a>", b"<a>\xff</a>"]
)
@pytest.mark.requirement("EN-05")
def test_what_is_not_well_formed_is_told_with_row_and_column(data: bytes) -> None:
    """The reason is the parser's."""
    violation = _refused(data)
    assert violation.code == "xml.not-well-formed"
    assert {"row", "column", "reason"} <= set(violation.values)


def test_the_row_is_that_of_the_fault() -> None:
    """Counted from 1."""
    assert _refused(b"<a>\n<b>\n</a>").values["row"] == 3


def test_the_deepest_tree_allowed_is_read_and_one_level_more_is_refused() -> None:
    """Comments do not count as levels."""
    deepest = xmlio.MAX_DEPTH
    xmlio.parse(b"<a>" * deepest + b"<!-- x -->" + b"</a>" * deepest)
    assert _refused(b"<a>" * (deepest + 1) + b"</a>" * (deepest + 1)).code == "xml.too-deep"


def test_a_tree_of_absurd_depth_is_refused_by_the_parser_itself() -> None:
    """Before it fills the memory."""
    assert _refused(b"<a>" * 100_000).code == "xml.too-deep"


def test_too_many_bytes_are_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is looked at first."""
    monkeypatch.setattr(xmlio, "MAX_BYTES", 10)
    violation = _refused(b"<a>" + b" " * 20)
    assert violation.code == "xml.too-large"
    assert violation.values["limit"] == 10
