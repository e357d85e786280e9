"""EDIFACT: every value knows its segment and element, and every fault of the syntax is told at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.errors import RejectedError, Violation
from gateway.formats import ReadOptions, Source, read
from gateway.formats.edifact_syntax import ServiceCharacters, Value, segments
from tests.services.edifact import interchange, message

SOUND = interchange(message("1", "CUSDEC:D:96B:UN:JBMAN", "BGM+929+MF-1+9", "FTX+AAA+++榴莲?+金枕?::一级"))


def tree(text: str, **options: Any) -> Any:
    """Read a text as UTF-8 and return its tree."""
    return read("a.edi", text.encode(), ReadOptions(**options)).content


def faults(data: str | bytes, **options: Any) -> list[Violation]:
    """Return what is wrong with an interchange."""
    with pytest.raises(RejectedError) as caught:
        read("a.edi", data.encode() if isinstance(data, str) else data, ReadOptions(**options))
    return list(caught.value.violations)


def told(data: str | bytes) -> list[tuple[str, str]]:
    """Return the code and place of each fault."""
    return [(fault.code, str(fault.place)) for fault in faults(data)]


@pytest.mark.requirement("ER-02")
def test_an_interchange_becomes_segments_elements_and_components():
    """Elements are counted without the tag, and the first component of an element needs no number."""
    root = tree(SOUND)
    assert [child.tag for child in root] == ["UNB", "Message", "UNZ"]
    assert [segment.tag for segment in root[1]] == ["UNH", "BGM", "FTX", "UNT"]
    assert root.findtext("Message/UNH/e2") == "CUSDEC"
    assert root.findtext("Message/UNH/e2.3") == "96B"
    assert [(each.tag, each.text) for each in root.find("Message/FTX")] == [
        ("e1", "AAA"),
        ("e4", "榴莲+金枕:"),
        ("e4.2", "一级"),
    ]


def test_each_segment_knows_its_number_and_line():
    """With several messages the message is named too."""
    one, two = message("1", "A:D:96B:UN", "BGM+1"), message("2", "A:D:96B:UN", "BGM+2")
    assert [each.get("at") for each in tree(interchange(one)).iter("BGM")] == ["segment 2 (BGM)"]
    both = [(each.get("at"), each.get("line")) for each in tree(interchange(one, two)).iter("BGM")]
    assert both == [("message 1 segment 2 (BGM)", "3"), ("message 2 segment 2 (BGM)", "6")]


@pytest.mark.parametrize(
    ("advice", "text"),
    [
        ("", "UNB+UNOA:2+A+B+261005:0930+1'UNH+1+X:D:96B:UN'FTX+a:b'UNT+3+1'UNZ+1+1'"),
        ("UNA:+.? '", "UNB+UNOA:2+A+B+261005:0930+1'UNH+1+X:D:96B:UN'FTX+a:b'UNT+3+1'UNZ+1+1'"),
        ("UNA:+,? '\r\n", "UNB+UNOA:2+A+B+261005:0930+1'\r\nUNH+1+X:D:96B:UN'FTX+a:b'UNT+3+1'UNZ+1+1'\r\n"),
        ("UNA|*.! ~", "UNB*UNOA|2*A*B*261005|0930*1~UNH*1*X|D|96B|UN~FTX*a|b~UNT*3*1~UNZ*1*1~"),
        ("UNA:+.  '", "UNB+UNOA:2+A+B+261005:0930+1'UNH+1+X:D:96B:UN'FTX+a:b'UNT+3+1'UNZ+1+1'"),
    ],
    ids=["none", "usual", "comma", "own signs", "no release"],
)
def test_the_service_string_says_what_separates(advice: str, text: str):
    """With it or without it the same values are found."""
    segment = tree(advice + text).find("Message/FTX")
    assert [(each.tag, each.text) for each in segment] == [("e1", "a"), ("e1.2", "b")]


def test_elements_repeat_from_syntax_version_4_on():
    """Before it the sign is one like any other."""
    text = interchange(message("1", "X:D:96B:UN", "FTX+a*b:c"))
    new, old = tree(text).find("Message/FTX"), tree(text.replace("UNOW:4", "UNOW:3")).find("Message/FTX")
    assert [(each.tag, each.text, each.get("repetition")) for each in new] == [
        ("e1", "a", None),
        ("e1", "b", "2"),
        ("e1.2", "c", "2"),
    ]
    assert [each.text for each in old] == ["a*b", "c"]


def test_groups_of_messages_are_read_and_counted():
    """UNZ then counts the groups, and UNE the messages."""
    group = "UNG+CUSDEC+A+B+261005:0930+G1+UN+D:96B'\n{}\nUNE+1+G1'"
    text = interchange(group.format(message("1", "X:D:96B:UN")), reference="R")
    assert [child.tag for child in tree(text)] == ["UNB", "UNG", "Message", "UNE", "UNZ"]
    assert told(text.replace("UNE+1+G1", "UNE+2+G2")) == [
        ("edifact.count-differs", "a.edi:5 UNE element 1"),
        ("edifact.reference-differs", "a.edi:5 UNE element 2"),
    ]


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize(
    ("syntax", "codec", "text"),
    [
        ("UNOA:3", "ascii", "PLAIN"),
        ("UNOC:3", "iso8859-1", "Größe"),
        ("UNOD:3", "iso8859-2", "Łódź"),
        ("UNOE:3", "iso8859-5", "Дурьян"),
        ("UNOF:3", "iso8859-7", "Ντούριαν"),
        ("UNOW:4", "utf-8", "榴莲"),
        ("UNOY:4", "utf-8", "榴莲"),
    ],
)
def test_unb_says_the_character_set(syntax: str, codec: str, text: str):
    """Nothing is guessed where it is said."""
    data = interchange(message("1", "X:D:96B:UN", f"FTX+{text}"), syntax=syntax).encode(codec)
    source = read("a.edi", data)
    assert isinstance(source.content, etree._Element)
    assert source.content.findtext("Message/FTX/e1") == text
    assert source.warnings == ()


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize(("codec", "agreed"), [("gb18030", "gbk"), ("gb18030", ""), ("utf-8", "")])
def test_chinese_under_a_set_without_chinese_is_read_and_told(codec: str, agreed: str):
    """The agreement's encoding, or else the one in which the bytes are sound."""
    data = interchange(message("1", "X:D:96B:UN", "FTX+深圳榴莲"), syntax="UNOA:3").encode(codec)
    source: Source = read("a.edi", data, ReadOptions(encoding=agreed))
    assert isinstance(source.content, etree._Element)
    assert source.content.findtext("Message/FTX/e1") == "深圳榴莲"
    assert [(each.code, each.warning) for each in source.warnings] == [("edifact.other-character-set", True)]


def test_utf_8_under_a_latin_set_is_suspected():
    """It is read as UNB says, and told."""
    data = interchange(message("1", "X:D:96B:UN", "FTX+榴莲"), syntax="UNOC:3").encode()
    assert [each.code for each in read("a.edi", data).warnings] == ["format.encoding-suspect"]


@pytest.mark.parametrize("name", ["a.edi", "a.txt", "a.csv", "a"])
def test_edifact_is_known_by_its_first_characters(name: str):
    """Whatever the file is called."""
    assert read(name, SOUND.encode()).format == "edifact"


def test_a_table_whose_header_begins_with_una_stays_a_table():
    """Only what goes on as an interchange does is one."""
    assert read("a.csv", b"UNA,UNB\n1,2\n").format == "csv"


@pytest.mark.requirement("EN-05")
def test_every_fault_is_told_at_once_with_segment_and_element():
    """Counts, references, what is missing, and what stands where it may not."""
    text = interchange(
        message("1", "X:D:96B:UN", "BGM+1").replace("UNT+3+1", "UNT+4+2"),
        message("1", "X:D:96B:UN", "B+1", "FTX+a\nb"),
    )
    assert told(text.replace("UNZ+2+IC1", "UNZ+3+IC2").replace("ACME:ZZ", "")) == [
        ("edifact.missing-element", "a.edi:1 UNB element 2"),
        ("edifact.count-differs", "a.edi:4 message 1 segment 3 (UNT) element 1"),
        ("edifact.reference-differs", "a.edi:4 message 1 segment 3 (UNT) element 2"),
        ("edifact.reference-twice", "a.edi:5 message 2 segment 1 (UNH) element 1"),
        ("edifact.bad-tag", "a.edi:6 message 2 segment 2 (???)"),
        ("edifact.line-break", "a.edi:7 message 2 segment 3 (FTX)"),
        ("edifact.count-differs", "a.edi:10 UNZ element 1"),
        ("edifact.reference-differs", "a.edi:10 UNZ element 2"),
    ]


ONE = message("1", "X:D:96B:UN", "BGM+1")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (interchange(ONE).replace("UNZ+1+IC1'\n", ""), ["edifact.not-closed"]),
        (interchange(ONE.replace("UNT+3+1'", "")), ["edifact.not-closed"]),
        (interchange(ONE.replace("UNT+3+1'", ""), ONE.replace("+1+", "+2+")), None),
        (interchange(ONE)[:-5], ["edifact.unterminated-segment"]),
        (interchange(ONE)[:-3] + "?'", ["edifact.unterminated-segment"]),
        (interchange(ONE) * 2, ["edifact.second-interchange"]),
        ("UNA:+.? '" + interchange(ONE) + "UNA:+.? '" + interchange(ONE), ["edifact.second-interchange"]),
        (interchange(ONE).replace("BGM+1'", "UNB+UNOW:4+A+B+261005:0930+2'"), ["edifact.second-interchange"]),
        (interchange(), ["edifact.no-message"]),
        (interchange(ONE) + "BGM+1'FTX+2'", ["edifact.out-of-place"]),
        (interchange(ONE) + ONE, ["edifact.out-of-place"] * 2),
        (interchange("BGM+1'", ONE).replace("UNZ+2", "UNZ+1"), ["edifact.out-of-place"]),
        (interchange(ONE, syntax="UNOW:9"), ["edifact.unknown-syntax-version"]),
        (interchange(ONE, syntax="UNOX:4"), ["edifact.unknown-character-set"]),
        (interchange(ONE, syntax="KECA:4"), ["edifact.unknown-character-set"]),
        ("UNA++.? '" + interchange(ONE), ["edifact.bad-service-string"]),
        ("UNAA+.? '" + interchange(ONE), ["edifact.bad-service-string"]),
        ("hello", ["edifact.no-interchange"]),
        ("UNB", ["edifact.no-interchange"]),
        ("", ["edifact.no-interchange"]),
    ],
)
def test_what_is_broken_is_refused_with_its_reason(text: str, codes: list[str] | None):
    """What the syntax cannot mean is never guessed at."""
    found = [fault.code for fault in faults(text)]
    assert found == codes if codes is not None else "edifact.not-closed" in found


CHARACTERS = ServiceCharacters(repetition="*")


@given(
    st.lists(
        st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1), min_size=1),
        min_size=1,
    )
)
def test_what_is_released_comes_back(elements: list[list[list[str]]]):
    """Separators, release characters and segment ends within values change nothing."""
    written = "+".join(
        "*".join(":".join(map(CHARACTERS.escaped, components)) for components in repetitions)
        for repetitions in elements
    )
    (found,) = segments(f"FTX+{written}'", CHARACTERS)
    assert found.values == [
        Value(element, component, repetition, text)
        for element, repetitions in enumerate(elements, 1)
        for repetition, components in enumerate(repetitions, 1)
        for component, text in enumerate(components, 1)
        if text
    ]
