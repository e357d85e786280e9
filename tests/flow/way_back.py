"""What the tests of the way back share: files whose rows are looked up again, and refusals with pointers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from customs_stub.receipts import MOST_FAULTS
from tests.flow.customs import Said, deliver
from tests.services.installation import Running

HEADER: Mapping[str, str] = {
    "行类型": "表头",
    "进出口": "进口",
    "货物性质": "一般贸易",
    "申报地海关": "5301",
    "进出境关别": "皇岗海关",
    "分册编号": "GF-1",
    "货主单位编码": "4403180001",
    "货主单位名称": "深圳示例进出口有限公司",
    "进出口日期": "2026-10-19",
    "运输方式": "公路运输",
    "运输工具": "粤Z1234港",
    "航次号": "5301261019001",
    "提运单号": "HKG26101901",
    "启运国/运抵国": "香港",
    "贸易国": "挪威",
    "经停港/指运港": "HKG003",
    "合同号": "ACME-NO-2026-07",
    "成交方式": "CIF",
    "包装种类": "再生木托",
    "件数": "40",
    "毛重": "420",
    "净重": "400",
    "运费标记": "",
    "运费": "",
    "运费币制": "",
}
COLUMNS = (
    "操作",
    "清单编号",
    *HEADER,
    "商品序号",
    "备案序号",
    "数量",
    "单价",
    "总价",
    "法定数量",
    "征免方式",
)


def item(quantity: int, filed: int = 1, **more: str) -> dict[str, str]:
    """Return an item's row; its quantity tells it from all others."""
    total = f"{quantity * 2}"
    figures = {"数量": f"{quantity}", "单价": "2", "总价": total, "法定数量": f"{quantity}"}
    return {"行类型": "商品", "备案序号": f"{filed}", **figures, **more}


def table(*rows: Mapping[str, str], columns: Sequence[str] = COLUMNS) -> str:
    """Write rows as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def manifest(number: str, *items: Mapping[str, str], operation: str = "暂存") -> str:
    """Write one manifest as CSV."""
    return table({**HEADER, "操作": operation, "清单编号": number}, *items)


def work(number: str, operation: str, *items: Mapping[str, str]) -> str:
    """Write work on the items of a manifest as CSV."""
    return table({"行类型": "表头", "操作": operation, "清单编号": number}, *items)


def command(number: str, operation: str, *items: str, document: str = "集报清单", of: str = "") -> str:
    """Write a short command as CSV; items are named by their number."""
    start = {"单证类型": document, "操作": operation, "编号": number, "统一编号": of}
    columns = ("单证类型", "操作", "编号", "统一编号", *(["商品序号"] if items else []))
    return (
        table(*({**start, "商品序号": each} for each in items), columns=columns)
        if items
        else table(start, columns=columns)
    )


@dataclass
class Desk:
    """An ERP that remembers what it sent, at a gateway whose customs refuses with pointers.

    Attributes:
        running: The gateway.
        sent: The text of each file, by its name.
    """

    running: Running
    sent: dict[str, str] = field(default_factory=dict)
    _receipts: int = 0

    def send(self, name: str, text: str) -> None:
        """Send a file; all of it is accepted."""
        self.sent[name] = text
        reply = self.running.send(name, text)
        wrong = [entry.get("violations") for entry in reply["messages"] if entry["outcome"] != "accepted"]
        assert reply["outcome"] == "accepted", wrong

    def refused(self, number: str, *pointers: str, code: str = "R") -> list[dict[str, Any]]:
        """Let customs refuse a document with pointers, and return the faults as the ERP is told them."""
        running = self.running
        submission = running.submissions(number)[-1]
        self._receipts += 1
        name = f"refusal-{number}-{self._receipts}.xml"
        said = Said(code, message_type=submission.message_type, answers=submission.id, pointers=pointers)
        deliver(running.installation, name, said)
        running.settle()
        document = running.document(number).number
        told = [n for n in running.installation.notices(f"{document}.*.receipt.json") if n["said"]["faults"]]
        faults: list[dict[str, Any]] = told[-1]["said"]["faults"]
        assert len(faults) == min(len(pointers), MOST_FAULTS)
        (line,) = [line for line in running.installation.log() if line["name"] == name]
        assert line["faults"] == faults, "operators are told the same"
        return faults

    def stands(self, source: Mapping[str, Any]) -> str:
        """Return what stands in the file at the place that was told."""
        rows = list(csv.reader(io.StringIO(self.sent[source["file"]])))
        return rows[source["row"] - 1][rows[0].index(source["column"])]


def pointers(count: int, field_name: str = "GQty", body: str = "Manifest") -> list[str]:
    """Return a pointer to a field of each item."""
    return [f"/Message/{body}/Item[{position}]/{field_name}" for position in range(1, count + 1)]


def places(faults: Iterable[Mapping[str, Any]]) -> list[tuple[str, int, str]]:
    """Return file, row and text of each fault."""
    return [(f["source"]["file"], f["source"]["row"], f["source"]["given"]) for f in faults]
