"""Puts what was measured into docs/: the figures as JSON, a chart, and the tables of docs/performance.md."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

from gateway.reports.charts import Panel, chart
from tests.bench.process import ROOT
from tests.bench.report import Record, Results, tables

_BETWEEN = re.compile(r"(?<=<!-- bench -->\n).*?(?=<!-- /bench -->)", re.DOTALL)
_PANELS = {
    "documents_per_second": "documents a second, the whole loop",
    "cpu_ms": "CPU ms a document",
    "drop_to_outbox_ms": "drop to outbox, ms, p95",
    "receipt_to_reply_ms": "receipt to reply, ms, p95",
}


def publish(results: Results, docs: Path = ROOT / "docs") -> None:
    """Renew all of it."""
    folder = docs / "performance"
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps(asdict(results), indent=1) + "\n", "utf-8")
    (folder / "bench.svg").write_text(drawn(results) + "\n", "utf-8")
    page = docs / "performance.md"
    shown = f"\n![chart](performance/bench.svg)\n\n{tables(results)}\n\n"
    page.write_text(_BETWEEN.sub(lambda _: shown, page.read_text("utf-8")), "utf-8")


def drawn(results: Results) -> str:
    """Return the chart as SVG."""
    fast = [each for each in results.records if each["token"] == "fast"]
    panels = [
        Panel(title, [(_label(each), _number(each[key])) for each in fast if key in each])
        for key, title in _PANELS.items()
    ]
    return chart("", panels, "")


def _label(record: Record) -> str:
    workers = f" × {record['workers']}" if record["what"] == "gateway" else ""
    return f"{record['what']}{workers}, {record['database']}, {record['items']} items"


def _number(value: float | dict[str, float]) -> Decimal:
    number = value["p95"] if isinstance(value, dict) else value
    return Decimal(str(number)).quantize(Decimal("0.1"))
