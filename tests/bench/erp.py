"""The ERP of the measurement: its filings, and any number of manifests of any number of items."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

ENTERPRISE, NAME = "4403180001", "深圳示例进出口有限公司"
QUALIFICATION, VOLUME = "QF-BENCH", "GF-BENCH"
PRICE = Decimal("11.5")

_HEADER = {
    "行类型": "表头",
    "进出口": "进口",
    "货物性质": "一般贸易",
    "申报地海关": "5301",
    "进出境关别": "皇岗海关",
    "分册编号": VOLUME,
    "货主单位编码": ENTERPRISE,
    "货主单位名称": NAME,
    "进出口日期": "2026-10-19",
    "运输方式": "公路运输",
    "运输工具": "粤Z1234港",
    "启运国/运抵国": "香港",
    "贸易国": "香港",
    "经停港/指运港": "HKG003",
    "合同号": "ACME-NO-2026-07",
    "成交方式": "CIF",
    "包装种类": "再生木托",
    "件数": "140",
    "毛重": "1,520.5",
    "净重": "1,400",
    "运费标记": "",
    "运费": "",
    "运费币制": "",
    "备注": "",
}
_ITEM = ("备案序号", "数量", "单价", "总价", "法定数量", "征免方式")
_OWN = ("清单编号", "航次号", "提运单号")
_COLUMNS = (*_HEADER, *_OWN, *_ITEM)


def qualification() -> tuple[str, bytes]:
    """Return name and bytes of the qualification filing."""
    row = {
        "资质备案编号": QUALIFICATION,
        "操作": "暂存并申报",
        "申报地海关": "皇岗海关",
        "企业海关编号": ENTERPRISE,
        "企业名称": NAME,
        "集报货物性质": "一般贸易",
        "进出口批次": "999999",
        "担保方式": "保证金",
        "担保金额（元）": "1,500,000.00",
        "担保有效期": "2027-10-31",
        "联系人": "王小明",
        "联系电话": "0755-82000001",
        "备注": "",
    }
    return "qualification.csv", _table(tuple(row), [row])


def volume(items: int) -> tuple[str, bytes]:
    """Return name and bytes of the goods filing, with so many items."""
    goods = [
        {
            "hsCode": "0302141000",
            "name": f"冰鲜大西洋鲑鱼 {number}",
            "specification": ["整条去内脏", "6-7 千克/条"],
            "unit": "千克",
            "legalUnits": ["千克"],
            "origin": "NOR",
            "price": {"amount": float(PRICE), "currency": "USD"},
            "declarationElements": ["0", "0", "鲜冷", "大西洋鲑鱼"],
        }
        for number in range(1, items + 1)
    ]
    whole = {"volumes": [{"number": VOLUME, "qualification": {"ourNumber": QUALIFICATION}, "goods": goods}]}
    return "volume.json", json.dumps(whole, ensure_ascii=False).encode()


def manifests(prefix: str, count: int, items: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each manifest: a file of its own, in GB18030 as spreadsheets write it."""
    for number in range(1, count + 1):
        own = (f"{prefix}-{number:06d}", f"53012610{number:06d}", f"HKG{number:09d}")
        rows: list[Mapping[str, str]] = [_HEADER | dict(zip(_OWN, own, strict=True))]
        for item in range(1, items + 1):
            quantity = Decimal(100 + item + number % 7)
            figures = (item, quantity, PRICE, f"{quantity * PRICE:,.2f}", quantity, "照章征税")
            rows.append({"行类型": "商品"} | dict(zip(_ITEM, map(str, figures), strict=True)))
        yield f"{prefix}-{number:06d}.csv", _table(_COLUMNS, rows)


def drop(folder: Path, name: str, data: bytes) -> None:
    """Put a file into an inbox as a careful ERP does: under another name, then renamed."""
    draft = folder / f"{name}.tmp"
    draft.write_bytes(data)
    draft.rename(folder / name)


def _table(columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("gb18030")
