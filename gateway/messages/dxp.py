"""The envelope of the data exchange platform, bytes put in and taken out unchanged, and its response."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from gateway.errors import refuse
from gateway.xmlio import parse

NAMESPACE: Final = "http://www.chinaport.gov.cn/dxp"
SUCCESS: Final = "0"
_NS: Final = f"{{{NAMESPACE}}}"
_ENVELOPE, _RESPONSE = f"{_NS}DxpMsg", f"{_NS}DxpRep"
# What is certainly none of both need not be parsed to see it.
_MARKS: Final = (b"DxpMsg", b"DxpRep")
_BLANKS: Final = {ord(blank): None for blank in " \t\r\n"}
# Foreign words of an unsigned file are kept only so far.
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands on an envelope that leaves.

    Attributes:
        message_id: The id of the message in it.
        sender_id: Our address at the platform.
        receiver_ids: The addresses to which the platform gives it.
        created_at: When the message was made: an envelope that is made again is the same to the byte.
        message_type: The type of the message in it.
        file_name: The name under which it leaves.
        keys: What people look for it by, such as the unified number.
    """

    message_id: str
    sender_id: str
    receiver_ids: Sequence[str]
    created_at: datetime
    message_type: str
    file_name: str
    keys: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Response:
    """What the platform says of one envelope; it is not signed, and moves no document (CU-02).

    Attributes:
        message_id: The message that it is about, empty where it names none.
        code: The platform's code.
        info: Its words.
        results: Code and words for single receivers, by their address.
    """

    message_id: str
    code: str
    info: str
    results: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the platform has given the message to every receiver."""
        return self.code == SUCCESS


def wrap(envelope: Envelope, data: bytes) -> bytes:
    """Return the envelope with the message in it (CU-06); the same message gives the same bytes (CU-05)."""
    root = etree.Element(_ENVELOPE, nsmap={"dxp": NAMESPACE}, ver="1.0")
    info = _add(root, "TransInfo")
    _add(info, "CopMsgId", envelope.message_id)
    _add(info, "SenderId", envelope.sender_id)
    receivers = _add(info, "ReceiverIds")
    for receiver in envelope.receiver_ids:
        _add(receivers, "ReceiverId", receiver)
    _add(info, "CreatTime", f"{envelope.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
    _add(info, "MsgType", envelope.message_type)
    _add(root, "Data", base64.b64encode(data).decode())
    more = _add(root, "AddInfo")
    _add(more, "FileName", envelope.file_name)
    keys = _add(more, "BizKey")
    for name, value in envelope.keys.items():
        _add(keys, "Key", value).set("name", name)
    _add(more, "IsText").set("Encode", "UTF-8")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def open_parcel(data: bytes) -> bytes | tuple[Response, ...]:
    """Return the message in an envelope, what a response of the platform says, or the bytes as they came.

    Nothing on the envelope is believed: what was in it is verified as if it had come bare (CU-02).

    Raises:
        RejectedError: `dxp.no-data`, `dxp.not-base64`, `dxp.incomplete`, or of the parser.
    """
    if not any(mark in data for mark in _MARKS):
        return data
    root = parse(data)
    if root.tag == _ENVELOPE:
        return _content(root)
    if root.tag == _RESPONSE:
        return _responses(root)
    return data


def _content(root: etree._Element) -> bytes:
    found = list(root.iter(f"{_NS}Data"))
    if len(found) != 1 or found[0].getparent() is not root or len(found[0]):
        raise refuse("dxp.no-data", "DxpMsg/Data", count=len(found))
    text = (found[0].text or "").translate(_BLANKS)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise refuse("dxp.not-base64", "DxpMsg/Data") from fault
    # What several texts stand for is none that a sender has written.
    if not data or base64.b64encode(data).decode() != text:
        raise refuse("dxp.not-base64", "DxpMsg/Data")
    return data


def _responses(root: etree._Element) -> tuple[Response, ...]:
    found = tuple(_response(each) for each in root.findall(f"{_NS}Response"))
    if not found or not all(response.code for response in found):
        raise refuse("dxp.incomplete", "DxpRep/Response/ResponseCode")
    return found


def _response(element: etree._Element) -> Response:
    return Response(
        message_id=_text(element, "OriHead", "CopMsgId"),
        code=_text(element, "ResponseCode"),
        info=_text(element, "ResponseInfo"),
        results={
            _text(each, "RecId"): f"{_text(each, 'Code')} {_text(each, 'Info')}".strip()
            for each in element.findall(f"{_NS}Results/{_NS}Result")
        },
    )


def _text(element: etree._Element, *steps: str) -> str:
    return (element.findtext("/".join(_NS + step for step in steps)) or "").strip()[:_LONGEST]


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, _NS + name)
    child.text = text
    return child
