"""The data exchange platform, played: it takes messages out of envelopes, puts answers in, and says which."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from customs_stub.layers import Opened, Piece
from customs_stub.xmltree import Record, UnreadableError, elements, local, parse, record

DXP = "http://www.chinaport.gov.cn/dxp"
PASSED, INVALID, CHANGED, UNKNOWN = "0", "-1201001", "-1201003", "-1201004"
SAID = {
    PASSED: "成功",
    INVALID: "传输报文合法性校验失败",
    CHANGED: "用户注册信息已变更，请重新发送",
    UNKNOWN: "接收用户不存在",
}
NOBODY = "DXPENT0000000000"


@dataclass(frozen=True, slots=True)
class Platform:
    """What stands between an enterprise and this office.

    Attributes:
        office: The office's address.
        users: The addresses that are registered; none means every one.
    """

    office: str
    users: Sequence[str]

    def open(self, name: str, data: bytes, moment: datetime) -> Opened:
        """Take the message out, and respond; what is no envelope, or not for this office, goes no further."""
        try:
            root = parse(data)
        except UnreadableError:
            return self._respond(INVALID, Record(), name, moment)
        head = record(root).group("TransInfo")
        content = _content(root)
        if content is None or not head.get("CopMsgId"):
            return self._respond(INVALID, head, name, moment)
        if self.users and head.get("SenderId") not in self.users:
            return self._respond(CHANGED, head, name, moment)
        if head.group("ReceiverIds").get("ReceiverId") != self.office:
            return self._respond(UNKNOWN, head, name, moment)
        return Opened(content, self._respond(PASSED, head, name, moment).words)

    def dress(self, piece: Piece, number: str, moment: datetime) -> Piece:
        """Put an answer into an envelope; what the platform says itself is in none."""
        root = _root("DxpMsg")
        self._head(_add(root, "TransInfo"), f"{self.office}-{piece.name}", "RECEIPT", moment)
        _add(root, "Data", base64.b64encode(piece.data).decode())
        more = _add(root, "AddInfo")
        _add(more, "FileName", piece.name)
        _add(_add(more, "BizKey"), "Key", number).set("name", "SeqNo")
        return Piece(piece.name, _bytes(root))

    def _head(self, head: etree._Element, message_id: str, message_type: str, moment: datetime) -> None:
        _add(head, "CopMsgId", message_id)
        _add(head, "SenderId", self.office)
        _add(_add(head, "ReceiverIds"), "ReceiverId", self.users[0] if self.users else NOBODY)
        _add(head, "CreatTime", _time(moment))
        _add(head, "MsgType", message_type)

    def _respond(self, code: str, head: Record, name: str, moment: datetime) -> Opened:
        root = _root("DxpRep")
        _add(root, "RecevierId", head.get("SenderId") or NOBODY)
        response = _add(root, "Response")
        _add(response, "ResponseCode", code)
        _add(response, "ResponseInfo", SAID[code])
        _add(response, "NoticeTime", _time(moment))
        original = _add(response, "OriHead")
        _add(original, "CopMsgId", head.get("CopMsgId") or Path(name).stem)
        _add(original, "SenderId", head.get("SenderId") or NOBODY)
        receiver = head.group("ReceiverIds").get("ReceiverId") or self.office
        _add(_add(original, "ReceiverIds"), "ReceiverId", receiver)
        _add(original, "CreatTime", head.get("CreatTime") or _time(moment))
        _add(original, "MsgType", head.get("MsgType"))
        file = f"DxpRep_{Path(name).stem}_{moment:%Y%m%d%H%M%S%f}.xml"
        return Opened(None, (Piece(file, _bytes(root)),))


def _content(root: etree._Element) -> bytes | None:
    """Return the message in an envelope, or None where there is none."""
    found = [child for child in elements(root) if local(child) == "Data"]
    if root.tag != f"{{{DXP}}}DxpMsg" or len(found) != 1:
        return None
    try:
        return base64.b64decode("".join((found[0].text or "").split()), validate=True) or None
    except binascii.Error:
        return None


def _root(name: str) -> etree._Element:
    return etree.fromstring(f'<dxp:{name} xmlns:dxp="{DXP}" ver="1.0"/>')


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{DXP}}}{name}")
    child.text = text
    return child


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
