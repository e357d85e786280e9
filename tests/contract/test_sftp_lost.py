"""An SFTP connection that is lost in the middle of each operation: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from gateway.channels.sftp_wire import INIT, LostError, Wire
from gateway.errors import RetryError, UnsentError
from tests.contract.pier import Pier
from tests.services.sshd import sshd

FILES = {"a.csv": b"1", "b.csv": b"22" * 20_000, "bad.csv": b"?"}
SENT = {"x.xml": b"<x/>", "y.xml": b"<y/>" * 20_000, "z.xml": b""}
REASON = {"why": "it is bad"}


class Shears:
    """Cuts the connection at one request, before the server has it or after it has answered."""

    def __init__(self) -> None:
        self.requests = 0
        self.at = 0
        self.after = False

    def send(self, wire: Wire, data: bytes) -> None:
        """Send requests, up to the one if it is among them."""
        position, last = 0, 0
        while position < len(data):
            (length,) = struct.unpack_from(">I", data, position)
            counts = data[position + 4] != INIT
            self.requests += counts
            if counts and self.requests == self.at:
                end = position + 4 + length if self.after else position
                self.cut(wire, data[:end], position if self.after else last)
            last, position = position, position + 4 + length
        _send(wire, data)

    def cut(self, wire: Wire, data: bytes, last: int) -> None:
        """Let the server do this much, and hear of nothing."""
        if data:
            _send(wire, data)
            while wire._packet()[1:5] != data[last + 5 : last + 9]:
                pass
        wire._channel.get_transport().close()
        raise LostError("cut")


_send = Wire._send


@pytest.fixture
def shears(monkeypatch: pytest.MonkeyPatch) -> Shears:
    """In the hand of the test."""
    made = Shears()

    def send(wire: Wire, data: bytes) -> None:
        made.send(wire, data)

    monkeypatch.setattr(Wire, "_send", send)
    return made


@contextmanager
def connected(options: str, folder: Path) -> Iterator[SftpLink]:
    """Connect for all rounds: only where it was cut, it is made anew."""
    link = Pier(sshd(options), folder).link
    yield link
    link.close()


def day(pier: Pier, outbox: SftpOutbox) -> dict[str, tuple[str, bytes]]:
    """Receive, store, put away and send, as the gateway does; return what was stored by its delivery."""
    stored: dict[str, tuple[str, bytes]] = {}
    unsent, settled, faults = dict(SENT), set(), set()
    doubted: set[str] = set()
    for _ in range(30):
        pier.ticks.now += 60
        try:
            pier.look(0)
            pier.ticks.now += 2
            arrivals = pier.inbox.receive(10)
            stored |= {arrival.delivery: (arrival.name, arrival.data) for arrival in arrivals}
            pier.inbox.stored(arrivals)
            for delivery in stored.keys() - settled:
                bad = stored[delivery][0] == "bad.csv"
                pier.inbox.settle(delivery, "quarantined" if bad else "done", REASON if bad else None)
                settled.add(delivery)
        except RetryError as fault:
            faults.add(fault.code)
        unsaid = outbox.send_many(list(unsent.items()))
        faults |= {fault.code for fault in unsaid.values()}
        # What is said to have certainly not arrived is not there.
        doubted |= {name for name, fault in unsaid.items() if not isinstance(fault, UnsentError)}
        assert not [name for name in unsaid.keys() - doubted if Path(outbox._folder, name).exists()]
        unsent = {name: data for name, data in unsent.items() if name in unsaid}
        if not unsent and len(settled) == len(FILES):
            break
    assert faults <= {"channels.sftp-lost"}
    return stored


def play(link: SftpLink, folder: Path) -> None:
    """Let a day pass in a folder of its own, and compare what is there in the end."""
    folder.mkdir()
    pier = Pier(sshd(), folder, link.access)
    link._clock, pier.link = pier.ticks, link
    pier.inbox = pier.successor(link)
    back = folder / "back"
    back.mkdir()
    for name, data in FILES.items():
        pier.put(name, data)
    stored = day(pier, SftpOutbox(link, str(back)))
    assert sorted(stored.values()) == sorted(FILES.items())
    assert {file.name: file.read_bytes() for file in back.iterdir()} == SENT
    assert pier.names_in(".") == [".claimed", ".done", ".quarantine"]
    assert pier.names_in(".done") == ["a.csv", "b.csv"]
    assert pier.names_in(".quarantine") == ["bad.csv", "bad.csv.reason.json"]
    assert json.loads((pier.folder / ".quarantine/bad.csv.reason.json").read_bytes()) == REASON
    assert pier.claimed() == []


@pytest.mark.requirement("ER-05", "CU-05")
@pytest.mark.parametrize(
    ("options", "after", "every"),
    # Answered and unheard is the harder half; the rest is tried here and there.
    [("", True, 1), ("", False, 3), ("-P posix-rename", True, 3), ("-P posix-rename", False, 7)],
)
def test_cut_at_any_request_nothing_is_lost_and_nothing_comes_twice(
    shears: Shears, tmp_path: Path, options: str, after: bool, every: int
) -> None:
    """Each request of a day in turn is the connection's last, done or not done by the server."""
    with connected(options, tmp_path) as link:
        play(link, tmp_path / "undisturbed")
        whole = shears.requests
        assert whole > 60
        shears.after = after
        for at in range(1, whole + 1, every):
            shears.requests, shears.at = 0, at
            play(link, tmp_path / str(at))
