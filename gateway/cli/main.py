"""The command line as a whole: what stands before every command, and the list of commands."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli.dates import Moment
from gateway.cli.loading import loaded
from gateway.cli.usage import usage_told
from gateway.clock import Clock
from gateway.errors import Language
from gateway.logs import configure_logs

# Where each command stands; only the one that is asked for is loaded.
COMMANDS: Final = {
    "run": "gateway.cli.starting:run",
    "check": "gateway.cli.checks:check",
    "aggregate": "gateway.cli.months:aggregate",
    "declare": "gateway.cli.months:declare",
    "correct": "gateway.cli.declarations:correct",
    "status": "gateway.cli.status:status",
    "documents": "gateway.cli.lookups:documents",
    "document": "gateway.cli.lookups:document",
    "receipts": "gateway.cli.lookups:receipts",
    "unanswered": "gateway.cli.work:unanswered",
    "resend": "gateway.cli.work:resend",
    "paper": "gateway.cli.work:paper",
    "parked": "gateway.cli.parked:parked",
    "retry": "gateway.cli.parked:retry",
    "drop": "gateway.cli.parked:drop",
    "query": "gateway.cli.queries:query",
    "stats": "gateway.cli.queries:stats",
    "export": "gateway.cli.queries:export",
    "print": "gateway.cli.queries:print_document",
    "references": "gateway.cli.references:references",
    "map": "gateway.cli.mappings:map_file",
    "template": "gateway.cli.templates:template",
    "mappings": "gateway.cli.mappings:mappings",
    "token": "gateway.cli.token:token",
    "audit": "gateway.cli.audit:audit",
    "evidence": "gateway.cli.evidence:evidence",
    "backup": "gateway.cli.backup:backup",
    "restore": "gateway.cli.backup:restore",
    "purge": "gateway.cli.purge:purge",
    "demo": "gateway.cli.demo:demo",
}

_WORDS: Final = f"{__name__}.words"


class Commands(click.Group):
    """The commands, in the order in which one needs them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command."""
        ctx.meta[_WORDS] = words = [*args]
        with usage_told(words):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Read the rest, and do it."""
        with usage_told(ctx.meta[_WORDS]):
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- as click calls it
        """Return their names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as above
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command = getattr(loaded(module), name)
        assert isinstance(command, click.Command), cmd_name
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
    context.obj = loaded("gateway.cli.session").Session(file, clock, language)
