"""The SFTP protocol, version 3, over a channel: requests go out back to back, answers come in any order."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from stat import S_IFREG
from time import monotonic

from paramiko import Channel, SSHException

from gateway.channels.stillness import Signature

INIT, OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT = 1, 3, 4, 5, 6, 7, 8
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, RENAME, EXTENDED = 11, 12, 13, 14, 15, 18, 200
_VERSION, _STATUS, _HANDLE, _DATA, _NAME, _ATTRS = 2, 101, 102, 103, 104, 105
_OK, _EOF = 0, 1
_ERRNO = {2: errno.ENOENT, 3: errno.EACCES, 8: errno.EOPNOTSUPP}

# What a server must accept; so many at once fill neither its buffer nor ours.
CHUNK = 32 * 1024
_UNANSWERED = 48
# A server that announces more is not to be believed.
_LONGEST = 512 * 1024

Request = tuple[int, bytes]


class LostError(ConnectionError):
    """The connection is gone, or what comes over it makes no sense; nobody knows what was done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to one request.

    Attributes:
        kind: The packet's type.
        body: Its content without type and number.
    """

    kind: int
    body: bytes

    @property
    def fault(self) -> OSError | None:
        """What went wrong; None when it is done, or when the answer is none of success or failure."""
        if self.kind != _STATUS:
            return None
        (code,) = struct.unpack_from(">I", self.body)
        if code == _OK:
            return None
        number = _ERRNO.get(code, errno.EIO)
        said, _ = _text(self.body, 4) if len(self.body) > 4 else (b"", 0)
        return OSError(number, said.decode("utf-8", "backslashreplace")[:200] or os.strerror(number))

    @property
    def at_end(self) -> bool:
        """Whether there is nothing more to read."""
        return self.kind == _STATUS and struct.unpack_from(">I", self.body)[0] == _EOF

    def handle(self) -> bytes:
        """Return the handle of what was opened."""
        return self._single(_HANDLE)

    def data(self) -> bytes:
        """Return the bytes that were read."""
        return self._single(_DATA)

    def signature(self) -> Signature:
        """Return what is known of a file."""
        self._be(_ATTRS)
        return _signature(self.body, 0)[0]

    def names(self) -> dict[str, Signature]:
        """Return the entries of a folder; links are not followed for it."""
        self._be(_NAME)
        (count,) = struct.unpack_from(">I", self.body)
        position, found = 4, {}
        for _ in range(count):
            name, position = _text(self.body, position)
            _, position = _text(self.body, position)
            signature, position = _signature(self.body, position)
            # No server has reason to name a path here: it would lead out of the folder.
            if name not in {b"", b".", b".."} and b"/" not in name and b"\0" not in name:
                found[name.decode("utf-8", "surrogateescape")] = signature
        return found

    def _single(self, kind: int) -> bytes:
        self._be(kind)
        return _text(self.body, 0)[0]

    def _be(self, kind: int) -> None:
        if fault := self.fault:
            raise fault
        if self.kind != kind:
            raise LostError(f"packet of type {self.kind} instead of {kind}")


class Wire:
    """Asks and hears; every answer must be there within the time limit.

    Attributes:
        extensions: What the server offers besides, with its version.
    """

    def __init__(self, channel: Channel, timeout: float) -> None:
        self._channel = channel
        self._timeout = timeout
        self._buffer = bytearray()
        self._number = 0
        self.extensions = self._greet()

    def ask(self, requests: Iterable[Request]) -> list[Answer]:
        """Send requests without waiting in between, and return their answers in the same order.

        Raises:
            LostError: At least one answer is missing.
        """
        answers: dict[int, Answer] = {}
        numbers: list[int] = []
        # Small requests share a packet of the connection: enciphering each alone takes longer than all else.
        together = bytearray()
        for kind, body in requests:
            self._number = (self._number + 1) & 0xFFFFFFFF
            numbers.append(self._number)
            together += struct.pack(">IBI", len(body) + 5, kind, self._number) + body
            full = len(numbers) - len(answers) >= _UNANSWERED
            if full or len(together) >= CHUNK:
                self._send(bytes(together))
                together.clear()
            while full and len(numbers) - len(answers) > _UNANSWERED // 2:
                self._hear(answers, numbers[0])
        if together:
            self._send(bytes(together))
        while len(answers) < len(numbers):
            self._hear(answers, numbers[0])
        return [answers[number] for number in numbers]

    def one(self, kind: int, *parts: bytes) -> Answer:
        """Send one request of texts and return its answer."""
        return self.ask([(kind, b"".join(map(text, parts)))])[0]

    def _greet(self) -> Mapping[bytes, bytes]:
        self._send(struct.pack(">IBI", 5, INIT, 3))
        packet = self._packet()
        found: dict[bytes, bytes] = {}
        if packet[0] != _VERSION:
            raise LostError("this is no SFTP")
        position = 5
        while position < len(packet):
            name, position = _text(packet, position)
            found[name], position = _text(packet, position)
        return found

    def _hear(self, answers: dict[int, Answer], oldest: int) -> None:
        packet = self._packet()
        # Type and number, and of every answer a code, a count, flags or a length.
        if len(packet) < 9:
            raise LostError("a packet is too short")
        kind, number = struct.unpack_from(">BI", packet)
        # What a question that was broken off would have been told is of no interest any more.
        if (number - oldest) & 0xFFFFFFFF <= (self._number - oldest) & 0xFFFFFFFF:
            answers[number] = Answer(kind, packet[5:])

    def _send(self, data: bytes) -> None:
        try:
            self._channel.settimeout(self._timeout)
            self._channel.sendall(data)
        except (OSError, EOFError, SSHException) as fault:
            raise LostError(_said(fault)) from fault

    def _packet(self) -> bytes:
        end = monotonic() + self._timeout
        (length,) = struct.unpack(">I", self._take(4, end))
        if not 0 < length <= _LONGEST:
            raise LostError(f"a packet of {length} bytes")
        return self._take(length, end)

    def _take(self, length: int, end: float) -> bytes:
        while len(self._buffer) < length:
            try:
                # Not longer than until the end, however slowly the bytes drip.
                self._channel.settimeout(max(end - monotonic(), 0.001))
                came = self._channel.recv(4 * CHUNK)
            except (OSError, EOFError, SSHException) as fault:
                raise LostError(_said(fault)) from fault
            if not came:
                raise LostError("the server has ended it")
            self._buffer += came
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


def text(value: bytes) -> bytes:
    """Return bytes as the protocol writes them, after their length."""
    return struct.pack(">I", len(value)) + value


def _text(data: bytes, position: int) -> tuple[bytes, int]:
    try:
        (length,) = struct.unpack_from(">I", data, position)
    except struct.error as fault:
        raise LostError("a packet is too short") from fault
    end = position + 4 + length
    if end > len(data):
        raise LostError("a packet is too short")
    return data[position + 4 : end], end


def _signature(data: bytes, position: int) -> tuple[Signature, int]:
    """Read a file's attributes; what the server leaves out is nought, and nought is no ordinary file."""
    size = mode = mtime = 0
    try:
        (flags,) = struct.unpack_from(">I", data, position)
        position += 4
        if flags & 1:
            (size,) = struct.unpack_from(">Q", data, position)
            position += 8
        if flags & 2:
            position += 8
        if flags & 4:
            (mode,) = struct.unpack_from(">I", data, position)
            position += 4
        if flags & 8:
            _, mtime = struct.unpack_from(">II", data, position)
            position += 8
        if flags & 0x80000000:
            (count,) = struct.unpack_from(">I", data, position)
            position += 4
            for _ in range(2 * count):
                _, position = _text(data, position)
    except struct.error as fault:
        raise LostError("a packet is too short") from fault
    if not flags & 1 and mode & S_IFREG:
        raise LostError("the server tells no sizes")
    return Signature(size, mtime * 1_000_000_000, 0, mode), position


def _said(fault: Exception) -> str:
    if isinstance(fault, TimeoutError):
        return "no answer within the time limit"
    return str(fault) or type(fault).__name__
