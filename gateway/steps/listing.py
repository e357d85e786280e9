"""Results of queries as tables: which columns each kind has, and how a value stands in a cell (QR-07)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from gateway.errors import Language
from gateway.reports import Cell, Table
from gateway.steps.naming import Names
from gateway.steps.questions import RELATION, Question
from gateway.steps.records import World
from gateway.steps.results import tell_found
from gateway.store import Unit

_DOCUMENT: Final = ("number", "client_number", "customs_number", "state", "enterprise", "office")
_GOODS: Final = (
    *("nature", "ie_flag", "declared_on", "moved_on", "filing_number", "trade_mode", "transport", "bill"),
    *("items", "packages", "gross_weight", "net_weight", "run"),
)
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "filing": (
        *_DOCUMENT,
        *("enterprise_name", "nature", "guarantee_mode", "guarantee_amount", "guarantee_until"),
        *("valid_until", "volumes"),
    ),
    "manifest": (*_DOCUMENT, *_GOODS),
    "declaration": (*_DOCUMENT, "consignee_name", "agent", "agent_name", *_GOODS),
    RELATION: (
        *("manifest", "manifest_item", "manifest_customs_number", "manifest_state"),
        *("declaration", "declaration_item", "declaration_customs_number", "declaration_state"),
        *("quantity", "total"),
    ),
    "amendment": (
        *_DOCUMENT,
        *(
            "type",
            "ie_flag",
            "manifest",
            "manifest_customs_number",
            "reason",
            "contact",
            "telephone",
            "changes",
        ),
    ),
}
# What a spreadsheet is to add up; every other figure is a number of something.
_NUMBERS: Final = {
    *("items", "packages", "gross_weight", "net_weight", "quantity", "total", "guarantee_amount"),
    *("manifest_item", "declaration_item", "manifests"),
}
_EXPORT_ZH: Final = {
    "number": "统一编号",
    "client_number": "客户端编号",
    "customs_number": "海关编号",
    "state": "状态",
    "enterprise": "录入企业",
    "office": "申报地海关",
    "consignee_name": "收发货人",
    "agent": "申报单位代码",
    "agent_name": "申报单位",
    "nature": "货物性质",
    "ie_flag": "进出口标志",
    "declared_on": "申报日期",
    "moved_on": "进出口日期",
    "filing_number": "备案号",
    "trade_mode": "监管方式",
    "transport": "运输工具名称",
    "bill": "提运单号",
    "items": "商品项数",
    "packages": "件数",
    "gross_weight": "毛重（千克）",
    "net_weight": "净重（千克）",
    "run": "汇总批次",
}


@dataclass(frozen=True, slots=True)
class Words:
    """The language of a reader, and what columns are called in it."""

    language: Language
    head: Callable[[str], str]


# What an ERP asks for is read by people who read Chinese.
EXPORTED: Final = Words("zh", _EXPORT_ZH.__getitem__)


def table_of(title: str, columns: Iterable[str], rows: Iterable[Mapping[str, Any]], words: Words) -> Table:
    """Return rows as a table.

    Args:
        title: Its title.
        columns: What each row has a cell for.
        rows: The rows, which may be a stream.
        words: The language of the reader.
    """
    kept = tuple(columns)

    def cell(row: Mapping[str, Any], column: str) -> Cell:
        # States are told in both languages beside their code.
        return _cell(column, row.get(f"{column}_{words.language}") or row.get(column), words.language)

    cells = ([cell(row, column) for column in kept] for row in rows)
    return Table(title, [words.head(column) for column in kept], cells)


def export_table(world: World, unit: Unit, question: Question, words: Words = EXPORTED) -> Table:
    """Return every declaration that a query finds, read while the table is written (QR-07)."""
    names = Names.of(world)
    rows = (tell_found(names, unit, row) for row in unit.searching.stream(question.search))
    return table_of("集报报关单列表", COLUMNS["declaration"], rows, words)


def flat_statistics(result: Mapping[str, Any]) -> tuple[tuple[str, ...], Iterator[dict[str, Any]]]:
    """Return statistics with a column for each unit and each currency, and the whole as the last row."""
    whole = result["whole"]
    units = {f"quantity {_words(each['unit'])}": each["unit"]["code"] for each in whole["quantities"]}
    currencies = {f"total {each['currency']['code']}": each["currency"]["code"] for each in whole["totals"]}
    columns = (*result["by"], "manifests", "items", "gross_weight", "net_weight", *units, *currencies)

    def rows() -> Iterator[dict[str, Any]]:
        for row in (*result["rows"], {**whole, result["by"][0]: "Σ"}):
            quantities = {each["unit"]["code"]: each["quantity"] for each in row["quantities"]}
            totals = {each["currency"]["code"]: each["total"] for each in row["totals"]}
            sums = {column: Decimal(quantities.get(code, "0")) for column, code in units.items()}
            sums |= {column: Decimal(totals.get(code, "0")) for column, code in currencies.items()}
            yield {**row, **sums}

    return columns, rows()


def shown(value: object, language: Language) -> str:
    """Return a value of a result as one text: a code with its name, a list with its parts."""
    if isinstance(value, Mapping):
        if "code" in value and "name" in value:
            return _words(value)
        told = {*_IN_LISTS, language, f"state_{language}"}
        changed = f"{value['old'] or '–'} → {value['new'] or '–'}" if "new" in value else ""
        parts = [shown(part, language) for name, part in value.items() if name in told and part]
        return " ".join(filter(None, (*parts, changed)))
    if isinstance(value, list):
        return "; ".join(shown(part, language) for part in value)
    return "" if value is None else str(value)


# What is shown of a group within a cell.
_IN_LISTS: Final = {"number", "customs_number", "item"}


def _cell(column: str, value: object, language: Language) -> Cell:
    if isinstance(value, Decimal | int):
        return value
    text = shown(value, language)
    return Decimal(text) if column in _NUMBERS and text else text


def _words(named: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (named["code"], named["name"])))
