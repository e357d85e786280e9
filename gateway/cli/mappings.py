"""Commands about mappings: try one on a file, list and check all, run their examples."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.building import make_mappings
from gateway.cli.mapping_rehearsal import mappings_rehearse
from gateway.cli.mapping_trials import new_golden_files, show_trial
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED
from gateway.formats import ReadOptions, Source, read
from gateway.mapping import Mapped, Mapping, run_examples
from gateway.steps.mappings_in_force import check_mappings
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
    columns = ("target", "value", "rule", "source", "steps", "place") if explain else ("target", "value")
    rows = [{**each, "steps": " → ".join(each["steps"])} for each in mapped.explain()]
    session.show.rows(f"{mapped.message_type} {mapped.client_seq_no}", columns, rows)


@click.group()
def mappings() -> None:
    """List, check, test and rehearse the mappings."""


mappings.add_command(mappings_rehearse)


@mappings.command("list")
@command
def mappings_list(session: Session, /) -> int:
    """Show every mapping, and which files fit it."""
    rows = [
        {
            "mapping": each.name,
            "message": "\n".join(each.messages),
            "format": " / ".join(each.formats).upper(),
            "fits": "\n".join(each.match.told()),
        }
        for each in make_mappings(session.settings, session.world)
    ]
    session.show.rows("mappings", ("mapping", "message", "format", "fits"), rows)
    return DONE


@mappings.command("check")
@command
def mappings_check(session: Session, /) -> int:
    """Hold every mapping against the structure.

    Targets, mandatory fields, code tables, the partners' agreements, and what can never do anything.
    """
    loaded = make_mappings(session.settings, session.world)
    found = list(check_mappings(session.world, loaded))
    session.show.violations(found)
    session.show.line("mappings-checked", count=len(loaded.mappings))
    return DONE if all(violation.warning for violation in found) else REFUSED


@mappings.command("test")
@click.option(
    "--coverage", is_flag=True, help="Show which rules, choices and conditions the examples bring into play."
)
@click.option("--update", is_flag=True, help="Show what changes, and write it into the expected files.")
@click.option("--yes", is_flag=True, help="Write with --update without asking.")
@command
def mappings_test(session: Session, /, *, coverage: bool, update: bool, yes: bool) -> int:
    """Run every mapping's examples.

    Shows where they differ from what is expected, value by value.
    """
    folder = session.settings.path(session.settings.folders.mappings)
    trial = run_examples(make_mappings(session.settings, session.world), folder, read)
    show = session.show
    show_trial(show, trial, coverage=coverage)
    if update and (new := new_golden_files(trial)):
        if not yes and not click.confirm(show.word("write-expected", count=len(new)), err=True):
            return REFUSED
        for file, text in new.items():
            file.write_text(text, "utf-8")
            show.line("file-written", file=file)
        trial = run_examples(make_mappings(session.settings, session.world), folder, read)
    return DONE if all(result.sound for result in trial.results) else REFUSED
