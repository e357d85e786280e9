"""Commands that keep a copy of the database, and that begin again from one."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.clock import Clock
from gateway.database import make_private_folder
from gateway.errors import GatewayError, ParkedError
from gateway.steps import restoring
from gateway.steps.sealing import last_seal
from gateway.store import Store

_FOUND: Final = ("kind", "channel", "file")


@click.command()
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new file."
)
@command
def backup(session: Session, /, *, output: Path) -> int:
    """Write the whole database to a file, while the gateway runs.

    For SQLite; PostgreSQL has its own tools, which the refusal names.
    """
    session.store.back_up(output)
    with session.store.begin() as unit:
        session.note_act(unit, "backup", str(output))
    session.show.written([output])
    return DONE


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--force", is_flag=True, help="Restore FILE over a database in which more has happened.")
@click.option("--done", "step", flag_value="done", help="It was restored by other means, such as pg_restore.")
@click.option("--review", "step", flag_value="review", help="List what happened outside after the backup.")
@click.option("--release", "step", flag_value="release", help="All is looked at: let the gateway work.")
@command
def restore(session: Session, /, *, file: Path | None, step: str | None, force: bool) -> int:
    """Begin again from a backup; the gateway must not run.

    Afterwards it sends nothing and takes nothing in from ERPs until --release.
    """
    if (file is None) == (step is None) or (force and file is None):
        raise click.UsageError("name FILE, or one of --done, --review and --release")
    if file is not None:
        _from_file(session, file, force=force)
    elif step == "done":
        with session.store.alone():
            _begin_anew(session, session.store, "")
            last_seal(session.settings).unlink(missing_ok=True)
    elif step == "review":
        _review(session)
    else:
        with session.store.begin() as unit:
            restoring.release(unit)
            session.note_act(unit, "restore release")
        session.show.line("restore-released")
    return DONE


def _review(session: Session) -> None:
    with session.store.read() as unit:
        found = list(restoring.unknown_outside(session.settings, unit))
    rows = [{"kind": f"found-{each.kind}", "channel": each.channel, "file": each.name} for each in found]
    session.show.rows("after-backup", _FOUND, rows)


def _from_file(session: Session, file: Path, *, force: bool) -> None:
    make_private_folder(session.settings)
    present = Store(session.settings.database_url, session.clock)
    suffix = f"replaced-{Clock().now():%Y%m%dT%H%M%S%f}"
    with present.alone(), present.taken_out(file) as copy:
        with copy.read() as unit:
            until = unit.restoring.newest()
        if not force:
            _refuse_loss(present, file, until)
        _begin_anew(session, copy, str(file))
        kept = present.replace(copy, suffix)
        last_seal(session.settings).unlink(missing_ok=True)
    if kept is not None:
        session.show.line("restore-kept", file=kept)


def _refuse_loss(present: Store, file: Path, until: datetime | None) -> None:
    """Refuse to throw away what is there and sound and newer; what cannot be read cannot be lost by it."""
    newest = None
    if present.is_there():
        with suppress(GatewayError), present.read() as unit:
            newest = unit.restoring.newest()
    if newest is not None and (until is None or newest > until):
        told = f"{until:%F %T}" if until else "-"
        raise ParkedError("restore.would-lose", file=file, until=told, newest=f"{newest:%F %T}")


def _begin_anew(session: Session, store: Store, source: str) -> None:
    # By the machine's own clock: one that is set for a rehearsal proves nothing about numbers.
    at = Clock().now()
    with store.begin() as unit:
        unsent = restoring.begin_anew(session.settings, unit, at)
        session.note_act(unit, "restore", source, unsent=unsent)
    session.show.line("restore-done", unsent=unsent)
