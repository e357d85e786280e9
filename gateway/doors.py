"""From a place of the configuration to the channel that serves it: folder, import client, SFTP or AMQP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gateway import xmlio
from gateway.channels import (
    BOXES,
    FolderInbox,
    FolderOutbox,
    ImportClientInbox,
    ImportClientOutbox,
    Inbox,
    Intake,
    Outbox,
    Waker,
    failed_files,
)
from gateway.config import (
    AmqpQueue,
    AmqpTarget,
    FolderPlace,
    ImportClientPlace,
    Settings,
    SftpPlace,
    Source,
    Target,
)
from gateway.errors import ParkedError, Violation
from gateway.operations import check_folder, check_secret

# Their libraries cost a start as much as all others together, so only who uses them loads them.
if TYPE_CHECKING:
    from gateway.channels.amqp import AmqpBrokers
    from gateway.channels.sftp import SftpServers


class Doors:
    """Opens channels; what they share (a connection, a thread) is closed with it."""

    def __init__(self, settings: Settings, waker: Waker) -> None:
        self._settings = settings
        self._waker = waker
        self._parts = ExitStack()

    def inbox(self, place: Source, wake: Callable[[], None], limit_bytes: int = xmlio.MAX_BYTES) -> Inbox:
        """Open a place from which messages come; `wake` is called, in any thread, when one may be there.

        Args:
            place: The place.
            wake: Called for news of it.
            limit_bytes: A longer file is refused unread; of the folders that customs writes to, a longer
                one is no receipt.

        Raises:
            ParkedError: `bootstrap.no-folder`.
        """
        if isinstance(place, FolderPlace):
            folder = _folder(self._settings.path(place.folder))
            watch = self._waker.watch(folder, wake)
            inbox = FolderInbox(
                folder, intake=Intake(place.still_seconds, limit_bytes, place.done_marker), watch=watch
            )
            self._parts.callback(inbox.close)
            return inbox
        if isinstance(place, ImportClientPlace):
            root = self._boxes(place)
            watch = self._waker.watch(root / "InBox", wake)
            client = ImportClientInbox(root, Intake(place.still_seconds, limit_bytes), watch)
            self._parts.callback(client.close)
            return client
        if isinstance(place, SftpPlace):
            return self._sftp.inbox(place, limit_bytes)
        if isinstance(place, AmqpQueue):
            return self._amqp.inbox(place, wake)
        raise AssertionError(place)

    def outbox(self, place: Target) -> Outbox:
        """Open a place to which messages go.

        Raises:
            ParkedError: `bootstrap.no-folder`.
        """
        if isinstance(place, FolderPlace):
            return FolderOutbox(_folder(self._settings.path(place.folder)))
        if isinstance(place, ImportClientPlace):
            return ImportClientOutbox(self._boxes(place))
        if isinstance(place, SftpPlace):
            return self._sftp.outbox(place)
        if isinstance(place, AmqpTarget):
            return self._amqp.outbox(place)
        raise AssertionError(place)

    def close(self) -> None:
        """Let go of everything that was opened."""
        self._parts.close()

    @cached_property
    def _sftp(self) -> SftpServers:
        from gateway.channels.sftp import SftpServers  # noqa: PLC0415 -- see the head of this module

        servers = SftpServers(self._settings)
        self._parts.callback(servers.close)
        return servers

    @cached_property
    def _amqp(self) -> AmqpBrokers:
        from gateway.channels.amqp import AmqpBrokers  # noqa: PLC0415 -- see the head of this module

        brokers = AmqpBrokers(self._settings)
        self._parts.callback(brokers.close)
        return brokers

    def _boxes(self, place: ImportClientPlace) -> Path:
        """Return the folder of a business in the import client, each of its boxes made where it is not."""
        root = self._settings.path(place.import_client)
        for box in BOXES:
            _folder(root / box)
        return root


def check_place(settings: Settings, place: Source | Target) -> Iterator[Violation]:
    """Yield what is wrong with a place, by looking at the real thing (for `gateway check`)."""
    if isinstance(place, FolderPlace):
        yield from check_folder(settings.path(place.folder))
    elif isinstance(place, ImportClientPlace):
        yield from _check_client(settings.path(place.import_client))
    elif isinstance(place, SftpPlace):
        if key_file := settings.sftp[place.sftp].key_file:
            yield from check_secret(settings.path(key_file))
        from gateway.channels.sftp import check_sftp  # noqa: PLC0415 -- see the head of this module

        yield from check_sftp(settings, place)
    elif isinstance(place, AmqpQueue | AmqpTarget):
        if key := settings.amqp[place.amqp].key_file:
            yield from check_secret(settings.path(key))
        from gateway.channels.amqp import check_amqp  # noqa: PLC0415 -- see the head of this module

        yield from check_amqp(settings, place)


def _check_client(root: Path) -> Iterator[Violation]:
    """Yield boxes that cannot be used, and a warning of what the client could not send."""
    for box in BOXES:
        yield from check_folder(root / box)
    if failed := failed_files(root):
        values = {"folder": root / "FailBox", "names": ", ".join(failed)}
        yield Violation("channels.client-failed", values=values, warning=True)


def _folder(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise ParkedError("bootstrap.no-folder", folder=folder, reason=fault.strerror) from fault
    return folder
