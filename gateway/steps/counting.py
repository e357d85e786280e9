"""Statistics of manifests: streamed from the store, counted, and told (QR-06)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from gateway.documents import Kind, states_of
from gateway.reports import Figures, Panel, Sheet, Tally, chart, plain
from gateway.steps.naming import Names
from gateway.steps.questions import Question
from gateway.store import DocumentRow, Unit

TITLE: Final = "集报清单业务统计表"
GROUP_ZH: Final = {"kind": "集报清单类型", "office": "申报地海关", "state": "状态", "month": "月份"}
_CRITERIA_ZH: Final = {
    "TradeCode": "经营单位代码",
    "CustomMaster": "申报地海关",
    "State": "状态",
    "DateFrom": "申报日期起",
    "DateTo": "申报日期止",
    "GoodsNature": "货物性质",
    "IEFlag": "进出口标志",
    "ManualNo": "备案号",
    "BillNo": "提运单号",
}


def count_manifests(names: Names, unit: Unit, question: Question) -> dict[str, Any]:
    """Return the figures of every group and of the whole."""
    tally = Tally()
    for row in unit.searching.stream(question.search):
        key = tuple(_key(row, group) for group in question.groups)
        tally.of(key).add(row.content)
    rows = [
        {
            **{group: _named(names, group, code) for group, code in zip(question.groups, key, strict=True)},
            **_tell(names, figures),
        }
        for key, figures in tally.sorted()
    ]
    return {"by": list(question.groups), "rows": rows, "whole": _tell(names, tally.whole())}


def statistics_sheet(names: Names, question: Question, result: Mapping[str, Any]) -> Sheet:
    """Return statistics as the sheet of their list (QR-06)."""
    asked = [
        {"label": label, "value": _asked(names, name, question.criteria[name])}
        for name, label in _CRITERIA_ZH.items()
        if name in question.criteria
    ]
    return Sheet(
        "statistics",
        {
            "title": TITLE,
            "criteria": asked or [{"label": "查询条件", "value": "全部"}],
            "dimensions": [{"name": group, "label": GROUP_ZH[group]} for group in result["by"]],
            "rows": result["rows"],
            "whole": result["whole"],
            # Each measure alone, so that none is cut by the end of a page.
            "charts": [chart("", [panel], _MEASURES_ZH["rest"]) for panel in _panels(result, _MEASURES_ZH)],
        },
    )


_MEASURES_ZH: Final = {
    "title": TITLE,
    "manifests": "清单份数",
    "net_weight": "净重（千克）",
    "total": "申报总价",
    "rest": "其余",
}


def statistics_chart(result: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Return statistics as a chart: number, net weight, and value in each currency.

    Args:
        result: What `count_manifests` returned.
        words: The names of `title`, `manifests`, `net_weight`, `total` and `rest` in the reader's language.
    """
    return chart(words["title"], _panels(result, words), words["rest"])


def _panels(result: Mapping[str, Any], words: Mapping[str, str]) -> list[Panel]:
    rows = result["rows"]
    labels = [" · ".join(_label(row[group]) for group in result["by"]) for row in rows]

    def panel(title: str, numbers: Sequence[Decimal]) -> Panel:
        return Panel(title, list(zip(labels, numbers, strict=True)))

    panels = [
        panel(words["manifests"], [Decimal(row["manifests"]) for row in rows]),
        panel(words["net_weight"], [Decimal(row["net_weight"]) for row in rows]),
    ]
    for total in result["whole"]["totals"]:
        code = total["currency"]["code"]
        sums = [{each["currency"]["code"]: each["total"] for each in row["totals"]} for row in rows]
        panels.append(panel(f"{words['total']} {code}", [Decimal(found.get(code, "0")) for found in sums]))
    return panels


def _key(row: DocumentRow, group: str) -> str:
    if group == "kind":
        return row.nature + row.ie_flag
    return {"office": row.office, "state": row.state, "month": row.period or ""}[group]


def _named(names: Names, group: str, code: str) -> dict[str, str]:
    """Return a group's code with its name: 1I is 一般贸易进口."""
    if group == "kind":
        nature = names.code("goods_nature", code[:-1])["name"]
        return {"code": code, "name": nature + names.flag("IEFlag", code[-1:])["name"]}
    if group == "office":
        return names.code("customs_district", code)
    if group == "state":
        return {"code": code, "name": next((s.zh for s in states_of(Kind.MANIFEST) if s.value == code), "")}
    return {"code": code, "name": ""}


def _tell(names: Names, figures: Figures) -> dict[str, Any]:
    return {
        "manifests": figures.count,
        "items": figures.items,
        "gross_weight": plain(figures.gross),
        "net_weight": plain(figures.net),
        "quantities": [
            {"unit": names.code("unit", unit), "quantity": plain(quantity)}
            for unit, quantity in sorted(figures.quantities.items())
        ],
        "totals": [
            {"currency": names.code("currency", currency), "total": plain(total)}
            for currency, total in sorted(figures.totals.items())
        ],
    }


def _asked(names: Names, name: str, value: str) -> str | dict[str, str]:
    if name.startswith("Date"):
        return f"{value[:4]}-{value[4:6]}-{value[6:]}"
    return names.text(name, value, f"Query/{name}")


def _label(named: Mapping[str, str]) -> str:
    return named["name"] or named["code"]
