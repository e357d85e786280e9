"""The command line as a whole: what stands before every command, and the list of commands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gateway.cli import (
    audit,
    declarations,
    demo,
    evidence,
    lookups,
    mappings,
    months,
    queries,
    references,
    running,
    templates,
    token,
)
from gateway.cli.session import Session
from gateway.clock import Clock, parse_moment
from gateway.errors import Language
from gateway.logs import configure_logs


class Moment(click.ParamType[datetime]):
    """An ISO 8601 moment; without a zone it is China's."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment."""
        try:
            return parse_moment(str(value))
        except ValueError:
            self.fail(f"{value} is no ISO 8601 date and time, such as 2026-11-03T08:00:00+08:00", param, ctx)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "file",
    type=click.Path(path_type=Path),
    default=Path("gateway.toml"),
    show_default=True,
    help="The configuration file.",
)
@click.option("--now", type=Moment(), default=None, help="Set the clock, for rehearsals and tests.")
@click.option("--lang", "language", type=click.Choice(["en", "zh"]), default=None, help="Language of texts.")
@click.option("--verbose", is_flag=True, help="Log more.")
@click.version_option(package_name="collective-declaration-gateway", message="%(prog)s %(version)s")
@click.pass_context
def main(
    context: click.Context, file: Path, now: datetime | None, language: Language | None, *, verbose: bool
) -> None:
    """EDI gateway for collective declaration (集中申报) on China's Single Window."""
    clock = Clock(now)
    configure_logs(clock, verbose=verbose)
    context.obj = Session(file, clock, language)


for each in (
    running.run,
    running.check,
    months.aggregate,
    months.declare,
    declarations.correct,
    lookups.status,
    lookups.documents,
    lookups.document,
    lookups.receipts,
    queries.query,
    queries.stats,
    queries.export,
    queries.print_document,
    references.references,
    mappings.map_file,
    templates.template,
    mappings.mappings,
    token.token,
    audit.audit,
    evidence.evidence,
    demo.demo,
):
    main.add_command(each)
