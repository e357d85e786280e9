"""The database of the configuration, opened for work or for looking only, and the folder around it."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.config import Settings
from gateway.errors import ParkedError
from gateway.store import Store


def make_store(settings: Settings, clock: Clock) -> Store:
    """Open the database, its tables brought to the newest form.

    Raises:
        RetryError: `store.not-now`.
        ParkedError: `store.unknown-database` or `bootstrap.no-folder`.
    """
    make_private_folder(settings)
    store = Store(settings.database_url, clock)
    store.migrate()
    return store


def open_store(settings: Settings, clock: Clock) -> Store:
    """Open the database for looking only: nothing is made, brought forward or written.

    Raises:
        RetryError: `store.not-now`.
        ParkedError: `store.unknown-database`, `store.no-tables` or `store.no-right`.
    """
    store = Store(settings.database_url, clock, reading=True)
    store.check()
    return store


def make_private_folder(settings: Settings) -> None:
    """Make the folder of business data and keys, into which nobody but the gateway's own user may look.

    Raises:
        ParkedError: `bootstrap.no-folder`.
    """
    var = settings.path(settings.folders.var)
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise ParkedError("bootstrap.no-folder", folder=var, reason=fault.strerror) from fault
