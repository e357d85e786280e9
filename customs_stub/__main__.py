"""The command `customs-stub`: open the office, make its key, send references, list what there is."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from types import FrameType

import click

from customs_stub import listing
from customs_stub.announcing import Announcer, check
from customs_stub.clock import OfficeClock, read_moment, real_seconds
from customs_stub.config import Config, ConfigError, load
from customs_stub.facts import Referred
from customs_stub.keys import load_identity, make_identity
from customs_stub.office import Office
from customs_stub.opening import first_layers
from customs_stub.playing import Place, Play
from customs_stub.references import LABELS
from customs_stub.references import load as load_references
from customs_stub.scenarios import NAMED, SCENARIOS
from customs_stub.schemas import Schemas
from customs_stub.store import Store

DEFAULT_FILE = Path("customs_stub.toml")
KINDS = {
    "account-book": Referred.ACCOUNT_BOOK,
    "cargo-manifest": Referred.CARGO_MANIFEST,
    "licence": Referred.LICENCE,
}


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


_language = click.option("--lang", "language", type=click.Choice(["en", "zh"]), help="Language of the words.")
_json = click.option("--json", "as_objects", is_flag=True, help="JSON for programs.")


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
@click.option(
    "--scenarios",
    "scripts",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="A scenario file besides those of the folder; may be given several times.",
)
def run(file: Path | None, now: datetime | None, forever: bool, scripts: tuple[Path, ...]) -> None:
    """Open the office."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s customs-stub %(message)s")
    config = _settings(file)
    with _faults_told():
        office = Office(config, OfficeClock(now), scripts)
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


@main.command("send-references")
@_config
@click.option("--now", type=_Moment(), help="The office's time, for rehearsals.")
@click.option("--kind", type=click.Choice(list(KINDS)), help="Only of this kind.")
@click.option("--number", help="Only that of this account book, licence or bill of lading.")
@_language
def send_references(
    file: Path | None, now: datetime | None, kind: str | None, number: str | None, language: str | None
) -> None:
    """Send account books, cargo manifests and licences again; an open office sends them at once."""
    config = _settings(file)
    with _faults_told():
        kept = load_references(config.references)
        check(kept, OfficeClock(now).now(), Schemas.load(config.schemas))
        wanted = [
            each
            for each in kept
            if (kind is None or each.kind is KINDS[kind])
            and (number is None or each.body.get(LABELS[each.kind]) == number)
        ]
        if not wanted:
            raise ConfigError(["the settings' `references` name no such account book, licence or cargo"])
        identity = load_identity(config.key, config.certificate)
        with closing(Store(config.state, held=False)) as store:
            first = config.doors[0].name
            announcer = Announcer(
                store, OfficeClock(now), identity, config.speaker, first, first_layers(config)
            )
            count = announcer.send(wanted)
    click.echo(listing.word("announced", language or "en", count=count))


@main.command()
@_language
@_json
def scenarios(language: str | None, as_objects: bool) -> None:
    """List the scenarios: how each is chosen, what happens, and what the gateway should make of it."""
    if as_objects:
        click.echo(listing.as_json(listing.scenarios()))
    else:
        click.echo(listing.scenarios_told(language or "en"))


@main.command()
@_config
@_language
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Whatever is held.")
def release(file: Path | None, language: str | None, name: str | None, everything: bool) -> None:
    """Let the office decide what it holds, by unified number, client number or message id."""
    if (name is None) is not everything:
        raise click.UsageError("name a document, or say --all")
    with _looking(file) as store:
        count = store.release(real_seconds(), name or "") if store else 0
    click.echo(listing.word("released", language or "en", count=count))
    if name and not count:
        raise SystemExit(1)


@main.command()
@_config
@_language
@click.argument("name", type=click.Choice([*NAMED, *SCENARIOS]), metavar="NAME")
@click.option(
    "--gateway",
    "folder",
    default=".",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="The folder of a gateway of the default configuration; without it this one.",
)
@click.option("--seconds", default=60, show_default=True, help="How long to look at most.")
def play(file: Path | None, language: str | None, name: str, folder: Path, seconds: int) -> None:
    """Show a scenario: give a gateway that runs beside this office an ERP's file, and tell what comes."""
    scenario = SCENARIOS.get(name) or NAMED[name]
    click.echo(listing.scenario_told(scenario, language or "en"))
    with _looking(file) as store:
        if store is None:
            raise click.ClickException("the office was never open: `customs-stub run` opens it")
        place = Place(folder / "inbox/acme", folder / "receipts/acme", _settings(file).outbox, store)
        if not Play(place, scenario, click.echo).show(seconds):
            raise SystemExit(1)


@main.command()
@_config
@_language
@_json
def documents(file: Path | None, language: str | None, as_objects: bool) -> None:
    """List what enterprises have filed, and what became of it."""
    with _looking(file) as store:
        rows = listing.documents(store) if store else []
    _tell(rows, listing.DOCUMENTS, language, as_objects)


@main.command()
@_config
@_language
@_json
def references(file: Path | None, language: str | None, as_objects: bool) -> None:
    """List the account books, cargo manifests and licences that the office keeps."""
    with _looking(file) as store:
        rows = listing.references(store) if store else []
    _tell(rows, listing.REFERENCES, language, as_objects)


@main.command()
@_config
@_language
@_json
def received(file: Path | None, language: str | None, as_objects: bool) -> None:
    """List how often each message came, with which bytes, and what was answered."""
    with _looking(file) as store:
        rows = listing.received(store) if store else []
    if as_objects:
        click.echo(listing.as_json(rows))
    else:
        _tell(listing.in_words(rows), listing.RECEIVED, language, as_objects=False)


@contextmanager
def _looking(file: Path | None) -> Iterator[Store | None]:
    """Give the office's memory without holding it; an office that was never open has none."""
    config = _settings(file)
    if not config.state.exists():
        yield None
        return
    with _faults_told(), closing(Store(config.state, held=False)) as store:
        yield store


def _tell(rows: list[listing.Row], columns: tuple[str, ...], language: str | None, as_objects: bool) -> None:
    if as_objects:
        click.echo(listing.as_json(rows))
    else:
        click.echo(listing.as_table(rows, columns, language or "en"))


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
