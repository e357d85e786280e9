"""The envelope of the data exchange platform: what goes in comes out, and what is none is refused."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.clock import CHINA
from gateway.errors import RejectedError
from gateway.messages import Envelope, Response, open_parcel, wrap
from gateway.messages.dxp import NAMESPACE

DXP = {"dxp": NAMESPACE}
ENVELOPE = Envelope(
    message_id="0B1C-1",
    sender_id="DXPENT0000000001",
    receiver_ids=["DXPEDC0000000000", "DXPEDC0000000001"],
    created_at=datetime(2026, 10, 20, 9, tzinfo=CHINA),
    message_type="Manifest",
    file_name="0B1C-1.xml",
    keys={"SeqNo": "M20261020000000001", "ClientSeqNo": "JB-1"},
)


def _response(*parts: str) -> bytes:
    return f'<DxpRep ver="1.0" xmlns="{NAMESPACE}">{"".join(parts)}</DxpRep>'.encode()


def _envelope(inner: str, more: str = "") -> bytes:
    return f'<DxpMsg ver="1.0" xmlns="{NAMESPACE}"><TransInfo/>{inner}{more}</DxpMsg>'.encode()


def _refused(data: bytes) -> str:
    with pytest.raises(RejectedError) as refused:
        open_parcel(data)
    return refused.value.code


@pytest.mark.requirement("CU-06")
@given(data=st.binary(min_size=1))
def test_what_is_put_in_comes_out_unchanged(data: bytes) -> None:
    """Whatever the bytes: a signature would break at the least change."""
    assert open_parcel(wrap(ENVELOPE, data)) == data


@pytest.mark.requirement("CU-06")
def test_the_envelope_tells_who_sends_what_to_whom() -> None:
    """By the names of the public structure; the time is that of the message, in universal time."""
    root = etree.fromstring(wrap(ENVELOPE, b"<a/>"))

    def text(path: str) -> list[str]:
        return [node.text for node in root.findall(path, DXP)]

    assert text("dxp:TransInfo/dxp:CopMsgId") == ["0B1C-1"]
    assert text("dxp:TransInfo/dxp:SenderId") == ["DXPENT0000000001"]
    assert text("dxp:TransInfo/dxp:ReceiverIds/dxp:ReceiverId") == list(ENVELOPE.receiver_ids)
    assert text("dxp:TransInfo/dxp:CreatTime") == ["2026-10-20T01:00:00Z"]
    assert text("dxp:TransInfo/dxp:MsgType") == ["Manifest"]
    assert text("dxp:AddInfo/dxp:FileName") == ["0B1C-1.xml"]
    keys = {node.get("name"): node.text for node in root.findall("dxp:AddInfo/dxp:BizKey/dxp:Key", DXP)}
    assert keys == ENVELOPE.keys
    assert root.find("dxp:AddInfo/dxp:IsText", DXP).get("Encode") == "UTF-8"


@pytest.mark.requirement("CU-05")
def test_the_same_message_gives_the_same_envelope() -> None:
    """In whatever zone its moment is written."""
    elsewhere = replace(ENVELOPE, created_at=ENVELOPE.created_at.astimezone(UTC))
    assert wrap(ENVELOPE, b"1") == wrap(elsewhere, b"1")


@pytest.mark.parametrize("data", [b"", b"no xml", b"<a/>", b"<DxpMsg/>", b"<a>DxpRep</a>", b"\xff\xfe<\x00"])
def test_what_is_no_envelope_is_passed_on_as_it_came(data: bytes) -> None:
    """Verification has the word on it; an element of that name in no or another namespace is none."""
    assert open_parcel(data) == data


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (_envelope(""), "dxp.no-data"),
        (_envelope("<Data>YQ==</Data>", "<Data>Yg==</Data>"), "dxp.no-data"),
        (_envelope("<AddInfo><Data>YQ==</Data></AddInfo>"), "dxp.no-data"),
        (_envelope("<Data>YQ==<!-- more -->Yg==</Data>"), "dxp.no-data"),
        (_envelope("<Data><a/></Data>"), "dxp.no-data"),
        (_envelope("<Data/>"), "dxp.not-base64"),
        (_envelope("<Data>YQ</Data>"), "dxp.not-base64"),
        (_envelope("<Data>YR==</Data>"), "dxp.not-base64"),
        (_envelope("<Data>Y*Q=</Data>"), "dxp.not-base64"),
        (_envelope("<Data>\u4f60</Data>"), "dxp.not-base64"),
        (_envelope("<Data>YQ==</Data")[:-1], "xml.not-well-formed"),
        (b"<!DOCTYPE a>" + _envelope("<Data>YQ==</Data>"), "xml.dtd-refused"),
        (_envelope("<b>" * 80 + "</b>" * 80), "xml.too-deep"),
        (_envelope(f"<Data>{'A' * 17_000_000}</Data>"), "xml.too-large"),
        (_response(), "dxp.incomplete"),
        (_response("<Response><ResponseInfo>x</ResponseInfo></Response>"), "dxp.incomplete"),
    ],
)
def test_an_envelope_with_a_doubt_is_not_opened(data: bytes, code: str) -> None:
    """One piece of data, written in the one way that stands for it, in XML of the usual limits."""
    assert _refused(data) == code


def test_line_breaks_in_the_data_mean_nothing() -> None:
    """Many programs break base64 into lines."""
    text = base64.b64encode(b"x" * 200).decode()
    lines = "\r\n".join(text[at : at + 76] for at in range(0, len(text), 76))
    assert open_parcel(_envelope(f"<Data>\n {lines}\n</Data>")) == b"x" * 200


def test_only_the_outermost_envelope_is_opened() -> None:
    """One within is what verification refuses."""
    inner = wrap(ENVELOPE, b"<a/>")
    assert open_parcel(wrap(ENVELOPE, inner)) == inner


@pytest.mark.requirement("CU-06")
def test_every_response_of_the_platform_is_read() -> None:
    """Code, words, the message that it is about, and what single receivers got; absent parts are empty."""
    one = (
        "<Response><ResponseCode>-1201007</ResponseCode><ResponseInfo>部分失败</ResponseInfo><Results>"
        "<Result><RecId>DXPEDC1</RecId><Code>-1201005</Code><Info>不可用</Info></Result></Results>"
        "<OriHead><CopMsgId>A</CopMsgId></OriHead></Response>"
    )
    two = "<Response><ResponseCode>0</ResponseCode></Response>"
    assert open_parcel(_response("<RecevierId>X</RecevierId>", one, two)) == (
        Response("A", "-1201007", "部分失败", {"DXPEDC1": "-1201005 不可用"}),
        Response("", "0", ""),
    )
    assert [each.passed for each in open_parcel(_response(one, two))] == [False, True]
