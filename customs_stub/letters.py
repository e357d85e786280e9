"""The frame of everything that an office sends: head, body and signature."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from lxml import etree

from customs_stub.keys import Identity
from customs_stub.seal import sign
from customs_stub.xmltree import JB

NOBODY = "-"
# Characters that XML cannot carry; a parser's words about garbage may quote them.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def new_id() -> str:
    """Return a message id that nobody has used."""
    return str(uuid.uuid4()).upper()


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands in the head of a message.

    Attributes:
        message_type: The name of the body.
        sender: The office.
        moment: The office's time.
        receiver: Whom it is for.
        client_number: The client's number that it is about.
        answers: The id of the message that it answers, if any.
        message_id: Its own id.
    """

    message_type: str
    sender: str
    moment: datetime
    receiver: str = NOBODY
    client_number: str = NOBODY
    answers: str = ""
    message_id: str = field(default_factory=new_id)

    def begin(self) -> tuple[etree._Element, etree._Element]:
        """Return a message with its head, and its body still empty."""
        root = etree.fromstring(f'<Message xmlns="{JB}"/>')
        head = add(root, "MessageHead")
        add(head, "MessageId", self.message_id)
        add(head, "MessageType", self.message_type)
        add(head, "SenderId", self.sender)
        add(head, "ReceiverId", self.receiver or NOBODY)
        add(head, "CreateTime", self.moment.isoformat(timespec="seconds"))
        add(head, "ClientSeqNo", self.client_number or NOBODY)
        optional(head, "RefMessageId", self.answers)
        return root, add(root, self.message_type)


def sealed(root: etree._Element, identity: Identity) -> bytes:
    """Sign a message and return its file."""
    sign(root, identity.key, identity.certificate)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    """Append an element of the office's messages."""
    child = etree.SubElement(parent, f"{{{JB}}}{name}")
    child.text = UNFIT.sub("?", text) if text else None
    return child


def optional(parent: etree._Element, name: str, text: str) -> None:
    """Append an element if there is anything to tell."""
    if text:
        add(parent, name, text)
