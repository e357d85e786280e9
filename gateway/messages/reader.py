"""Reads messages by name, tolerant of order and of empty elements; it believes what it is given."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from gateway.clock import parse_moment
from gateway.errors import RejectedError, Violation, refuse
from gateway.fields import Fields
from gateway.messages.builder import Head
from gateway.messages.names import MESSAGE_HEAD, MESSAGE_ROOT, REPEATED, SIGNATURE
from gateway.messages.nodes import elements, local_name, text_of

_NEEDED = ("MessageId", "MessageType", "SenderId", "ReceiverId", "CreateTime")


def read(root: etree._Element) -> tuple[Head, Fields]:
    """Read head and body of a message; an empty element is an absent one.

    Raises:
        RejectedError: `schema.wrong-root`, `schema.missing`, `schema.type-differs`, `schema.bad-time`,
            or `schema.too-many` where it is not clear which of two values is meant.
    """
    if root.tag != MESSAGE_ROOT:
        raise refuse("schema.wrong-root", name=str(root.tag))
    parts = [node for node in elements(root) if node.tag != SIGNATURE]
    heads = [node for node in parts if local_name(node) == MESSAGE_HEAD]
    bodies = [node for node in parts if local_name(node) != MESSAGE_HEAD]
    faults = [*_not_one(heads, MESSAGE_HEAD), *_not_one(bodies, "")]
    if faults:
        raise RejectedError(faults)
    given = _group(heads[0], MESSAGE_HEAD, faults)
    name = local_name(bodies[0])
    body = _group(bodies[0], name, faults)
    head = _head(given, name, faults)
    if faults or head is None:
        raise RejectedError(faults)
    return head, body


def _head(given: Fields, body: str, faults: list[Violation]) -> Head | None:
    values = {name: value for name, value in given.items() if isinstance(value, str)}
    missing = [name for name in _NEEDED if name not in values]
    faults.extend(
        Violation("schema.missing", f"{MESSAGE_HEAD}/{name}", {"field_en": name, "field_zh": name})
        for name in missing
    )
    if missing:
        return None
    if values["MessageType"] != body:
        said = {"value": values["MessageType"], "name": body}
        faults.append(Violation("schema.type-differs", f"{MESSAGE_HEAD}/MessageType", said))
    moment = _moment(values["CreateTime"], faults)
    if moment is None:
        return None
    return Head(
        message_id=values["MessageId"],
        message_type=values["MessageType"],
        sender_id=values["SenderId"],
        receiver_id=values["ReceiverId"],
        create_time=moment,
        client_seq_no=values.get("ClientSeqNo", ""),
        ref_message_id=values.get("RefMessageId", ""),
        operation=values.get("Operation", ""),
    )


def _moment(text: str, faults: list[Violation]) -> datetime | None:
    try:
        return parse_moment(text)
    except ValueError:
        values = {
            "field_en": "Time of creation",
            "field_zh": "生成时间",
            "value": text,
            "expected_en": "a date and time",
            "expected_zh": "日期和时间",
        }
        faults.append(Violation("schema.bad-time", f"{MESSAGE_HEAD}/CreateTime", values))
        return None


def _not_one(nodes: list[etree._Element], path: str) -> list[Violation]:
    name = path or "body"
    if not nodes:
        return [Violation("schema.missing", path, {"field_en": name, "field_zh": name})]
    if len(nodes) > 1:
        values = {"field_en": name, "field_zh": name, "count": len(nodes), "limit": 1}
        return [Violation("schema.too-many", path, values)]
    return []


def _group(node: etree._Element, path: str, faults: list[Violation]) -> Fields:
    fields: Fields = {}
    for child in elements(node):
        name = local_name(child)
        if name in REPEATED:
            groups = fields.setdefault(name, [])
            assert isinstance(groups, list), "a name that repeats is always read as a list"
            groups.append(_group(child, f"{path}/{name}[{len(groups) + 1}]", faults))
            continue
        is_group = len(child) > 0 and elements(child)
        value = _group(child, f"{path}/{name}", faults) if is_group else text_of(child).strip()
        if not value:
            continue
        if name in fields:
            values = {"field_en": name, "field_zh": name, "count": 2, "limit": 1}
            faults.append(Violation("schema.too-many", f"{path}/{name}", values))
        fields[name] = value
    return fields
