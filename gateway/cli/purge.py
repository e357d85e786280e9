"""The command that takes old final documents out of the database into archive files."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE, Show
from gateway.clock import CHINA
from gateway.errors import ParkedError, refuse
from gateway.steps.retiring import Retiring, Tally
from gateway.store import Unit

_ACT: Final = "purge"
_COLUMNS: Final = ("enterprise", "month", "retired", "size", "stays", "archives")


@click.command()
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="Default: as many years ago as configured.")
@click.option("--dry-run", is_flag=True, help="Only show what would go, and what keeps the rest.")
@command
def purge(session: Session, /, *, before: datetime | None, dry_run: bool) -> int:
    """Move final documents of closed months to archive files.

    Only what has not changed since BEFORE. The gateway may run meanwhile. Whenever
    it is interrupted, nothing is lost, and the next call goes on.
    """
    if session.clock.start is not None and not dry_run:
        raise refuse("cli.purge-rehearsal")
    latest = _years_before(session.clock.now(), session.settings.retention.years)
    moment = before.replace(tzinfo=CHINA) if before else latest
    if moment > latest:
        raise refuse(
            "cli.purge-too-young",
            given=f"{moment:%F}",
            latest=f"{latest:%F}",
            years=session.settings.retention.years,
        )
    if dry_run:
        retiring = Retiring(session.readable, moment, None, _note_nothing, _go_on)
        tallies = list(retiring.run())
    else:
        with _folder(session.settings.path(session.settings.retention.archive)) as folder:
            retiring = Retiring(session.store, moment, folder, _noting(session), _Pace().rest)
            tallies = list(retiring.run())
    _tell(session.show, retiring, tallies)
    return DONE


def _years_before(now: datetime, years: int) -> datetime:
    local = now.astimezone(CHINA)
    # There is no 29 February three years ago.
    day = min(local.day, 28) if local.month == 2 else local.day
    return local.replace(year=local.year - years, day=day)


def _note_nothing(_unit: Unit, _subject: str, _detail: Mapping[str, object]) -> None:
    """Note nothing: nothing is done."""


def _go_on() -> None:
    """Go on at once."""


def _noting(session: Session) -> Callable[[Unit, str, Mapping[str, object]], None]:
    def note(unit: Unit, subject: str, detail: Mapping[str, object]) -> None:
        session.note_act(unit, _ACT, subject, **detail)

    return note


class _Pace:
    """Rests as long as it worked, so that a gateway on the same database has at least every other turn."""

    _MOST: Final = 1.0

    def __init__(self) -> None:
        self._since = time.monotonic()

    def rest(self) -> None:
        """Rest."""
        time.sleep(min(time.monotonic() - self._since, self._MOST))
        self._since = time.monotonic()


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    """Make the folder of the archives and have it alone.

    Raises:
        ParkedError: `cli.purge-no-folder` or `cli.purge-runs-already`.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as fault:
        raise ParkedError("cli.purge-no-folder", folder=folder, reason=fault.strerror) from fault
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    except BlockingIOError as fault:
        raise ParkedError("cli.purge-runs-already", folder=folder) from fault
    except OSError as fault:
        raise ParkedError("cli.purge-no-folder", folder=folder, reason=fault.strerror) from fault
    finally:
        os.close(handle)


def _tell(show: Show, retiring: Retiring, tallies: list[Tally]) -> None:
    rows = [_row(show, tally) for tally in tallies]
    dry_run = retiring.folder is None
    before, young = f"{retiring.before:%F}", retiring.young()
    if show.json:
        show.data({"dry_run": dry_run, "before": before, "too_young": young, "months": rows})
        return
    show.rows("purge-would" if dry_run else "purge", _COLUMNS, rows)
    show.line("purge-before", before=before, young=young)
    if documents := sum(tally.documents.total() for tally in tallies):
        size = _size(sum(tally.bytes for tally in tallies))
        files = sum(len(tally.files) for tally in tallies)
        show.line("purge-sum-would" if dry_run else "purge-sum", documents=documents, size=size, files=files)


def _row(show: Show, tally: Tally) -> dict[str, Any]:
    if show.json:
        return {
            "enterprise": tally.enterprise,
            "month": tally.month,
            "documents": dict(tally.documents),
            "bytes": tally.bytes,
            "open": tally.open,
            "held": dict(tally.held),
            "files": tally.files,
        }
    counted = (f"{show.word(kind)} {count}" for kind, count in tally.documents.items())
    reasons = [f"{show.word(f'stays.{reason}')} {count}" for reason, count in tally.held.items()]
    if tally.open:
        reasons = [show.word("stays.not-closed", documents=", ".join(tally.open))]
    return {
        "enterprise": tally.enterprise,
        "month": tally.month,
        "retired": ", ".join(counted),
        "size": _size(tally.bytes) if tally.bytes else "",
        "stays": "\n".join(reasons),
        "archives": "\n".join(tally.files),
    }


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} KB"
