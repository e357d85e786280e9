"""Documents a second of processor time in each format, read and mapped: `python -m tests.bench.formats`."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path

import click
import openpyxl
from lxml import etree

from gateway.codes import CodeLibrary
from gateway.formats import Source, Table, read, read_all
from gateway.mapping import MappingSet
from tests.flow import erp
from tests.services import edifact
from tests.unit.formats.books import zipped

ROOT = Path(__file__).parents[2]
SIZES, FILES, SECONDS, REPEATS = (10, 99), 100, 1.0, 3


def files(items: int) -> Iterator[tuple[str, str, bytes, int]]:
    """Yield format, file name, bytes and number of documents: one manifest a file, in a ZIP a hundred."""
    rows = _rows(items)
    csv = "\n".join(",".join(row) for row in rows).encode()
    yield "csv", "a.csv", csv, 1
    yield "xlsx", "a.xlsx", _workbook(rows), 1
    yield "json", "a.json", erp.manifests(erp.manifest(items=[erp.line() for _ in range(items)])).encode(), 1
    yield "xml", "a.xml", _xml(items), 1
    yield "edifact", "a.edi", _edifact(items), 1
    yield "zip of csv", "a.zip", zipped({f"{n:03}.csv": csv for n in range(FILES)}), FILES


def _rows(items: int) -> list[list[str]]:
    """Return the first manifest of the template's example with so many items."""
    example = read("a.xlsx", (ROOT / "mappings/template/examples/manifest.xlsx").read_bytes()).content
    assert isinstance(example, Table)
    head, item = [row.cells for row in example.rows][:2]
    return [list(example.columns), head, *([item] * (items - 1))]


def _workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell or None for cell in row])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _xml(items: int) -> bytes:
    root = etree.fromstring((ROOT / "mappings/acme-idoc/examples/manifest.xml").read_bytes())
    first, *others = root.iterfind("IDOC")
    for other in others:
        root.remove(other)
    item, *more = first.iterfind("E1EDP01")
    for each in more:
        first.remove(each)
    for _ in range(items - 1):
        item.addnext(deepcopy(item))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _edifact(items: int) -> bytes:
    segments = edifact.manifest().replace("'", "").splitlines()[1:-1]
    begin, end = segments.index("CST+1"), segments.index("UNS+S")
    several = [s for n in range(items) for s in (f"CST+{n + 1}", *segments[begin + 1 : end])]
    body = [*segments[:begin], *several, "UNS+S", f"CNT+5:{items}"]
    return edifact.interchange(edifact.message("M1", "CUSDEC:D:96B:UN:JBMAN", *body)).encode()


def measured(mappings: MappingSet, name: str, data: bytes, items: int) -> float:
    """Return the best of several rounds, in documents a second of the processor."""
    best = 0.0
    for _ in range(REPEATS):
        count, start = 0, time.process_time()
        while (passed := time.process_time() - start) < SECONDS:
            for source in read_all(name, data):
                assert isinstance(source, Source)
                (mapped,) = mappings.choose(source).apply(source)
                body = mapped.body.get("Item")
                assert isinstance(body, list)
                assert len(body) == items
                count += 1
        best = max(best, count / passed)
    return best


@click.command()
def main() -> None:
    """Print documents a second by format and number of items."""
    tables = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    mappings = MappingSet.load(ROOT / "mappings", tables)
    for items in SIZES:
        for kind, name, data, documents in files(items):
            rate = measured(mappings, name, data, items)
            size = len(data) / 1000 / documents
            click.echo(f"{kind:12} {items:3} items {size:8.1f} kB {rate:9.0f} documents/s")


if __name__ == "__main__":
    main()
