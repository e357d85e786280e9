"""Which files and folders of an installation must be guarded, and against whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.config import FolderPlace, Settings
from gateway.errors import Violation
from gateway.operations import check_guarded, check_inbox, check_private, check_secret
from gateway.steps.sealing import last_seal

_SQLITE = "sqlite:///"


def check_rights(settings: Settings) -> Iterator[Violation]:
    """Yield what everybody on this machine could change, and what everybody could see.

    The PIN and the keys of servers are looked at with the token and with the channels that use them.
    """
    yield from check_guarded(_relied_on(settings))
    for file in _files(settings.path(settings.folders.var) / "secrets"):
        yield from check_secret(file)
    data = [file.parent for file in _database(settings)]
    for folder in dict.fromkeys([settings.path(settings.folders.var), *data]):
        yield from check_private(folder)
    for partner in settings.partner:
        if isinstance(partner.inbox, FolderPlace):
            yield from check_inbox(settings.path(partner.inbox.folder))


def _relied_on(settings: Settings) -> Iterator[Path]:
    """Yield what says how the gateway works, whom it believes, and what runs within it."""
    yield from sorted(settings.root.glob("*.toml"))
    var = settings.path(settings.folders.var)
    yield from (var, var / "pin-latch.json", last_seal(settings), *_database(settings))
    folders = settings.folders
    for folder in filter(None, (folders.schemas, folders.mappings, folders.codes)):
        yield settings.path(folder)
        yield from _files(settings.path(folder))
    for file in (settings.token.module, settings.token.softhsm_conf):
        yield from () if file is None else (settings.path(file),)
    for route in settings.route:
        for file in (*(each.file for each in route.trusted_certificates), route.encrypt_for):
            yield from () if file is None else (settings.path(file),)
    for server in settings.sftp.values():
        yield settings.path(server.known_hosts)
    for broker in settings.amqp.values():
        for file in (broker.ca_file, broker.certificate_file):
            yield from () if file is None else (settings.path(file),)


def _database(settings: Settings) -> list[Path]:
    url = settings.database_url
    return [Path(url.removeprefix(_SQLITE))] if url.startswith(_SQLITE) else []


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())
