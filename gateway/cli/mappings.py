"""Commands about mappings: try one on a file, check all, run their examples."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.bootstrap import make_mappings
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED
from gateway.codes import PartialTables
from gateway.errors import Violation
from gateway.formats import ReadOptions, Source, read
from gateway.mapping import Mapped, Mapping, check_mapping, run_examples
from gateway.steps.structure import faults_of_structure


@click.command("map")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "name", default=None, help="Use this mapping instead of the one that fits.")
@click.option(
    "--explain", is_flag=True, help="Show for each target node the rule and source place that made it."
)
@click.option("--encoding", default="", help="The file's encoding, when it carries no mark of its own.")
@command
def map_file(session: Session, /, *, file: Path, name: str | None, explain: bool, encoding: str) -> int:
    """Map a file without any effect.

    Shows the messages, or with --explain where each field comes from.
    """
    source = read(file.name, file.read_bytes(), ReadOptions(encoding=encoding))
    mapping = _mapping(session, source, name)
    messages = mapping.apply(source)
    faults = [
        mapped.locate(fault)
        for mapped in messages
        for fault in faults_of_structure(session.world, mapped, session.clock.now())
    ]
    show = session.show
    if show.json:
        show.data(
            {
                "mapping": mapping.name,
                "version": mapping.version,
                "messages": [
                    mapped.tree() | ({"lineage": mapped.explain()} if explain else {}) for mapped in messages
                ],
                "faults": [{"code": v.code, "field": v.path, "place": str(v.place or "")} for v in faults],
            }
        )
    else:
        show.line("mapped", count=len(messages), mapping=mapping.name, version=mapping.version)
        for mapped in messages:
            _show_message(session, mapped, explain=explain)
        if explain and (unused := mapping.unused_columns(source)):
            show.line("unused-columns", columns=", ".join(unused))
        show.violations(faults)
    return DONE if all(fault.warning for fault in faults) else REFUSED


def _mapping(session: Session, source: Source, name: str | None) -> Mapping:
    loaded = make_mappings(session.settings, session.world)
    return loaded.get(name) if name else loaded.choose(source)


def _show_message(session: Session, mapped: Mapped, *, explain: bool) -> None:
    columns = ("target", "value", "rule", "source", "place") if explain else ("target", "value")
    session.show.rows(f"{mapped.message_type} {mapped.client_seq_no}", columns, mapped.explain())


@click.group()
def mappings() -> None:
    """Check and test the mappings."""


@mappings.command("check")
@command
def mappings_check(session: Session, /) -> int:
    """Hold every mapping against the structure.

    Targets, mandatory fields, code tables.
    """
    found: list[Violation] = []
    loaded = make_mappings(session.settings, session.world)
    tables = PartialTables(session.world.codes)
    for mapping in loaded:
        found += check_mapping(mapping, session.world.catalogue.dictionary, tables)
    session.show.violations(found)
    session.show.line("mappings-checked", count=len(loaded.mappings))
    return DONE if all(violation.warning for violation in found) else REFUSED


@mappings.command("test")
@command
def mappings_test(session: Session, /) -> int:
    """Run every mapping's examples.

    Shows where they differ from what is expected.
    """
    folder = session.settings.path(session.settings.folders.mappings)
    results = run_examples(make_mappings(session.settings, session.world), folder, read)
    rows = [
        {
            "example": result.file,
            "mapping": result.mapping,
            "messages": result.messages,
            "result": "fault" if result.faults else "ok",
            "text": "\n".join(fault.text(session.show.language) for fault in result.faults),
        }
        for result in results
    ]
    session.show.rows("examples", ("example", "mapping", "messages", "result", "text"), rows)
    return DONE if not any(result.faults for result in results) else REFUSED
