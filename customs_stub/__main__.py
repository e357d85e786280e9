"""The command `customs-stub`: open the office, make its key, list the outcomes that can be chosen."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from types import FrameType

import click

from customs_stub.clock import OfficeClock, read_moment
from customs_stub.config import Config, ConfigError, load
from customs_stub.keys import make_identity
from customs_stub.office import Office
from customs_stub.scenarios import SCENARIOS

DEFAULT_FILE = Path("customs_stub.toml")


class _Moment(click.ParamType[datetime]):
    name = "iso-time"

    def convert(
        self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(value)
        except ValueError as fault:
            self.fail(str(fault), param, ctx)


_config = click.option(
    "--config",
    "file",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Settings; without it ./customs_stub.toml if there is one, else the defaults.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Be a customs office for trials: check submissions by customs' rules and answer signed receipts."""


@main.command()
@_config
@click.option("--now", type=_Moment(), help="The office's time at the start, for rehearsals.")
@click.option(
    "--until-signal/--until-idle",
    "forever",
    default=True,
    help="Work until SIGTERM or SIGINT (the default), or until nothing is left to answer.",
)
def run(file: Path | None, now: datetime | None, forever: bool) -> None:
    """Open the office."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s customs-stub %(message)s")
    config = _settings(file)
    with _faults_told():
        office = Office(config, OfficeClock(now))
    stop = Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        # Not in this thread: the signal may have come while it held the event's lock.
        Thread(target=stop.set).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    click.echo("customs-stub ready")
    sys.stdout.flush()
    try:
        office.run(stop, until_idle=not forever)
    finally:
        office.close()


@main.command()
@_config
def init(file: Path | None) -> None:
    """Make the office's key and certificate, unless they are there."""
    config = _settings(file)
    with _faults_told():
        made = make_identity(config.key, config.certificate)
    config.enterprises.mkdir(parents=True, exist_ok=True)
    click.echo(f"{'made' if made else 'already there'}: {config.key}, {config.certificate}")


@main.command()
def scenarios() -> None:
    """List the outcomes that a client number can ask for."""
    click.echo("<letter><seconds>-… at the start of the client number, for example R2-0001")
    click.echo("客户端编号开头：字母选择结果，数字为每个业务回执前的秒数，例如 R2-0001\n")
    for scenario in SCENARIOS.values():
        click.echo(f"  {scenario.letter}  {scenario.en}\n     {scenario.zh}")


@contextmanager
def _faults_told() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def _settings(file: Path | None) -> Config:
    with _faults_told():
        return load(file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None))


if __name__ == "__main__":
    main()
