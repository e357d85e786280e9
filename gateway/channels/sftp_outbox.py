"""A folder of an SFTP server as an outbox: written under an unfinished name, flushed, then renamed."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from gateway.channels.base import Check, always, check_name, shown
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_session import Copy, SftpSession
from gateway.channels.sftp_wire import LostError
from gateway.channels.stillness import Signature
from gateway.errors import GatewayError, ParkedError, RetryError, UnsentError


class SftpOutbox:
    """Files that others take from a server; a reader sees a whole file or none."""

    def __init__(self, link: SftpLink, folder: str) -> None:
        self._link = link
        self._folder = folder.rstrip("/")
        self._shown = f"sftp:{link.access.server}:{folder}"

    def send(self, name: str, data: bytes) -> None:
        """Put one file; when this returns it is there, and flushed where the server can (CU-05).

        Raises:
            ParkedError: `channels.name-unsafe`, or `channels.name-taken` by other bytes.
            UnsentError: `channels.not-sent`, or the connection's fault: the file has not got its name.
            RetryError: The same; whether the file is there is in doubt.
        """
        if fault := self.send_many([(name, data)]).get(name):
            raise fault

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Put many files over one connection; return by name what was not put and why."""
        faults: dict[str, GatewayError] = {}
        sound: dict[str, bytes] = {}
        for name, data in files:
            try:
                check_name(name)
                if sound.setdefault(name, data) != data:
                    raise self._taken(name)
            except ParkedError as fault:
                faults[name] = fault
        return faults | self._send({name: data for name, data in sound.items() if name not in faults}, check)

    def _send(self, files: dict[str, bytes], check: Check) -> dict[str, GatewayError]:
        faults: dict[str, GatewayError] = {}
        named: set[str] = set()
        try:
            with self._link.session() as session:
                new = self._new(session, files, faults, named)
                self._put(session, new, faults, named, check)
        except RetryError as fault:
            # What was answered before the connection was lost stays as it is known, unless it was
            # still to be flushed; of the rest it is in doubt what may have got its name.
            sure = UnsentError(fault.code, **fault.values)
            sure.__cause__ = fault
            return {name: faults.get(name, fault if name in named else sure) for name in files}
        return faults

    def _put(
        self,
        session: SftpSession,
        files: dict[str, bytes],
        faults: dict[str, GatewayError],
        named: set[str],
        check: Check,
    ) -> None:
        drafts = session.write([(self._draft(name), data) for name, data in files.items()])
        written = []
        for name, fault in zip(files, drafts, strict=True):
            if fault is None:
                written.append(name)
            else:
                faults[name] = self._not_sent(name, fault, UnsentError)
        check()
        named.update(written)
        moved = session.move([(self._draft(name), self._path(name)) for name in written])
        taken = []
        for name, fault in zip(written, moved, strict=True):
            if fault is not None and fault.errno == errno.EEXIST:
                # It came there since we looked: perhaps by ourselves, over a connection that was lost.
                taken.append(name)
            elif fault is not None:
                faults[name] = self._not_sent(name, fault, RetryError)
        if taken:
            self._compare(session, {name: files[name] for name in taken}, faults)
        try:
            session.flush_folder(self._folder or "/")
        except LostError:
            raise
        except OSError:
            # Not every server lets a folder be flushed; the files' own bytes are.
            return

    def _new(
        self,
        session: SftpSession,
        files: dict[str, bytes],
        faults: dict[str, GatewayError],
        named: set[str],
    ) -> dict[str, bytes]:
        """Return what is not there yet; other bytes under a name are never replaced."""
        found = session.look([self._path(name) for name in files])
        standing: dict[str, bytes] = {}
        new: dict[str, bytes] = {}
        for (name, data), seen in zip(files.items(), found, strict=True):
            if isinstance(seen, OSError):
                if seen.errno == errno.ENOENT:
                    new[name] = data
                else:
                    faults[name] = self._not_sent(name, seen, UnsentError)
            elif not seen.is_file or seen.size != len(data):
                faults[name] = self._taken(name)
            else:
                standing[name] = data
        named.update(standing)
        self._compare(session, standing, faults)
        return new

    def _compare(
        self, session: SftpSession, files: dict[str, bytes], faults: dict[str, GatewayError]
    ) -> None:
        paths = [self._path(name) for name in files]
        looks = session.look(paths)
        plain = [name for name, seen in zip(files, looks, strict=True) if _is_file(seen)]
        copies = dict(zip(plain, session.read([self._path(name) for name in plain]), strict=True))
        for (name, data), seen in zip(files.items(), looks, strict=True):
            copy = copies.get(name, seen)
            if isinstance(copy, OSError):
                # A reader may take it in this moment; then it was there.
                if copy.errno != errno.ENOENT:
                    faults[name] = self._not_sent(name, copy, RetryError)
            elif not isinstance(copy, Copy) or copy.data != data:
                faults[name] = self._taken(name)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _draft(self, name: str) -> str:
        return f"{self._folder}/.{name}.tmp"

    def _taken(self, name: str) -> ParkedError:
        return ParkedError("channels.name-taken", name=name, folder=self._shown)

    def _not_sent(self, name: str, fault: OSError, kind: type[RetryError]) -> RetryError:
        reason = shown(fault.strerror or type(fault).__name__)
        error = kind("channels.not-sent", name=name, folder=self._shown, reason=reason)
        error.__cause__ = fault
        return error


def _is_file(seen: Signature | OSError) -> bool:
    return isinstance(seen, Signature) and seen.is_file
