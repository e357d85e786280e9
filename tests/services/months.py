"""Cleared manifests of a month, put into a store without the way through the folders."""

from __future__ import annotations

from gateway.fields import Fields
from gateway.store import ChangeRow, DocumentRow

ENTERPRISE, MONTH = "4403180001", "202610"
# Goods of the filing, and offices of entry.
GOODS, PORTS = 400, ("5301", "5303", "5304", "5316")


def cleared_manifest(number: int, items: int, **fields: str) -> ChangeRow:
    """Return the change that makes a cleared manifest, as full as those of the example."""
    day = f"202610{number % 31 + 1:02}"
    content: Fields = {
        "SeqNo": f"M2026{number:013}",
        "CustomsNo": f"53012026I{number:09}",
        "IEFlag": "I",
        "GoodsNature": "1",
        "CustomMaster": "5301",
        "IEPort": PORTS[number % len(PORTS)],
        "ManualNo": "J53016000001",
        "TradeCode": ENTERPRISE,
        "TradeName": "深圳示例进出口有限公司",
        "OwnerCode": ENTERPRISE,
        "OwnerName": "深圳示例进出口有限公司",
        "DeclDate": day,
        "IEDate": day,
        "TrafMode": "4",
        "TrafName": f"粤Z{number % 9000:04}港",
        "BillNo": f"HKG{number:09}",
        "TradeMode": "0110",
        "TradeCountry": "HKG",
        "DistinatePort": "HKG003",
        "TransMode": "1",
        "WrapType": "92",
        "PackNo": str(items * 2 + number % 50),
        "GrossWet": f"{items * 110}.{number % 100:02}",
        "NetWt": f"{items * 100}",
        "ContrNo": f"ACME-NO-2026-{number % 12:02}",
        **fields,
        "Item": [_item(number, position) for position in range(1, items + 1)],
    }
    row = DocumentRow(
        number=f"M2026{number:013}",
        kind="manifest",
        message_type="Manifest",
        state="cleared",
        version=0,
        enterprise=ENTERPRISE,
        partner="acme",
        office="5301",
        nature="1",
        ie_flag=str(content["IEFlag"]),
        client_number=f"JB-{number:09}",
        customs_number=f"53012026I{number:09}",
        period=MONTH,
        content=content,
    )
    return ChangeRow(
        document=row,
        expected_state=None,
        expected_version=0,
        event="clear",
        cause_kind="receipt",
        cause_id="1",
    )


def _item(number: int, position: int) -> Fields:
    goods = (number * 7 + position * 13) % GOODS + 1
    quantity, price = 50 + (number + position) % 200, goods % 40 + 1
    return {
        "GNo": str(position),
        "ContrItem": str(goods),
        "CodeTS": "0302141000",
        "GName": f"冰鲜大西洋鲑鱼 {goods}",
        "GModel": "整条去内脏|6-7 千克/条",
        "GUnit": "035",
        "OriginCountry": "NOR",
        "TradeCurr": "USD",
        "GQty": f"{quantity}.5",
        "DeclPrice": f"{price}",
        "DeclTotal": f"{quantity * price + price / 2:.2f}",
        "FirstUnit": "035",
        "FirstQty": f"{quantity}.5",
        "DutyMode": "1",
        "DeclElements": "0|0|鲜冷|大西洋鲑鱼|0302141000",
    }
