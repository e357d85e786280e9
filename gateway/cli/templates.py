"""The command that writes an empty table for a mapping, to be filled in with a spreadsheet program."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.building import make_mappings
from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.errors import ParkedError, RejectedError, refuse
from gateway.formats import Source, read
from gateway.mapping import Mapping, MappingSet
from gateway.reports import form_to_csv, form_to_xlsx
from gateway.steps.forms import form_of

_GENERIC = "template/"
_TABLES = ("csv", "xlsx")


@click.command()
@click.argument("name", required=False)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file ending in .xlsx or .csv. Default: NAME.xlsx in this folder.",
)
@command
def template(session: Session, /, *, name: str | None, output: Path | None) -> int:
    """Write an empty table to be filled in.

    NAME is one of the generic templates, or any mapping of tables. Without it they are listed.
    """
    loaded = make_mappings(session.settings, session.world)
    if name is None:
        session.show.rows("templates", ("template", "message", "format"), _listed(loaded))
        return DONE
    mapping = loaded.mappings.get(name if "/" in name else _GENERIC + name)
    if mapping is None:
        known = (each.name.removeprefix(_GENERIC) for each in loaded if _is_table(each))
        raise refuse("cli.unknown-template", name=name, known=", ".join(known))
    file = output or Path(f"{mapping.name.rpartition('/')[2]}.xlsx")
    if not _is_table(mapping):
        raise refuse("cli.no-table", name=mapping.name)
    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise refuse("cli.form-ending", file=file)
    columns = form_of(session.world, mapping, _example(session, mapping))
    is_csv = file.suffix.lower() == ".csv"
    data = form_to_csv(columns) if is_csv else form_to_xlsx(mapping.name, columns)
    try:
        file.write_bytes(data)
    except OSError as fault:
        raise ParkedError("cli.not-written", file=file, reason=fault.strerror) from fault
    session.show.written([file])
    return DONE


def _is_table(mapping: Mapping) -> bool:
    return not set(_TABLES).isdisjoint(mapping.formats)


def _listed(loaded: MappingSet) -> list[dict[str, object]]:
    return [
        {
            "template": mapping.name.removeprefix(_GENERIC),
            "message": "\n".join(mapping.messages),
            "format": " / ".join(mapping.formats).upper(),
        }
        for mapping in loaded
        if mapping.name.startswith(_GENERIC)
    ]


def _example(session: Session, mapping: Mapping) -> Source | None:
    """Read the mapping's example: the first one that fits it."""
    source, _, name = mapping.name.partition("/")
    folder = session.settings.path(session.settings.folders.mappings) / source / "examples"
    for file in sorted(folder.glob(f"{name}.*")):
        if file.suffix.lower() not in {".xlsx", ".csv", ".txt"}:
            continue
        try:
            found = read(file.name, file.read_bytes())
        except RejectedError:
            continue
        if not mapping.misfits(found):
            return found
    return None
