"""The receipt log as an outbox: each line is appended once, whatever happens before it is noted."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from gateway.channels.base import Check, always
from gateway.errors import GatewayError, RetryError, UnsentError

# More than a batch of lines: only what was written since the last commit can come again.
_TAIL = 1024 * 1024
# Logs that began with blanks in this place go on.
_LINE = re.compile(rb'^\{"line": ?(\d+),', re.MULTILINE)


class LineLog:
    """A file of JSON objects, one a line, each beginning with its line number.

    A line that was being written when the power failed is cut off and written again as a whole.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        # How long it was after our last batch, and that batch: all that has to be known while it stays so.
        self._end = -1
        self._last: set[bytes] = set()

    def send(self, name: str, data: bytes) -> None:
        """Append one line; `name` is its number.

        Raises:
            RetryError: `channels.not-sent`.
        """
        if fault := self.send_many([(name, data)]).get(name):
            raise fault

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Append the lines that are not there yet, with one flush; return by name what failed."""
        try:
            check()
            self._append(files)
        except UnsentError as fault:
            return {name: fault for name, _ in files}
        except OSError as fault:
            folder = self._file.parent
            refused = RetryError(
                "channels.not-sent", name=self._file.name, folder=folder, reason=fault.strerror
            )
            refused.__cause__ = fault
            return {name: refused for name, _ in files}
        return {}

    def _append(self, files: Sequence[tuple[str, bytes]]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        lines = {name.encode(): data for name, data in files}
        with self._file.open("a+b") as log:
            end = log.seek(0, os.SEEK_END)
            written = self._last if end == self._end else _mended(log, end)
            self._end = -1
            for name, data in lines.items():
                if name not in written:
                    log.write(b'{"line":' + name + b"," + data.removeprefix(b"{"))
            log.flush()
            os.fsync(log.fileno())
            # After a repetition, part of which may come again, it is more than the last batch.
            self._end = -1 if written & lines.keys() else log.tell()
            self._last = set(lines)


def _mended(log: BinaryIO, end: int) -> set[bytes]:
    """Cut off a line that is torn, and return the numbers of the last ones."""
    log.seek(max(0, end - _TAIL))
    tail = log.read()
    whole = tail[: tail.rfind(b"\n") + 1]
    log.truncate(end - len(tail) + len(whole))
    return set(_LINE.findall(whole))
