"""A folder of an SFTP server as an inbox: a listing is the truth, a rename there is the claim (ER-05)."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic

from gateway.channels.base import Arrival, Outcome, Refusal, shown, unfinished
from gateway.channels.markers import Markers
from gateway.channels.sftp_claims import SftpClaims
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_session import Copy, SftpSession
from gateway.channels.sftp_wire import LostError
from gateway.channels.stillness import Looks, Signature
from gateway.errors import RetryError, Violation
from gateway.xmlio import MAX_BYTES


@dataclass(frozen=True, slots=True)
class SftpIntake:
    """Where to look, how often, and what counts as finished and as too much.

    Attributes:
        folder: The folder on the server, absolute or relative to where the login leads.
        owner: This installation, the same after every restart; no other one has it.
        still_seconds: How long size and time must stay the same by our clock; two looks at least.
        done_marker: What the name of a companion ends with that alone calls a file finished, or nothing.
        poll_seconds: How long after a look in which nothing was found the next one follows.
        limit_bytes: A longer file is put into quarantine without being read; no more is read at once.
    """

    folder: str
    owner: str
    still_seconds: float = 2.0
    done_marker: str = ""
    poll_seconds: float = 5.0
    limit_bytes: int = MAX_BYTES


class SftpInbox:
    """Files that others put onto a server; settled ones lie there in `.done/` and `.quarantine/`.

    One installation reads a folder. A second one takes nothing out of the first one's hands, and a
    file goes to one of them only; see `SftpClaims`.
    """

    def __init__(self, link: SftpLink, intake: SftpIntake, *, clock: Callable[[], float] = monotonic) -> None:
        self._link = link
        self._intake = intake
        self._folder = intake.folder.rstrip("/") or "/"
        self._shown = f"sftp:{link.access.server}:{intake.folder}"
        self._clock = clock
        self._looks = Looks(intake.still_seconds, clock)
        self._markers = Markers(intake.done_marker, clock)
        self._next_look = clock()
        # Whether companions may lie there of what was claimed over a connection that was lost.
        self._recovered = True
        self._claims = SftpClaims(self._folder, intake.owner)
        # What each claimed file looked like when it was last seen: a writer may still have it open.
        self._last: dict[str, Signature] = {}
        self._ready: deque[tuple[str, Signature]] = deque()
        self._stored: set[str] = set()
        self._refusals: dict[str, Refusal] = {}

    def receive(self, limit: int) -> list[Arrival]:
        """Claim and read finished files, oldest first; what was not settled comes again (ER-05).

        Raises:
            RetryError: `channels.folder-absent`, `channels.folder-unusable`, or what is wrong with the
                connection.
        """
        with self._session() as session:
            self._refusals.clear()
            if not self._ready and self._clock() >= self._next_look:
                self._ready.extend(self._finished(session))
            waiting = [delivery for delivery in self._claims.held if delivery not in self._stored]
            files = [self._ready.popleft() for _ in range(min(limit - len(waiting), len(self._ready)))]
            if files:
                self._claim(session, files)
                waiting = [delivery for delivery in self._claims.held if delivery not in self._stored]
            return self._read(session, waiting[:limit])

    def stored(self, deliveries: Iterable[Arrival | Refusal]) -> None:
        """Note that these are committed, and need not come again from this instance."""
        self._stored.update(each.delivery for each in deliveries)

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None = None) -> None:
        """Move a file to `.done/`, or to `.quarantine/` with `<name>.reason.json` (ER-05).

        Raises:
            RetryError: `channels.not-settled`, or the connection is away; the file stays in hand.
        """
        with self._session() as session:
            if delivery not in self._claims.held:
                return
            name = self._claims.held[delivery].name
            try:
                self._claims.settle(session, delivery, outcome, reason)
            except LostError:
                raise
            except OSError as fault:
                raise RetryError("channels.not-settled", name=shown(name), reason=_why(fault)) from fault
            self._last.pop(delivery, None)
            self._refusals.pop(delivery, None)
            self._stored.discard(delivery)

    def refusals(self) -> list[Refusal]:
        """Return what could not be had at the last look; most of it is in hand, to be settled."""
        return [refusal for refusal in self._refusals.values() if refusal.delivery not in self._stored]

    def waiting(self) -> int:
        """Return how many files are there that are not settled; may be asked from any thread.

        Raises:
            RetryError: `channels.folder-absent`, `channels.folder-unusable`, or what is wrong with the
                connection.
        """
        with self._session() as session:
            files = sum(not self._markers.is_marker(name) for name in self._scan(session))
            return files + len(self._claims.held)

    def close(self) -> None:
        """Let go; what is in hand is found again by whoever comes next."""
        self._claims.forget()
        self._stored.clear()
        self._last.clear()
        self._ready.clear()

    def _finished(self, session: SftpSession) -> list[tuple[str, Signature]]:
        present = self._scan(session)
        if self._intake.done_marker:
            self._clear_markers(session, present)
            found = list(self._markers.finished(present).items())
        else:
            self._looks.keep(present)
            found = [each for each in present.items() if self._looks.still(*each)]
        # What is there but not finished is looked at again as soon as it may be.
        pause = self._intake.poll_seconds
        pause = pause if len(found) == len(present) else min(pause, self._intake.still_seconds)
        self._next_look = self._clock() + pause
        return sorted(found, key=lambda file: (file[1].mtime, file[0]))

    def _scan(self, session: SftpSession) -> dict[str, Signature]:
        return {
            name: signature
            for name, signature in session.listing(self._folder).items()
            if not unfinished(name) and not signature.is_folder
        }

    def _clear_markers(self, session: SftpSession, present: dict[str, Signature]) -> None:
        """Remove the companions of what was claimed when the last connection was lost, as it goes with it."""
        if self._recovered:
            names = {claim.name for claim in self._claims.held.values()} - present.keys()
            left = [marker for name in names if (marker := self._markers.of(name)) in present]
            session.remove([f"{self._folder}/{marker}" for marker in left])
            for marker in left:
                del present[marker]
            self._recovered = False

    def _claim(self, session: SftpSession, files: Sequence[tuple[str, Signature]]) -> None:
        held = set(self._claims.held)
        faults = self._claims.take(session, files)
        for delivery in self._claims.held.keys() - held:
            self._last[delivery] = self._claims.held[delivery].seen
        if self._intake.done_marker:
            names = [self._claims.held[delivery].name for delivery in self._claims.held.keys() - held]
            session.remove([f"{self._folder}/{self._markers.of(name)}" for name in names])
        for name, signature in files:
            if name in faults:
                # Tried again at every look, and told once for ever: as long as it is the same, its
                # delivery is.
                told = f"{name}\0{signature}".encode("utf-8", "surrogateescape")
                self._refuse(
                    name, sha256(told).hexdigest(), "channels.not-claimed", reason=_why(faults[name])
                )

    def _read(self, session: SftpSession, deliveries: Sequence[str]) -> list[Arrival]:
        """Read claimed files; what is refused, or is still changing in our hands, is left out."""
        readable: list[str] = []
        budget = self._intake.limit_bytes
        found = session.look([self._claims.path(delivery) for delivery in deliveries])
        for delivery, seen in zip(deliveries, found, strict=True):
            if self._may_read(session, delivery, seen) and isinstance(seen, Signature):
                budget -= seen.size
                if budget < 0 and readable:
                    break
                readable.append(delivery)
        copies = session.read([self._claims.path(delivery) for delivery in readable])
        arrivals = [self._arrival(delivery, copy) for delivery, copy in zip(readable, copies, strict=True)]
        return [arrival for arrival in arrivals if arrival is not None]

    def _may_read(self, session: SftpSession, delivery: str, seen: Signature | OSError) -> bool:
        name, limit = self._claims.held[delivery].name, self._intake.limit_bytes
        if isinstance(seen, OSError):
            if seen.errno == errno.ENOENT:
                # Someone cleared our folder before the bytes were stored; there is nothing to receive.
                self._claims.drop(session, delivery)
            else:
                self._refuse(name, delivery, "channels.unreadable", reason=_why(seen))
            return False
        if self._markers.is_marker(name):
            self._refuse(name, delivery, "channels.marker-alone", marker=self._intake.done_marker)
            return False
        if not seen.is_file:
            self._refuse(name, delivery, "channels.not-a-file")
            return False
        same = self._last.get(delivery, self._claims.held[delivery].seen) == seen
        self._last[delivery] = seen
        if same and seen.size > limit:
            self._refuse(name, delivery, "channels.too-large", size=seen.size, limit=limit)
        return same and seen.size <= limit

    def _arrival(self, delivery: str, copy: Copy | OSError) -> Arrival | None:
        name = self._claims.held[delivery].name
        if isinstance(copy, OSError):
            self._refuse(name, delivery, "channels.unreadable", reason=_why(copy))
            return None
        same = self._last[delivery] == copy.before == copy.after and len(copy.data) == copy.after.size
        self._last[delivery] = copy.after
        return Arrival(shown(name), copy.data, delivery) if same else None

    def _refuse(self, name: str, delivery: str, code: str, **values: object) -> None:
        violation = Violation(code, values={"name": shown(name), **values})
        self._refusals[delivery] = Refusal(shown(name), violation, delivery)

    @contextmanager
    def _session(self) -> Iterator[SftpSession]:
        with self._link.session() as session:
            try:
                self._recovered |= self._claims.prepare(session)
                yield session
            except LostError:
                raise
            except OSError as fault:
                absent = fault.errno == errno.ENOENT and self._absent(session)
                code = "channels.folder-absent" if absent else "channels.folder-unusable"
                raise RetryError(code, folder=self._shown, reason=_why(fault)) from fault

    def _absent(self, session: SftpSession) -> bool:
        (found,) = session.look([self._folder])
        return isinstance(found, OSError)


def _why(fault: OSError) -> str:
    return shown(fault.strerror or type(fault).__name__)
