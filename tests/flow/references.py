"""What customs tells of account books, cargo manifests and licences, signed by whom a test likes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from customs_stub.keys import Identity, load_identity
from customs_stub.seal import sign
from customs_stub.xmltree import JB
from tests.flow.customs import put
from tests.services.installation import Installation

BOOK, LICENCE = "H53016A00001", "1:26-AB-100001"


def account_book(**changes: Any) -> dict[str, Any]:
    """Return an account book of three items at 5301."""
    usual: dict[str, Any] = {
        "ManualNo": BOOK,
        "CustomMaster": "5301",
        "TradeCode": "4403180001",
        "TradeMode": "0615",
        "ValidDate": "20271231",
        "UpdateTime": "2026-10-01T08:00:00",
        "Item": [
            {"GNo": str(n), "CodeTS": "8529904900", "GName": f"料件{n}", "GUnit": "007"} for n in (1, 2, 3)
        ],
    }
    return usual | changes


def licence(**changes: Any) -> dict[str, Any]:
    """Return a licence for ten tons of one kind of goods."""
    usual: dict[str, Any] = {
        "LicenseNo": LICENCE,
        "IEFlag": "I",
        "TradeCode": "4403180001",
        "ValidFrom": "20260101",
        "ValidDate": "20261231",
        "UpdateTime": "2026-10-01T08:00:00",
        "Item": [{"GNo": "1", "CodeTS": "0810600000", "GUnit": "035", "GQty": "10000"}],
    }
    return usual | changes


def cargo(**changes: Any) -> dict[str, Any]:
    """Return a cargo manifest of a vessel's bill of lading."""
    usual: dict[str, Any] = {
        "IEFlag": "I",
        "CustomMaster": "5304",
        "TrafMode": "2",
        "TrafName": "COSCO SHENZHEN",
        "VoyNo": "026E",
        "BillNo": "COSU6100000001",
        "PackNo": "100",
        "GrossWet": "1200",
        "NetWt": "1000",
        "UpdateTime": "2026-10-01T08:00:00",
    }
    return usual | changes


def tell(
    installation: Installation,
    name: str,
    kind: str,
    body: Mapping[str, Any],
    identity: Identity | None = None,
) -> bytes:
    """Put a signed reference message where customs puts its answers, and return its bytes."""
    folder = installation.folder / "var/customs"
    own = identity or load_identity(folder / "customs.key", folder / "customs.pem")
    root = etree.fromstring(f'<Message xmlns="{JB}"/>')
    head = {
        "MessageId": str(uuid.uuid4()).upper(),
        "MessageType": kind,
        "SenderId": "5301",
        "ReceiverId": "GW4403180001",
        "CreateTime": "2026-10-20T09:00:00",
        "ClientSeqNo": "-",
    }
    _fill(root, {"MessageHead": head, kind: body})
    sign(root, own.key, own.certificate)
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    put(installation, name, data)
    return data


def _fill(parent: etree._Element, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        for one in value if isinstance(value, Sequence) and not isinstance(value, str) else [value]:
            child = etree.SubElement(parent, f"{{{JB}}}{name}")
            if isinstance(one, Mapping):
                _fill(child, one)
            else:
                child.text = one
