"""The SFTP servers of an installation: which connection serves which place, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

from gateway.channels.claims import CLAIMED
from gateway.channels.owner import owner_of
from gateway.channels.sftp_connecting import SftpAccess
from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from gateway.config import Settings, SftpPlace, read_secret
from gateway.errors import GatewayError, RetryError, Violation

_OUTBOX_PAUSE_SECONDS = 5.0


class SftpServers:
    """Opens places on SFTP servers; all inboxes of a server share a connection, and so do all outboxes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._links: dict[tuple[str, str], SftpLink] = {}

    def inbox(self, place: SftpPlace, limit_bytes: int) -> SftpInbox:
        """Open a folder from which messages come; nothing is connected before it is used.

        Raises:
            ParkedError: What is missing for a connection: `channels.sftp-known-hosts`,
                `channels.sftp-host-unlisted`, `channels.sftp-key-file`, `channels.sftp-no-secret`.
        """
        intake = SftpIntake(
            folder=place.folder,
            owner=owner_of(self._settings.path(self._settings.folders.var)),
            still_seconds=place.still_seconds,
            done_marker=place.done_marker,
            poll_seconds=place.poll_seconds,
            limit_bytes=limit_bytes,
        )
        return SftpInbox(self._link(place.sftp, "in", place.poll_seconds), intake)

    def outbox(self, place: SftpPlace) -> SftpOutbox:
        """Open a folder to which messages go.

        Raises:
            ParkedError: As `inbox`.
        """
        return SftpOutbox(self._link(place.sftp, "out", _OUTBOX_PAUSE_SECONDS), place.folder)

    def close(self) -> None:
        """End every connection."""
        for link in self._links.values():
            link.close()

    def _link(self, server: str, way: str, pause: float) -> SftpLink:
        link = self._links.get((server, way))
        if link is None:
            access = access_of(self._settings, server)
            access.check()
            link = self._links[server, way] = SftpLink(access, pause=pause)
        return link


def check_sftp(settings: Settings, place: SftpPlace) -> Iterator[Violation]:
    """Yield what is wrong with a place, by connecting to it and looking into it."""
    try:
        access = access_of(settings, place.sftp)
        access.check()
        owner = owner_of(settings.path(settings.folders.var))
        with closing(SftpLink(access)) as link:
            owners = _owners(link, place)
    except GatewayError as fault:
        yield Violation(fault.code, values=fault.values)
        return
    for other in sorted(owners - {owner}):
        values = {"folder": f"{place}/{CLAIMED}/{other}"}
        yield Violation("channels.claims-of-others", values=values, warning=True)


def access_of(settings: Settings, server: str) -> SftpAccess:
    """Return how the configuration says a server is reached; secrets are read when they are needed."""
    found = settings.sftp[server]
    secret = f"sftp-{server}-password"
    return SftpAccess(
        server=server,
        host=found.host,
        port=found.port,
        user=found.user,
        known_hosts=settings.path(found.known_hosts),
        key_file=None if found.key_file is None else settings.path(found.key_file),
        timeout=found.timeout_seconds,
        secret=partial(read_secret, secret, settings.secret_file(secret)),
    )


def _owners(link: SftpLink, place: SftpPlace) -> set[str]:
    """Return whose claims lie in a folder, by looking into it."""
    folder = place.folder.rstrip("/")
    with link.session() as session:
        try:
            names = session.listing(folder or "/")
            return set(session.listing(f"{folder}/{CLAIMED}") if CLAIMED in names else ())
        except ConnectionError:
            raise
        except OSError as fault:
            raise RetryError("channels.folder-unusable", folder=place, reason=fault.strerror) from fault
