"""CONTRL: a foreign reader understands it, and it names what is wrong in the terms of the standard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pydifact import segmentcollection
from pydifact.segments import Segment

from gateway.formats import acknowledgement, read
from tests.services.edifact import interchange, message

# It has no directory for CONTRL and says so for each segment.
pytestmark = pytest.mark.filterwarnings("ignore:segments.xml not found")

ONE = message("M1", "CUSDEC:D:96B:UN:JBMAN", "BGM+929+1+9", "FTX+x")
SENDER, RECIPIENT = ["ACME", "ZZ"], ["GATEWAY", "ZZ"]


def answer(text: str, codec: str = "utf-8") -> Any:
    """Return the CONTRL to a text as a foreign reader has it."""
    data = acknowledgement(text.encode(codec))
    assert data is not None
    return segmentcollection.Interchange.from_str(data.decode(codec))


def said(text: str) -> list[list[Any]]:
    """Return the segments of the CONTRL to a text."""
    (found,) = answer(text).get_messages()
    return [[segment.tag, *segment.elements] for segment in found.segments]


@pytest.mark.requirement("ER-02")
def test_a_sound_interchange_is_acknowledged():
    """To its sender, under its reference, in its own syntax."""
    found = answer(interchange(ONE))
    assert (found.sender, found.recipient) == (RECIPIENT, SENDER)
    assert found.syntax_identifier == ("UNOW", 4)
    (contrl,) = found.get_messages()
    assert contrl.identifier == ["CONTRL", "4", "1", "UN"]
    assert said(interchange(ONE)) == [["UCI", "IC1", SENDER, RECIPIENT, "7"]]


def test_before_syntax_version_4_it_is_that_of_version_3():
    """Each version has its own CONTRL."""
    (contrl,) = answer(interchange(ONE, syntax="UNOC:3")).get_messages()
    assert contrl.identifier == ["CONTRL", "D", "3", "UN"]


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("UNZ+1", "UNZ+2", [["UCI", "IC1", SENDER, RECIPIENT, "4", "29", "UNZ", "2"]]),
        ("UNOW:4", "UNOW:9", [["UCI", "IC1", SENDER, RECIPIENT, "4", "2", "UNB", ["2", "2"]]]),
        ("UNH+M1", "UNH+", [["UCI", "IC1", SENDER, RECIPIENT, "4", "13", "UNH", "2"]]),
    ],
    ids=["count", "syntax version", "message without reference"],
)
def test_a_fault_of_the_envelope_stands_in_uci(old: str, new: str, told: list[Any]):
    """Error, service segment, and the element counted with the tag as the first."""
    assert said(interchange(ONE).replace(old, new)) == told


@pytest.mark.requirement("ER-02")
def test_a_fault_of_a_message_stands_below_its_reference():
    """UCM names the message and its header or trailer, UCS a segment by its number."""
    two = ONE.replace("M1", "M2").replace("FTX+x", "FTX+x\ny").replace("UNT+4", "UNT+5")
    identifier = ["CUSDEC", "D", "96B", "UN", "JBMAN"]
    assert said(interchange(ONE, two)) == [
        ["UCI", "IC1", SENDER, RECIPIENT, "4"],
        ["UCM", "M2", identifier, "4", "29", "UNT", "2"],
        ["UCS", "3", "21"],
    ]


def test_the_same_bytes_get_the_same_answer_and_others_another_reference():
    """What says nothing new looks like nothing new."""
    first, again = answer(interchange(ONE)), answer(interchange(ONE))
    assert acknowledgement(interchange(ONE).encode()) == acknowledgement(interchange(ONE).encode())
    assert first.control_reference == again.control_reference
    assert first.control_reference != answer(interchange(ONE, ONE.replace("M1", "M2"))).control_reference


def test_separators_and_characters_are_those_of_the_interchange():
    """UNA comes back, what stands for itself is released, and the sender's letters are kept."""
    text = interchange(ONE, syntax="UNOC:3").replace("ACME", "AC?+MÉ")
    assert answer(text, "iso8859-1").recipient == ["AC+MÉ", "ZZ"]
    swapped = text.translate(str.maketrans({"+": "*", "'": "~"}))
    data = acknowledgement(("UNA:*.? ~" + swapped).encode("iso8859-1"))
    assert data is not None
    assert data.startswith(b"UNA:*.? ~UNB*UNOC:3*GATEWAY:ZZ*AC?*M\xc9:ZZ*20261005:0930*")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "number,name\n1,x\n",
        interchange(message("1", "CONTRL:D:3:UN", "UCI+1+A+B+7")),
        interchange(ONE).replace("ACME:ZZ", ""),
        interchange(ONE).replace("20261005:0930", "x:y"),
        interchange(ONE, syntax="UNOX:4"),
    ],
    ids=["nothing", "a table", "a CONTRL", "no sender", "no moment", "unknown characters"],
)
def test_there_is_none_where_nobody_can_be_answered(text: str):
    """A CONTRL is never answered, nor what does not say who sent it; the reply tells what is wrong."""
    assert acknowledgement(text.encode()) is None


@pytest.mark.requirement("ER-02")
def test_what_a_foreign_program_writes_is_read():
    """Released characters and all."""
    made = segmentcollection.Interchange(
        syntax_identifier=("UNOC", 3),
        sender="A+B",
        recipient="G?H",
        control_reference="R1",
        timestamp=datetime(2026, 10, 5, 9, 30),  # noqa: DTZ001 EDIFACT says no zone
    )
    inner = segmentcollection.Message(reference_number="7", identifier=("CUSDEC", "D", "96B", "UN"))
    inner.add_segment(Segment("FTX", "AAA", "", "", ["a+b", "c:d", "'", "??"]))
    made.add_message(inner)
    tree: Any = read("a.edi", made.serialize().encode("iso8859-1")).content
    assert [each.text for each in tree.find("Message/FTX")] == ["AAA", "a+b", "c:d", "'", "??"]
    assert [tree.findtext("UNB/e2"), tree.findtext("UNB/e3")] == ["A+B", "G?H"]
