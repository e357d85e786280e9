"""What can be done with files over an SFTP connection: many at the price of one way there and back."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from gateway.channels.sftp_wire import (
    CHUNK,
    CLOSE,
    EXTENDED,
    FSTAT,
    LSTAT,
    MKDIR,
    OPEN,
    OPENDIR,
    READ,
    READDIR,
    REMOVE,
    RENAME,
    RMDIR,
    WRITE,
    Answer,
    LostError,
    Request,
    Wire,
    text,
)
from gateway.channels.stillness import Signature

_READ, _NEW = 0x01, 0x02 | 0x08 | 0x20  # pflags: read; write what does not exist yet
_POSIX_RENAME = b"posix-rename@openssh.com"
_FSYNC = b"fsync@openssh.com"
_NO_ATTRIBUTES = struct.pack(">I", 0)
_AHEAD = 8
_OPEN_AT_ONCE = 50
Item = TypeVar("Item")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Copy:
    """A file as it was read.

    Attributes:
        before: How it looked when it was opened.
        data: Its bytes.
        after: How it looked when they had been read.
    """

    before: Signature
    data: bytes
    after: Signature


class SftpSession:
    """One connection; paths are text, in which bytes that are no UTF-8 are kept as surrogates.

    Attributes:
        number: No other session of this process has it.
    """

    def __init__(self, wire: Wire, *, refuses_taken: bool) -> None:
        self._wire = wire
        # Whether it is known that a plain rename never overwrites. The protocol demands it, but not
        # every server keeps it.
        self._refuses_taken = refuses_taken
        self._posix_rename = _POSIX_RENAME in wire.extensions
        self._fsync = _FSYNC in wire.extensions
        self.number = next(_numbers)

    def listing(self, folder: str) -> dict[str, Signature]:
        """Return everything in a folder; a link is told as a link.

        Raises:
            OSError: It cannot be listed.
        """
        handle = self._wire.one(OPENDIR, _path(folder)).handle()
        found: dict[str, Signature] = {}
        try:
            while True:
                for answer in self._wire.ask([(READDIR, text(handle))] * _AHEAD):
                    if answer.at_end:
                        return found
                    found |= answer.names()
        finally:
            self._wire.one(CLOSE, handle)

    def look(self, paths: Sequence[str]) -> list[Signature | OSError]:
        """Return what lies there, without following links; for each path apart."""
        answers = self._wire.ask((LSTAT, text(_path(path))) for path in paths)
        return [_signature(answer) for answer in answers]

    def exists(self, path: str) -> bool:
        """Return whether anything lies there.

        Raises:
            OSError: Nobody can know.
        """
        (found,) = self.look([path])
        if isinstance(found, OSError):
            if found.errno == errno.ENOENT:
                return False
            raise found
        return True

    def claim(self, pairs: Sequence[tuple[str, str]]) -> list[OSError | None]:
        """Rename each to a name that is nobody else's, in one step where the server can."""
        return self._done(self._rename(*pair, posix=self._posix_rename) for pair in pairs)

    def move(self, pairs: Sequence[tuple[str, str]]) -> list[OSError | None]:
        """Rename each, never over what lies there; a name that is taken is told as such."""
        faults: list[OSError | None] = [None] * len(pairs)
        if not self._refuses_taken:
            faults = [_taken(found) for found in self.look([target for _, target in pairs])]
        free = [at for at, fault in enumerate(faults) if fault is None]
        for at, fault in zip(
            free, self._done(self._rename(*pairs[at], posix=False) for at in free), strict=True
        ):
            faults[at] = fault and self._explain(pairs[at], fault)
        return faults

    def remove(self, paths: Sequence[str]) -> list[OSError | None]:
        """Remove files."""
        return self._done((REMOVE, text(_path(path))) for path in paths)

    def make_folder(self, path: str) -> None:
        """Make a folder if it is not there.

        Raises:
            OSError: It cannot be made, or something else has its name.
        """
        if fault := self._wire.ask([(MKDIR, text(_path(path)) + _NO_ATTRIBUTES)])[0].fault:
            (found,) = self.look([path])
            if isinstance(found, OSError) or not found.is_folder:
                raise fault

    def remove_folder(self, path: str) -> None:
        """Remove a folder if it is empty and may be removed."""
        self._wire.one(RMDIR, _path(path))

    def read(self, paths: Sequence[str]) -> list[Copy | OSError]:
        """Read files whole."""
        return [each for some in _some(paths) for each in self._read(some)]

    def _read(self, paths: Sequence[str]) -> list[Copy | OSError]:
        requests = ((OPEN, text(_path(path)) + struct.pack(">I", _READ) + _NO_ATTRIBUTES) for path in paths)
        with self._opened(requests) as (found, handles):
            before = self._look_at(handles)
            sizes = [0 if isinstance(seen, OSError) else seen.size for seen in before]
            data = self._contents(list(zip(handles, sizes, strict=True)))
            after = self._look_at(handles)
        copies = iter(map(_copy, before, data, after))
        return [each if isinstance(each, OSError) else next(copies) for each in found]

    def write(self, files: Sequence[tuple[str, bytes]]) -> list[OSError | None]:
        """Write new files and flush them to the disk where the server can; what had the name is removed."""
        return [each for some in _some(files) for each in self._write(some)]

    def _write(self, files: Sequence[tuple[str, bytes]]) -> list[OSError | None]:
        paths = [path for path, _ in files]
        # Removed rather than opened: behind the name may be a link, which opening would follow.
        self.remove(paths)
        requests = ((OPEN, text(_path(path)) + struct.pack(">I", _NEW) + _NO_ATTRIBUTES) for path in paths)
        with self._opened(requests) as (found, handles):
            waiting = iter(handles)
            places = [(at, next(waiting)) for at, each in enumerate(found) if not isinstance(each, OSError)]
            faults = [each if isinstance(each, OSError) else None for each in found]
            self._fill(places, [data for _, data in files], faults)
            for (at, _), fault in zip(places, self._flush(handles), strict=True):
                faults[at] = faults[at] or fault
        for at, seen in enumerate(self.look(paths)):
            if faults[at] is None and (isinstance(seen, OSError) or seen.size != len(files[at][1])):
                faults[at] = OSError(errno.EIO, "the server kept another number of bytes")
        return faults

    def flush_folder(self, folder: str) -> None:
        """Flush the names in a folder to the disk; a server that cannot is not asked again."""
        requests = [(OPEN, text(_path(folder)) + struct.pack(">I", _READ) + _NO_ATTRIBUTES)]
        if self._fsync:
            with self._opened(requests) as (_, handles):
                self._flush(handles)

    def _done(self, requests: Iterator[Request]) -> list[OSError | None]:
        return [answer.fault for answer in self._wire.ask(requests)]

    def _rename(self, source: str, target: str, *, posix: bool) -> Request:
        paths = text(_path(source)) + text(_path(target))
        return (EXTENDED, text(_POSIX_RENAME) + paths) if posix else (RENAME, paths)

    def _explain(self, pair: tuple[str, str], fault: OSError) -> OSError | None:
        """Say why a plain rename failed: servers tell a taken name as a failure like any other."""
        source, target = self.look(pair)
        if not isinstance(target, OSError):
            return _taken(target)
        known = not isinstance(source, OSError) and target.errno == errno.ENOENT
        if known and self._posix_rename:
            # The plain one may be forbidden, and nothing lies there that could be overwritten.
            return self._done(iter([self._rename(*pair, posix=True)]))[0]
        return source if isinstance(source, OSError) else fault

    @contextmanager
    def _opened(
        self, requests: Iterator[Request] | list[Request]
    ) -> Iterator[tuple[list[Answer | OSError], list[bytes]]]:
        """Open files, and close those that were; every handle is that of an answer, in order."""
        answers = self._wire.ask(requests)
        found = [answer.fault or answer for answer in answers]
        handles = [each.handle() for each in found if isinstance(each, Answer)]
        try:
            yield found, handles
        finally:
            self._wire.ask((CLOSE, text(handle)) for handle in handles)

    def _look_at(self, handles: Sequence[bytes]) -> list[Signature | OSError]:
        return list(map(_signature, self._wire.ask((FSTAT, text(handle)) for handle in handles)))

    def _contents(self, files: Sequence[tuple[bytes, int]]) -> list[bytes | OSError]:
        wanted = [
            (at, start, min(CHUNK, size - start))
            for at, (_, size) in enumerate(files)
            for start in range(0, size, CHUNK)
        ]
        answers = self._wire.ask(_read(files[at][0], start, length) for at, start, length in wanted)
        found = [bytearray() for _ in files]
        faults: dict[int, OSError] = {}
        for (at, start, length), answer in zip(wanted, answers, strict=True):
            try:
                # After a gap nothing may follow: a short answer is made up for at once, an end is an end.
                if len(found[at]) == start:
                    found[at] += self._whole(files[at][0], start, length, answer)
            except LostError:
                raise
            except OSError as fault:
                faults[at] = fault
        return [faults.get(at) or bytes(each) for at, each in enumerate(found)]

    def _whole(self, handle: bytes, start: int, length: int, answer: Answer) -> bytes:
        came = b""
        while not answer.at_end:
            more = answer.data()
            came += more
            if len(came) >= length or not more:
                break
            answer = self._wire.ask([_read(handle, start + len(came), length - len(came))])[0]
        return came

    def _fill(
        self, places: Sequence[tuple[int, bytes]], contents: Sequence[bytes], faults: list[OSError | None]
    ) -> None:
        parts = [(at, handle, start) for at, handle in places for start in range(0, len(contents[at]), CHUNK)]
        requests = (
            (WRITE, text(handle) + struct.pack(">Q", start) + text(contents[at][start : start + CHUNK]))
            for at, handle, start in parts
        )
        for (at, _, _), answer in zip(parts, self._wire.ask(requests), strict=True):
            faults[at] = faults[at] or answer.fault

    def _flush(self, handles: Sequence[bytes]) -> list[OSError | None]:
        if not self._fsync:
            return [None] * len(handles)
        return self._done((EXTENDED, text(_FSYNC) + text(handle)) for handle in handles)


def _some(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + _OPEN_AT_ONCE] for start in range(0, len(items), _OPEN_AT_ONCE))


def _path(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _read(handle: bytes, start: int, length: int) -> Request:
    return READ, text(handle) + struct.pack(">QI", start, length)


def _signature(answer: Answer) -> Signature | OSError:
    return answer.fault or answer.signature()


def _copy(before: Signature | OSError, data: bytes | OSError, after: Signature | OSError) -> Copy | OSError:
    for each in (before, data, after):
        if isinstance(each, OSError):
            return each
    assert isinstance(before, Signature)
    assert isinstance(data, bytes)
    assert isinstance(after, Signature)
    return Copy(before, data, after)


def _taken(found: Signature | OSError) -> OSError | None:
    if isinstance(found, Signature):
        return FileExistsError(errno.EEXIST, "the name is taken")
    return None if found.errno == errno.ENOENT else found
