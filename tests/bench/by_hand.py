"""What a mapping of the gateway does, written by hand for one layout: a file's text becomes a message."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from tests.bench import erp
from tests.bench.process import NOW

NS = "urn:cn:collective-declaration:1.0"
_TABLES = ("customs_district", "transport_mode", "country", "package_type", "duty_mode")


def read_tables(folder: Path) -> dict[str, dict[str, str]]:
    """Read code tables: from name or code to the code."""
    tables = {}
    for table in _TABLES:
        rows = list(csv.DictReader(io.StringIO((folder / f"{table}.csv").read_text("utf-8-sig"))))
        tables[table] = {row[key]: row["code"] for key in ("name_zh", "code") for row in rows}
    return tables


def map_text(text: str, code: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Map one file."""
    columns, head, *items = csv.reader(io.StringIO(text, newline=""))
    at = {name: position for position, name in enumerate(columns)}
    fields = {
        "IEFlag": {"进口": "I", "出口": "E"}[head[at["进出口"]]],
        "GoodsNature": "1",
        "CustomMaster": code["customs_district"][head[at["申报地海关"]]],
        "IEPort": code["customs_district"][head[at["进出境关别"]]],
        "ManualNo": "B53012600001",
        "TradeCode": erp.ENTERPRISE,
        "TradeName": erp.NAME,
        "OwnerName": head[at["货主单位名称"]],
        "DeclDate": NOW[:10].replace("-", ""),
        "IEDate": head[at["进出口日期"]].replace("-", ""),
        "TrafMode": code["transport_mode"][head[at["运输方式"]]],
        "TrafName": head[at["运输工具"]],
        "VoyNo": head[at["航次号"]],
        "BillNo": head[at["提运单号"]],
        "TradeMode": "0110",
        "TradeCountry": code["country"][head[at["启运国/运抵国"]]],
        "DistinatePort": head[at["经停港/指运港"]],
        "WrapType": code["package_type"][head[at["包装种类"]]],
        "PackNo": head[at["件数"]].replace(",", ""),
        "GrossWet": head[at["毛重"]].replace(",", ""),
        "NetWt": head[at["净重"]].replace(",", ""),
    }
    return {
        "number": head[at["清单编号"]],
        "fields": fields,
        "items": [_item(row, at, code) for row in items],
    }


def _item(row: Sequence[str], at: Mapping[str, int], code: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Map one item, completed from the volume, and check its total."""
    quantity, price, total = (row[at[name]].replace(",", "") for name in ("数量", "单价", "总价"))
    assert Decimal(quantity) * Decimal(price) == Decimal(total)
    number = row[at["备案序号"]]
    return {
        "GNo": number,
        "ContrItem": number,
        "CodeTS": "0302141000",
        "GName": f"冰鲜大西洋鲑鱼 {number}",
        "GModel": "整条去内脏；6-7 千克/条",
        "GUnit": "035",
        "OriginCountry": "NOR",
        "TradeCurr": "USD",
        "GQty": quantity,
        "DeclPrice": price,
        "DeclTotal": total,
        "FirstUnit": "035",
        "FirstQty": row[at["法定数量"]],
        "DestinationCountry": "CHN",
        "DutyMode": code["duty_mode"][row[at["征免方式"]]],
    }


def build(message_id: str, mapped: Mapping[str, Any]) -> etree._Element:
    """Build the message."""
    root = etree.Element(f"{{{NS}}}Message", nsmap={None: NS})
    head = etree.SubElement(root, f"{{{NS}}}MessageHead")
    values = (message_id, "Manifest", "GW4403180001", "CUSTOMS5301", NOW, mapped["number"])
    names = ("MessageId", "MessageType", "SenderId", "ReceiverId", "CreateTime", "ClientSeqNo")
    for name, value in zip(names, values, strict=True):
        etree.SubElement(head, f"{{{NS}}}{name}").text = value
    body = etree.SubElement(root, f"{{{NS}}}Manifest")
    for name, value in mapped["fields"].items():
        etree.SubElement(body, f"{{{NS}}}{name}").text = value
    for item in mapped["items"]:
        group = etree.SubElement(body, f"{{{NS}}}Item")
        for name, value in item.items():
            etree.SubElement(group, f"{{{NS}}}{name}").text = value
    return root
