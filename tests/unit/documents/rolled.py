"""Months rolled from a seed: few values of each field, so that many items merge."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

from gateway.documents import Document, Kind
from gateway.fields import Fields

BASE = Document(
    number="",
    kind=Kind.MANIFEST,
    message_type="Manifest",
    state="awaiting_aggregation",
    version=1,
    enterprise="4403180001",
    partner="acme",
    office="5301",
    nature="1",
    ie_flag="I",
    client_number="",
    customs_number=None,
    parent="R1",
    period="202610",
    valid_until=None,
    content={},
)


def _decimal(dice: Random, most: int, places: int) -> Decimal:
    return Decimal(dice.randint(1, most * 10**places)).scaleb(-places)


def _item(dice: Random, count: int) -> Fields:
    """Roll one manifest item; few values, so that many merge."""
    item: Fields = {
        "GNo": str(count),
        "CodeTS": dice.choice(["4901990000", "8518290000"]),
        "GName": dice.choice(["书籍", "扬声器"]),
        "GModel": "无型号",
        "GUnit": dice.choice(["011", "035"]),
        "OriginCountry": dice.choice(["USA", "DEU"]),
        "DeclPrice": dice.choice(["1.5", "1.50", "2"]),
        "TradeCurr": dice.choice(["USD", "EUR"]),
        "ContrItem": dice.choice(["1", "2"]),
        "GQty": str(_decimal(dice, 99999, dice.randint(0, 5))),
        "DeclTotal": str(_decimal(dice, 999999, 2)),
    }
    if dice.random() < 0.5:
        item |= {"FirstUnit": "035", "FirstQty": str(_decimal(dice, 99999, 5))}
    return item


def _manifest(dice: Random, count: int) -> Document:
    net = _decimal(dice, 9999, 5)
    content: Fields = {
        "IEFlag": dice.choice(["I", "E"]),
        "CustomMaster": "5301",
        "IEPort": dice.choice(["5301", "5304"]),
        "TradeCode": "4403180001",
        "ManualNo": "J53016000001",
        "TradeMode": "0110",
        "TradeCountry": "USA",
        "DeclDate": f"202610{dice.randint(1, 31):02}",
        "PackNo": str(dice.randint(1, 500)),
        "NetWt": str(net),
        "GrossWet": str(net + dice.choice([Decimal(0), _decimal(dice, 99, 5)])),
        "Item": [_item(dice, position) for position in range(1, dice.randint(2, 7))],
    }
    if dice.random() < 0.5:
        content |= {
            "FeeMark": dice.choice(["1", "3"]),
            "FeeRate": dice.choice(["5", "12.34"]),
            "FeeCurr": "USD",
        }
    return replace(BASE, number=f"M{count:017}", ie_flag=str(content["IEFlag"]), content=content)


def random_month(seed: int) -> list[Document]:
    """Roll a month of two to eleven manifests."""
    dice = Random(seed)
    return [_manifest(dice, count) for count in range(1, dice.randint(2, 12))]
