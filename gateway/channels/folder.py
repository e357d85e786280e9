"""The folder as an inbox: a scan is the truth, a rename is the claim, events only make it faster (ER-05)."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from stat import S_ISREG
from time import monotonic

from gateway.channels.base import Arrival, Outcome, Refusal, shown, unfinished
from gateway.channels.claims import Claims
from gateway.channels.markers import Markers
from gateway.channels.stillness import Looks, Signature, open_for_writing
from gateway.channels.waker import Watch
from gateway.errors import RejectedError, RetryError, Violation, refuse
from gateway.xmlio import MAX_BYTES

# Never follow a link out of the folder, never wait for the other end of a pipe.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Intake:
    """What counts as finished, and as too much.

    Attributes:
        still_seconds: How long size, time and inode must stay the same; two looks at least.
        limit_bytes: A longer file is put into quarantine without being read; no more is read at once.
        done_marker: If given, a file is finished when its companion `<name><marker>` lies beside it, and
            not before, however still it stands.
        alone: The folder may lie on another machine, where the system's locks and leases cannot be had or
            mean nothing; nobody else reads it.
    """

    still_seconds: float = 0.5
    limit_bytes: int = MAX_BYTES
    done_marker: str = ""
    alone: bool = False


class FolderInbox:
    """Files that others put into a folder; settled ones lie in its `.done/` and `.quarantine/`.

    Several gateways may share a folder; each instance of this class has one consumer at a time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        intake: Intake = Intake(),
        watch: Watch | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._folder = folder
        self._intake = intake
        self._watch = watch
        self._looks = Looks(intake.still_seconds, clock)
        self._markers = Markers(intake.done_marker, clock)
        self._claims = Claims(folder, alone=intake.alone)
        # What each claimed file looked like when it was last seen: a writer may still have it open.
        self._last: dict[str, Signature] = {}
        self._ready: deque[tuple[str, Signature]] = deque()
        self._stored: set[str] = set()
        self._refusals: dict[str, Refusal] = {}

    def receive(self, limit: int) -> list[Arrival]:
        """Claim and read finished files, oldest first; what was not settled comes again (ER-05).

        Raises:
            RetryError: `channels.folder-absent` or `channels.folder-unusable`.
        """
        with self._usable():
            if self._watch is not None:
                self._watch.renew()
            self._prepare()
            self._refusals.clear()
            deliveries = [delivery for delivery in self._claims.held if delivery not in self._stored]
            # One scan serves many calls; a file that cannot be claimed is not scanned for twice in one.
            if not self._ready:
                self._ready.extend(self._finished())
            while self._ready and len(deliveries) < limit:
                if delivery := self._claim(*self._ready.popleft()):
                    deliveries.append(delivery)
            return list(self._read_some(deliveries[:limit]))

    def stored(self, deliveries: Iterable[Arrival | Refusal]) -> None:
        """Note that these are committed, and need not come again from this instance."""
        self._stored.update(each.delivery for each in deliveries)

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None = None) -> None:
        """Move a file to `.done/`, or to `.quarantine/` with `<name>.reason.json` (ER-05).

        Raises:
            RetryError: `channels.not-settled`; the file stays in hand.
        """
        name = self._claims.held.get(delivery)
        if name is None:
            return
        try:
            self._claims.settle(delivery, outcome, reason)
        except OSError as fault:
            raise RetryError("channels.not-settled", name=shown(name), reason=fault.strerror) from fault
        self._last.pop(delivery, None)
        self._refusals.pop(delivery, None)
        self._stored.discard(delivery)

    def refusals(self) -> list[Refusal]:
        """Return what could not be had at the last look; most of it is in hand, to be settled."""
        return [refusal for refusal in self._refusals.values() if refusal.delivery not in self._stored]

    def waiting(self) -> int:
        """Return how many files are there that are not settled; may be asked from any thread.

        Raises:
            RetryError: `channels.folder-absent` or `channels.folder-unusable`.
        """
        with self._usable():
            # In this order: what is claimed meanwhile is counted twice rather than not at all.
            files = sum(not self._markers.is_marker(name) for name in self._scan())
            return files + len(self._claims.held)

    def close(self) -> None:
        """Let go of the folder."""
        self._claims.close()
        self._stored.clear()
        self._last.clear()
        self._ready.clear()

    def _prepare(self) -> None:
        """Take over what dead owners left; one may have died between taking a file and its marker."""
        held = set(self._claims.held)
        self._claims.prepare()
        for delivery, name in self._claims.held.items():
            if delivery not in held and not os.path.lexists(self._folder / name):
                self._drop_marker(name)

    def _drop_marker(self, name: str) -> None:
        """Take a marker away with its file; one that stays all the same is told when it stands alone."""
        if self._intake.done_marker:
            with suppress(OSError):
                (self._folder / self._markers.of(name)).unlink()

    def _claim(self, name: str, signature: Signature) -> str | None:
        try:
            delivery = self._claims.take(name)
        except OSError as fault:
            # One file that others protect must not keep the rest out; it is tried again at every look,
            # and told once for ever: as long as it is the same, its delivery is.
            told = f"{name}\0{signature}".encode("utf-8", "surrogateescape")
            refused = refuse("channels.not-claimed", name=shown(name), reason=fault.strerror)
            self._refuse(name, refused.violations[0], sha256(told).hexdigest())
            return None
        if delivery is not None:
            self._last[delivery] = signature
            self._drop_marker(name)
        return delivery

    def _finished(self) -> list[tuple[str, Signature]]:
        renamed = {} if self._watch is None else self._watch.renamed()
        present = self._scan()
        if self._intake.done_marker:
            called = self._markers.finished(present)
        else:
            self._looks.finished(renamed)
            self._looks.keep(present)
            called = {name: seen for name, seen in present.items() if self._looks.still(name, seen)}
        found = []
        for name, signature in called.items():
            if signature.is_file and self._being_written(name):
                self._looks.restart(name)
            else:
                found.append((name, signature))
        return sorted(found, key=lambda file: (file[1].mtime, file[0]))

    def _scan(self) -> dict[str, Signature]:
        present = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if unfinished(entry.name):
                    continue
                try:
                    signature = Signature.of(entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue
                if not signature.is_folder:
                    present[entry.name] = signature
        return present

    def _being_written(self, name: str) -> bool:
        try:
            handle = os.open(f"{self._folder}/{name}", _OPEN)
        except OSError:
            # Gone, or not to be opened: the claim and the reading tell.
            return False
        try:
            return self._has_writer(handle)
        finally:
            os.close(handle)

    def _read_some(self, deliveries: Iterable[str]) -> Iterator[Arrival]:
        """Read claimed files, no more than a batch may hold in memory; the rest stays in hand."""
        read = 0
        for delivery in deliveries:
            seen, limit = self._last.get(delivery), self._intake.limit_bytes
            # What is too large by itself is not read.
            if seen and limit - read < seen.size <= limit:
                return
            if arrival := self._read(delivery):
                read += len(arrival.data)
                yield arrival

    def _has_writer(self, handle: int) -> bool:
        # A network mount refuses leases on files that nobody writes; standing still must do there.
        return not self._intake.alone and open_for_writing(handle)

    def _read(self, delivery: str) -> Arrival | None:
        """Read a claimed file; None when it is refused, or is still changing in our hands."""
        name = self._claims.held[delivery]
        if self._markers.is_marker(name):
            alone = refuse("channels.marker-alone", name=shown(name), marker=self._intake.done_marker)
            self._refuse(name, alone.violations[0], delivery)
            return None
        try:
            data = self._bytes_of(delivery)
        except FileNotFoundError:
            # Someone cleared our folder before the bytes were stored; there is nothing to receive.
            self._claims.settle(delivery, "done", None)
            return None
        except RejectedError as fault:
            self._refuse(name, fault.violations[0], delivery)
            return None
        return None if data is None else Arrival(shown(name), data, delivery)

    def _refuse(self, name: str, violation: Violation, delivery: str) -> None:
        self._refusals[delivery] = Refusal(shown(name), violation, delivery)

    def _bytes_of(self, delivery: str) -> bytes | None:
        path = self._claims.path(delivery)
        name = shown(self._claims.held[delivery])
        if not S_ISREG(os.lstat(path).st_mode):
            raise refuse("channels.not-a-file", name=name)
        try:
            with os.fdopen(os.open(path, _OPEN), "rb") as file:
                return self._bytes_of_open(delivery, file)
        except OSError as fault:
            raise refuse("channels.unreadable", name=name, reason=fault.strerror) from fault

    def _bytes_of_open(self, delivery: str, file: BufferedReader) -> bytes | None:
        handle = file.fileno()
        before = Signature.of(os.fstat(handle))
        changed = self._last.get(delivery, before) != before
        self._last[delivery] = before
        if changed or self._has_writer(handle):
            return None
        limit = self._intake.limit_bytes
        if before.size > limit:
            name = shown(self._claims.held[delivery])
            raise refuse("channels.too-large", name=name, size=before.size, limit=limit)
        data = file.read(limit + 1)
        self._last[delivery] = Signature.of(os.fstat(handle))
        return data if self._last[delivery] == before else None

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as fault:
            if self._folder.is_dir():
                reason = f"{fault.strerror}: {fault.filename}"
                raise RetryError("channels.folder-unusable", folder=self._folder, reason=reason) from fault
            raise RetryError("channels.folder-absent", folder=self._folder) from fault
        except OSError as fault:
            reason = f"{fault.strerror}: {fault.filename}"
            raise RetryError("channels.folder-unusable", folder=self._folder, reason=reason) from fault
