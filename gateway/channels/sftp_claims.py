"""The files in hand on an SFTP server: claimed by a rename into a folder that only this gateway touches."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from gateway.channels.base import Outcome
from gateway.channels.claims import CLAIMED
from gateway.channels.putting import REASON, named
from gateway.channels.sftp_session import SftpSession
from gateway.channels.stillness import Signature

PLACES: dict[Outcome, str] = {"done": ".done", "quarantined": ".quarantine"}


@dataclass(frozen=True, slots=True)
class Claim:
    """One file in hand.

    Attributes:
        batch: The folder of the files that were claimed with it.
        name: The name under which it came.
        seen: How it looked when it was last seen.
    """

    batch: str
    name: str
    seen: Signature


class SftpClaims:
    """`.claimed/<owner>/<batch>/<name>`, where the owner is this installation, for as long as it lives.

    There are no locks over SFTP. So nobody takes over from another owner: what lies there under our
    own name was left by our predecessor, or by ourselves before the connection was lost. A batch's
    name is never used twice, so batch and name together are the delivery, the same for ever.

    Attributes:
        held: What is in hand by its delivery, oldest first.
    """

    def __init__(self, inbox: str, owner: str) -> None:
        self._inbox = inbox
        self._root = f"{inbox}/{CLAIMED}"
        self._folder = f"{self._root}/{owner}"
        self._session = -1
        # The places that are known to be there.
        self._made: set[str] = set()
        self.held: dict[str, Claim] = {}

    def prepare(self, session: SftpSession) -> bool:
        """Find, once in each session, what is in hand: nobody knows what the last one still did.

        Raises:
            OSError: Our folder cannot be made or read.
        """
        if session.number == self._session:
            return False
        for folder in (self._root, self._folder):
            session.make_folder(folder)
        found: dict[str, Claim] = {}
        for batch, status in session.listing(self._folder).items():
            if status.is_folder:
                files = session.listing(f"{self._folder}/{batch}")
                found |= {_delivery(batch, name): Claim(batch, name, seen) for name, seen in files.items()}
                if not files:
                    session.remove_folder(f"{self._folder}/{batch}")
        self.held = dict(sorted(found.items(), key=lambda each: (each[1].seen.mtime, each[1].name)))
        self._made.clear()
        self._session = session.number
        return True

    def forget(self) -> None:
        """Look anew at the next preparation."""
        self._session = -1
        self.held = {}

    def take(self, session: SftpSession, files: Sequence[tuple[str, Signature]]) -> dict[str, OSError]:
        """Claim files of the inbox; return by name what could not be claimed and is not gone.

        Raises:
            OSError: Our folder cannot be written.
        """
        batch = uuid4().hex
        place = f"{self._folder}/{batch}"
        session.make_folder(place)
        faults = session.claim([(f"{self._inbox}/{name}", f"{place}/{name}") for name, _ in files])
        for (name, seen), fault in zip(files, faults, strict=True):
            if fault is None:
                self.held[_delivery(batch, name)] = Claim(batch, name, seen)
        if all(faults):
            session.remove_folder(place)
        found = zip(files, faults, strict=True)
        return {name: fault for (name, _), fault in found if fault and fault.errno != errno.ENOENT}

    def path(self, delivery: str) -> str:
        """Return where a claimed file lies."""
        claim = self.held[delivery]
        return f"{self._folder}/{claim.batch}/{claim.name}"

    def drop(self, session: SftpSession, delivery: str) -> None:
        """Forget a file that is no longer in our folder, and the folder with the last one."""
        batch = self.held.pop(delivery).batch
        if all(claim.batch != batch for claim in self.held.values()):
            session.remove_folder(f"{self._folder}/{batch}")

    def settle(
        self, session: SftpSession, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None
    ) -> None:
        """Move a file out of hand; nothing that lies there is overwritten.

        Each step may be the connection's last: done again over the next one, it ends with one file and
        one reason.

        Raises:
            OSError: It could not be moved; it stays in hand.
        """
        place = f"{self._inbox}/{PLACES[outcome]}"
        name, source = self.held[delivery].name, self.path(delivery)
        # The mark is the delivery's, so that whoever goes on finds the name that was begun with.
        marks = ("", delivery[:8])
        targets = [f"{place}/{named(name, mark, len(REASON) if reason else 0)}" for mark in marks]
        try:
            if place not in self._made:
                session.make_folder(place)
                self._made.add(place)
            if reason is not None and not session.exists(source):
                # Someone cleared our folder: a reason would be about nothing.
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
            if not any(_put(session, source, target, reason) for target in targets):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        except OSError as fault:
            if fault.errno != errno.ENOENT or session.exists(source):
                self._made.clear()
                raise
        self.drop(session, delivery)


def _put(session: SftpSession, source: str, target: str, reason: Mapping[str, object] | None) -> bool:
    """Give a file the target's name, with the reason beside it; False when that name is another's."""
    # First, so that no file ever lies in quarantine unexplained.
    if reason is not None and (session.exists(target) or not _explain(session, target + REASON, reason)):
        return False
    return _moved(session, source, target)


def _explain(session: SftpSession, target: str, reason: Mapping[str, object]) -> bool:
    words = json.dumps(reason, ensure_ascii=False, indent=2, default=str) + "\n"
    data = words.encode("utf-8", "backslashreplace")
    folder, _, name = target.rpartition("/")
    draft = f"{folder}/.{sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.tmp"
    if session.exists(target):
        (found,) = session.read([target])
        return not isinstance(found, OSError) and found.data == data
    (fault,) = session.write([(draft, data)])
    if fault:
        raise fault
    return _moved(session, draft, target)


def _moved(session: SftpSession, source: str, target: str) -> bool:
    (fault,) = session.move([(source, target)])
    if fault is None:
        return True
    if fault.errno == errno.EEXIST:
        return False
    raise fault


def _delivery(batch: str, name: str) -> str:
    return sha256(f"{batch}/{name}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
