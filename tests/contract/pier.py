"""A folder on an SFTP server with an inbox before it: its clock stands until the test moves it."""

from __future__ import annotations

from pathlib import Path

from gateway.channels import reason_of
from gateway.channels.sftp_connecting import SftpAccess
from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from gateway.errors import RetryError
from tests.contract.desk import Ticks
from tests.services.sshd import Sshd

OWNER = "0" * 32


class Pier:
    """An inbox and an outbox on a server, and what a test asks of them."""

    def __init__(
        self, server: Sshd, folder: Path, access: SftpAccess | None = None, **intake: object
    ) -> None:
        self.folder = folder / "served"
        self.folder.mkdir(exist_ok=True)
        self.ticks = Ticks()
        self.access = access or server.access(folder)
        self.link = SftpLink(self.access, pause=1.0, clock=self.ticks)
        self.intake = SftpIntake(str(self.folder), OWNER, **{"still_seconds": 2.0, **intake})
        self.inbox = self.successor(self.link)
        self.outbox = SftpOutbox(self.link, str(self.folder))

    def successor(self, link: SftpLink) -> SftpInbox:
        """Return the inbox of the process that comes after."""
        return SftpInbox(link, self.intake, clock=self.ticks)

    def put(self, name: str, data: bytes) -> None:
        """Put a file onto the server, not over the connection."""
        (self.folder / name).write_bytes(data)

    def look(self, limit: int = 10_000) -> dict[str, bytes]:
        """Receive now."""
        return {arrival.name: arrival.data for arrival in self.inbox.receive(limit)}

    def finished(self, limit: int = 10_000) -> dict[str, bytes]:
        """Look twice, long enough apart."""
        self.ticks.now += 60
        self.look(0)
        self.ticks.now += 2
        return self.look(limit)

    def put_away(self) -> dict[str, bytes]:
        """Store and settle everything that can be received."""
        self.finished(0)
        arrivals = self.inbox.receive(10_000)
        self.inbox.stored(arrivals)
        for arrival in arrivals:
            self.inbox.settle(arrival.delivery, "done")
        return {arrival.name: arrival.data for arrival in arrivals}

    def refused(self) -> dict[str, str]:
        """Put away what could not be had, as the gateway does, and return the code of each."""
        refusals = self.inbox.refusals()
        self.inbox.stored(refusals)
        for refusal in refusals:
            reason = reason_of(refusal.name, refusal.violation)
            self.inbox.settle(refusal.delivery, "quarantined", reason)
        return {refusal.name: refusal.violation.code for refusal in refusals}

    def fault(self) -> str:
        """Return what stands in the way of receiving."""
        try:
            self.inbox.receive(1)
        except RetryError as fault:
            return fault.code
        return ""

    def names_in(self, place: str) -> list[str]:
        """List a folder of the inbox."""
        folder = self.folder / place
        return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []

    def claimed(self) -> list[str]:
        """List what lies in anybody's hands."""
        return sorted(file.name for file in self.folder.glob(".claimed/*/*/*"))
