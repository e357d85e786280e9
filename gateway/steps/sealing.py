"""The seals of the audit trail: set soon after the rows that they prove; the newest is named outside, too."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gateway.config import Settings
from gateway.errors import ParkedError
from gateway.logs import log
from gateway.store import Store

_LIMIT: Final = 1000


def seal_trail(settings: Settings, store: Store) -> int:
    """Seal what has come since the last time, and return whether that was anything.

    The log names the chain's value, so that whoever keeps the log can prove later that nothing was replaced.
    """
    with store.read() as unit:
        if not unit.audit.waits():
            return 0
    with store.begin() as unit:
        chain = unit.audit.seal(_LIMIT)
    if chain is None:
        return 0
    log.info("audit-sealed", head=chain)
    _keep(last_seal(settings), chain)
    return 1


def last_seal(settings: Settings) -> Path:
    """Return the file that names the newest seal; no database that was put back by hand knows that seal."""
    return settings.path(settings.folders.var) / "last-seal"


def check_newest(settings: Settings, store: Store) -> None:
    """Look whether the database is the one that was sealed last here, and not an older state of it.

    Another gateway may seal meanwhile: a look that begins after the seal was named knows it.

    Raises:
        ParkedError: `restore.put-back`: it would give numbers again that were given, and send again.
    """
    file = last_seal(settings)
    try:
        head = file.read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return
    except OSError as fault:
        raise ParkedError("restore.seal-unreadable", file=file, reason=fault.strerror) from fault
    with store.read() as unit:
        known = unit.audit.holds(head)
    if not known:
        raise ParkedError("restore.put-back", file=file, head=head[:64])


def _keep(file: Path, head: str) -> None:
    """Name the seal after its commit; where that fails the one before stays named, which is as true."""
    draft = file.with_name(f"{file.name}.new")
    try:
        with draft.open("w", encoding="ascii") as out:
            out.write(f"{head}\n")
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    except OSError as fault:
        log.warning("seal-not-kept", file=str(file), reason=str(fault))
