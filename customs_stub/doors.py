"""The ways into and out of the office: what each door must be able to do, and the folder as a door."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from customs_stub.layers import Layer
from customs_stub.outbox import Outbox
from customs_stub.store import Seen


@dataclass(frozen=True, slots=True)
class Parcel:
    """A submission as it came in at a door.

    Attributes:
        name: The name under which it came.
        data: All its bytes.
        seen: What the office remembers of it in the transaction that takes it; None where the door itself
            never shows again what was taken.
    """

    name: str
    data: bytes = field(repr=False)
    seen: Seen | None = None


class Door(Protocol):
    """One way to the office and back; used by one thread.

    What `take` shows comes again until `taken` is called for it, which is after the commit: the office knows
    a message that comes twice. What leaves is first prepared, then committed as leaving, then put; a process
    may die in between, so that `put` may be called again for what was put already.
    """

    @property
    def name(self) -> str:
        """What this door is called in the settings and in the office's memory."""

    @property
    def layers(self) -> Sequence[Layer]:
        """What stands between the enterprises and the office at this door, the outermost first."""

    @property
    def folder(self) -> Path | None:
        """Where a receipt can be seen growing, for trials; None where answers are always whole."""

    def take(self) -> list[Parcel]:
        """Return submissions that were not taken yet, oldest first, at most a batch."""

    def taken(self, parcel: Parcel) -> None:
        """Note that this is committed."""

    def refused(self, parcel: Parcel) -> None:
        """Note that this went no further than the door, and that its answer is committed."""

    def prepare(self, name: str, data: bytes) -> None:
        """Make ready what is to be put, where nobody sees it yet."""

    def discard(self, name: str) -> None:
        """Throw away what was prepared and is not to be put."""

    def put(self, answers: Sequence[tuple[str, bytes]]) -> None:
        """Let out what was prepared: name and bytes; what was let out before a death may go once more."""

    def close(self) -> None:
        """Let go."""


class FolderDoor:
    """A folder for submissions, in which nothing is altered, and one for answers."""

    def __init__(
        self, name: str, outbox: Path, answers: Path, layers: Sequence[Layer], seen: set[Seen]
    ) -> None:
        for each in (outbox, answers):
            each.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.layers = layers
        self.folder: Path | None = answers
        self._outbox = outbox
        self._answers = answers
        self._looks = Outbox(outbox, seen)

    def take(self) -> list[Parcel]:
        """Return new files of the outbox."""
        found = []
        for file in self._looks.look():
            try:
                found.append(Parcel(file.name, (self._outbox / file.name).read_bytes(), file))
            except FileNotFoundError:
                continue  # moved on by its owner between the look and the reading
        return found

    def taken(self, parcel: Parcel) -> None:
        """Remember a file, so that it is not returned again; it stays where it lies."""
        if parcel.seen is not None:
            self._looks.taken(parcel.seen)

    def refused(self, parcel: Parcel) -> None:
        """Remember a file; it stays where it lies."""
        self.taken(parcel)

    def prepare(self, name: str, data: bytes) -> None:
        """Write under a temporary name, and flush."""
        with self._temporary(name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())

    def discard(self, name: str) -> None:
        """Remove the temporary file."""
        self._temporary(name).unlink()

    def put(self, answers: Sequence[tuple[str, bytes]]) -> None:
        """Rename the temporary files."""
        for name, _ in answers:
            temporary = self._temporary(name)
            # Absent, it was renamed before the process died, and whoever reads the folder may have it.
            if temporary.exists():
                temporary.replace(self._answers / name)
        handle = os.open(self._answers, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def close(self) -> None:
        """Let go of nothing."""

    def _temporary(self, name: str) -> Path:
        return self._answers / f".{name}.tmp"
