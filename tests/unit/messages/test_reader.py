"""Reading messages by name."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.errors import RejectedError
from gateway.messages import Catalogue, read
from gateway.messages.names import REPEATED
from gateway.messages.nodes import elements, local_name
from gateway.xmlio import parse
from tests.unit.messages.samples import SAMPLES, head, tree

HEAD = (
    "<MessageHead><MessageId>M1</MessageId><MessageType>Receipt</MessageType><SenderId>5301</SenderId>"
    "<ReceiverId>4403180001</ReceiverId><CreateTime>2026-10-20T00:00:00Z</CreateTime></MessageHead>"
)


def _message(body: str, first: str = HEAD) -> etree._Element:
    return parse(f'<Message xmlns="urn:cn:collective-declaration:1.0">{first}{body}</Message>'.encode())


def _faults(root: etree._Element) -> list[tuple[str, str]]:
    with pytest.raises(RejectedError) as caught:
        read(root)
    for violation in caught.value.violations:
        assert "{" not in violation.text("en") + violation.text("zh")
    return [(violation.path, violation.code) for violation in caught.value.violations]


@pytest.mark.parametrize("message_type", SAMPLES)
def test_what_was_built_is_read_again(catalogue: Catalogue, message_type: str) -> None:
    """Head and body come back as they were."""
    assert read(tree(catalogue, message_type)) == (head(message_type), SAMPLES[message_type])


def test_order_does_not_matter_and_empty_elements_are_absent() -> None:
    """Official samples break their own order and are full of empty elements."""
    body = "<ResultCode> 7 </ResultCode><SeqNo/><CustomsNo>  </CustomsNo><ReceiptType>B</ReceiptType>"
    assert read(_message(f"<Receipt>{body}</Receipt>"))[1] == {"ResultCode": "7", "ReceiptType": "B"}


def test_a_single_group_that_may_repeat_is_a_list() -> None:
    """One fault is a list of one."""
    body = "<Receipt><Fault><Code>C1</Code></Fault></Receipt>"
    assert read(_message(body))[1] == {"Fault": [{"Code": "C1"}]}


def test_a_comment_cannot_cut_a_value_short() -> None:
    """A signature does not cover comments, so they must not change what is read."""
    body = "<Receipt><CustomsNo>5301<!-- -->2026</CustomsNo><?x y?></Receipt>"
    assert read(_message(body))[1] == {"CustomsNo": "53012026"}


def test_the_signature_is_no_part_of_the_content() -> None:
    """It stands beside the body."""
    body = (
        '<Receipt><ResultCode>7</ResultCode></Receipt><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
    )
    assert read(_message(body))[1] == {"ResultCode": "7"}


def test_the_names_that_repeat_are_those_of_the_schemas(catalogue: Catalogue) -> None:
    """Reading needs no schema, so its list of names must agree with it."""
    everything = [element for body in catalogue.bodies.values() for element in body.walk()]
    repeating = {element.name for element in everything if element.repeats}
    single = {element.name for element in everything if not element.repeats and not element.choice}
    assert repeating == REPEATED
    assert not single & REPEATED


def test_a_value_that_stands_twice_is_refused() -> None:
    """It would not be clear which of the two was meant."""
    body = "<Receipt><ResultCode>R</ResultCode><ResultCode>7</ResultCode></Receipt>"
    assert _faults(_message(body)) == [("Receipt/ResultCode", "schema.too-many")]


@pytest.mark.parametrize(
    ("first", "body", "path", "code"),
    [
        (HEAD, "", "", "schema.missing"),
        (HEAD, "<Receipt/><Receipt/>", "", "schema.too-many"),
        ("", "<Receipt/>", "MessageHead", "schema.missing"),
        (HEAD + HEAD, "<Receipt/>", "MessageHead", "schema.too-many"),
        (HEAD, "<Manifest/>", "MessageHead/MessageType", "schema.type-differs"),
        (HEAD.replace("Z<", "x<"), "<Receipt/>", "MessageHead/CreateTime", "schema.bad-time"),
        (HEAD.replace("5301", ""), "<Receipt/>", "MessageHead/SenderId", "schema.missing"),
    ],
)
def test_a_message_without_a_sound_frame_is_refused(first: str, body: str, path: str, code: str) -> None:
    """One head, one body, agreeing with each other."""
    assert _faults(_message(body, first)) == [(path, code)]


def test_a_foreign_root_is_refused() -> None:
    """The namespace belongs to the name."""
    assert _faults(parse(b"<Message/>")) == [("", "schema.wrong-root")]


def test_nodes_are_seen_without_comments() -> None:
    """The looking glass of the room: elements, and names without namespace."""
    root = parse(b"<a xmlns='urn:x'><!-- c --><b/><?p i?><c/></a>")
    assert [local_name(node) for node in elements(root)] == ["b", "c"]
