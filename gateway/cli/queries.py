"""Commands that ask and print: query, statistics, export of declarations, print of a document (chapter 5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli import criteria
from gateway.cli.lookups import find_document
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, Show
from gateway.errors import Language, ParkedError
from gateway.reports import Table, draw, to_csv, to_xlsx
from gateway.steps.asking import answer
from gateway.steps.counting import statistics_chart, statistics_sheet
from gateway.steps.kept import to_document
from gateway.steps.listing import COLUMNS, Words, export_table, flat_statistics, shown, table_of
from gateway.steps.naming import Names
from gateway.steps.questions import EXPORT, RELATION, STATISTICS, SUBJECTS, Question
from gateway.steps.sheets import notice_of, sheet_of
from gateway.store import Unit

_KINDS: Final = tuple(kind for kind in SUBJECTS if kind not in {STATISTICS, EXPORT})
_LARGEST_PAGE: Final = 1000
# What fits on a terminal; files and JSON have everything.
_SHORT: Final[Mapping[str, tuple[str, ...]]] = {
    "filing": (
        "number",
        "client_number",
        "customs_number",
        "state",
        "office",
        "nature",
        "valid_until",
        "volumes",
    ),
    "manifest": (
        *("number", "client_number", "customs_number", "state", "office", "nature", "ie_flag"),
        *("declared_on", "items"),
    ),
    "declaration": (
        *("number", "client_number", "customs_number", "state", "office", "ie_flag", "declared_on", "items"),
        "agent_name",
    ),
    RELATION: (
        *("manifest", "manifest_item", "manifest_state"),
        *("declaration", "declaration_item", "declaration_state", "quantity", "total"),
    ),
    "amendment": ("number", "client_number", "type", "state", "manifest", "reason", "changes"),
}
_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_MEASURES: Final = ("manifests", "items", "gross_weight", "net_weight", "quantity", "total")


@click.command()
@click.argument("kind", type=click.Choice(_KINDS))
@criteria.options(criteria.QUERY)
@click.option("--csv", type=_FILE, help="Write all that is found to a CSV file.")
@click.option("--xlsx", type=_FILE, help="Write all that is found to an XLSX file.")
@command
def query(session: Session, /, *, kind: str, csv: Path | None, xlsx: Path | None, **asked: Any) -> int:
    """Ask for documents by criteria.

    Filings, manifests, declarations, the merge relation, or amendments.
    The merge relation needs --number, amendments need --type.
    """
    question, own = criteria.read_options(session, kind, asked)
    with session.readable.read() as unit:
        if csv or xlsx:
            wanted = [(file, write) for file, write in ((csv, to_csv), (xlsx, to_xlsx)) if file]
            for file, write in wanted:
                rows = _every_row(session, unit, question, own)
                _save(file, write(_table(session, kind, COLUMNS[kind], rows)))
            session.show.written(file for file, _ in wanted)
            return DONE
        result = answer(session.world, unit, question, own)
    show = session.show
    if show.json:
        show.data(result)
        return DONE
    columns = _SHORT[kind]
    table = table_of("", columns, result["rows"], _words(show))
    show.rows(f"title.{kind}", columns, (dict(zip(columns, row, strict=True)) for row in table.rows))
    show.line("page-shown", page=result["page"], pages=max(1, result["pages"]), total=result["total"])
    return DONE


@click.command()
@criteria.options(criteria.STATISTICS)
@click.option("--csv", type=_FILE, help="Write them to a CSV file.")
@click.option("--xlsx", type=_FILE, help="Write them to an XLSX file.")
@click.option("--chart", type=_FILE, help="Draw them to an SVG file.")
@click.option("--pdf", type=_FILE, help="Print them to a PDF file.")
@command
def stats(session: Session, /, **asked: Any) -> int:
    """Count the manifests of a period.

    Number, items, weight, quantity by unit, value by currency.
    """
    question, own = criteria.read_options(session, STATISTICS, asked)
    with session.readable.read() as unit:
        result = answer(session.world, unit, question, own)
    show = session.show
    writers: dict[str, Callable[[], bytes]] = {
        "csv": lambda: to_csv(_statistics(session, result)),
        "xlsx": lambda: to_xlsx(_statistics(session, result)),
        "chart": lambda: statistics_chart(result, _measures(show)).encode(),
        "pdf": lambda: draw(statistics_sheet(Names.of(session.world), question, result)),
    }
    wanted = [name for name in writers if asked[name]]
    for name in wanted:
        _save(asked[name], writers[name]())
    if wanted:
        show.written(asked[name] for name in wanted)
        return DONE
    if show.json:
        show.data(result)
        return DONE
    columns = (*result["by"], *_MEASURES)
    whole = {**result["whole"], result["by"][0]: show.word("all")}
    figures = (
        {**row, "quantity": row["quantities"], "total": row["totals"]} for row in (*result["rows"], whole)
    )
    rows = ({name: _figure(row.get(name), show.language) for name in columns} for row in figures)
    show.rows("title.statistics", columns, rows)
    return DONE


@click.command()
@criteria.options(criteria.EXPORT)
@click.option("-o", "--output", type=_FILE, required=True, help="A file ending in .csv or .xlsx.")
@command
def export(session: Session, /, *, output: Path, **asked: Any) -> int:
    """Export a list of declarations.

    Those whose consignee or consignor is one of our enterprises.
    """
    writers = {".csv": to_csv, ".xlsx": to_xlsx}
    if output.suffix not in writers:
        raise click.UsageError("The file to be written ends in .csv or .xlsx")
    question, _ = criteria.read_options(session, EXPORT, asked)
    with session.readable.read() as unit:
        table = export_table(session.world, unit, question, _words(session.show))
        _save(output, writers[output.suffix](table))
    session.show.written([output])
    return DONE


@click.command(name="print")
@click.argument("number")
@click.option("-o", "--output", type=_FILE, help="Default: NUMBER.pdf in this folder.")
@click.option("--notice", is_flag=True, help="Of a declaration: customs' receipts as a notice.")
@command
def print_document(session: Session, /, *, number: str, output: Path | None, notice: bool) -> int:
    """Print a document to a PDF file."""
    with session.readable.read() as unit:
        document = to_document(find_document(unit, number))
        sheet = (notice_of if notice else sheet_of)(session.world, unit, document)
    ending = ".notice.pdf" if notice else ".pdf"
    file = output or Path(document.number + ending)
    _save(file, draw(sheet))
    session.show.written([file])
    return DONE


def _every_row(
    session: Session, unit: Unit, question: Question, own: Collection[str] | None
) -> Iterator[dict[str, Any]]:
    """Yield all rows of a query, page after page, so that only one page is in memory."""
    page = 1
    while True:
        asked = replace(question, page=page, size=_LARGEST_PAGE)
        result = answer(session.world, unit, asked, own)
        yield from result["rows"]
        if page >= result["pages"]:
            return
        page += 1


def _table(session: Session, title: str, columns: tuple[str, ...], rows: Iterator[dict[str, Any]]) -> Table:
    return table_of(session.show.word(f"title.{title}"), columns, rows, _words(session.show))


def _statistics(session: Session, result: Mapping[str, Any]) -> Table:
    show = session.show
    columns, rows = flat_statistics(result)

    def head(column: str) -> str:
        name, _, more = column.partition(" ")
        return f"{show.word(name)} {more}".strip()

    return table_of(show.word("title.statistics"), columns, rows, Words(show.language, head))


def _words(show: Show) -> Words:
    return Words(show.language, show.word)


def _measures(show: Show) -> dict[str, str]:
    named = {name: show.word(name) for name in ("manifests", "net_weight", "total", "rest")}
    return {**named, "title": show.word("title.statistics")}


def _figure(value: object, language: Language) -> str:
    """Return a figure or group of statistics as one text; a list has a line for each unit or currency."""
    if not isinstance(value, list):
        return shown(value, language)
    return "\n".join(f"{each.get('quantity') or each.get('total')} {_unit(each)}" for each in value)


def _unit(sum_: Mapping[str, Any]) -> str:
    named = sum_.get("unit")
    return str(named["name"] or named["code"]) if named else str(sum_["currency"]["code"])


def _save(file: Path, data: bytes) -> None:
    """Write a file.

    Raises:
        ParkedError: `cli.not-written`.
    """
    try:
        file.write_bytes(data)
    except OSError as fault:
        raise ParkedError("cli.not-written", file=file, reason=fault.strerror) from fault
