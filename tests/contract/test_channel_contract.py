"""What every channel keeps: memory, folders, import client, SFTP and AMQP under the same tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.channels import (
    BOXES,
    FolderInbox,
    FolderOutbox,
    ImportClientInbox,
    ImportClientOutbox,
    Inbox,
    Intake,
    MemoryInbox,
    MemoryOutbox,
    Outbox,
)
from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import prepare
from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from gateway.errors import ParkedError
from tests.services.amqp import Client, access, new_queue, until
from tests.services.rabbitmq import shared
from tests.services.sshd import sshd


@dataclass
class Both:
    """A channel's two ends, how something arrives in it, and what was sent through it.

    Attributes:
        remembers: Whether the place to which we send can tell what was sent there before.
    """

    inbox: Inbox
    outbox: Outbox
    put: Callable[[str, bytes], object]
    sent: Callable[[], dict[str, bytes]]
    remembers: bool = True
    close: Callable[[], object] = lambda: None


def memory(_: Path) -> Both:
    """Make a channel in memory."""
    inbox, outbox = MemoryInbox(), MemoryOutbox()
    return Both(inbox, outbox, inbox.put, lambda: outbox.sent)


def folder(path: Path) -> Both:
    """Make a channel of two folders, in which a file counts as finished at the second look."""
    there, back = path / "in", path / "out"
    there.mkdir()
    back.mkdir()
    inbox = FolderInbox(there, intake=Intake(still_seconds=0))
    looked = inbox.receive

    def look_twice(limit: int) -> list:
        looked(0)
        return looked(limit)

    inbox.receive = look_twice
    return Both(
        inbox,
        FolderOutbox(back),
        lambda name, data: (there / name).write_bytes(data),
        lambda: {file.name: file.read_bytes() for file in back.iterdir()},
    )


def import_client(path: Path) -> Both:
    """Make a channel of the folders of an import client that takes everything at once."""
    for box in BOXES:
        (path / box).mkdir()
    inbox, outbox = ImportClientInbox(path, Intake(still_seconds=0)), ImportClientOutbox(path)
    looked, put = inbox.receive, outbox.send_many

    def look_twice(limit: int) -> list:
        looked(0)
        return looked(limit)

    def put_and_take(files: list[tuple[str, bytes]]) -> dict:
        faults = put(files)
        for file in (path / "OutBox").iterdir():
            file.rename(path / "SentBox" / file.name)
        return faults

    inbox.receive, outbox.send_many = look_twice, put_and_take
    return Both(
        inbox,
        outbox,
        lambda name, data: (path / "InBox" / name).write_bytes(data),
        lambda: {file.name: file.read_bytes() for file in (path / "SentBox").iterdir()},
    )


def sftp(path: Path) -> Both:
    """Make a channel of two folders on a real SFTP server, likewise."""
    there, back = path / "in", path / "out"
    there.mkdir()
    back.mkdir()
    link = SftpLink(sshd().access(path), pause=0)
    inbox = SftpInbox(link, SftpIntake(str(there), "0" * 32, still_seconds=0, poll_seconds=0))
    looked = inbox.receive

    def look_twice(limit: int) -> list:
        looked(0)
        return looked(limit)

    inbox.receive = look_twice
    return Both(
        inbox,
        SftpOutbox(link, str(back)),
        lambda name, data: (there / name).write_bytes(data),
        lambda: {file.name: file.read_bytes() for file in back.iterdir()},
        close=link.close,
    )


def amqp(_: Path) -> Both:
    """Make a channel of two queues; what was put is awaited, because the broker delivers when it likes."""
    broker = shared()
    link, client = AmqpLink(access(broker)), Client(broker)
    there, back = new_queue("in"), new_queue("out")
    for queue in (there, back):
        link.call(prepare(link, queue))
    inbox = AmqpInbox(link, Takeable(there))
    received, settled, expected = inbox.receive, inbox.settle, [0]

    def put(name: str, data: bytes) -> None:
        client.put(there, name, data)
        expected[0] += 1

    def receive_all(limit: int) -> list:
        received(0)
        until(lambda: len(inbox._hand) == expected[0])
        return received(limit)

    def settle(*words: object) -> None:
        before = len(inbox._hand)
        settled(*words)
        expected[0] -= before - len(inbox._hand)

    def close() -> None:
        inbox.close()
        link.close()

    inbox.receive, inbox.settle = receive_all, settle
    return Both(
        inbox,
        AmqpOutbox(link, Published("", back)),
        put,
        lambda: {str(message.headers["filename"]): message.body for message in client.take(back)},
        remembers=False,
        close=close,
    )


CHANNELS = [memory, folder, import_client, sftp, amqp]


@pytest.fixture(params=CHANNELS, ids=[make.__name__ for make in CHANNELS])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Both]:
    """Each channel in turn."""
    made = request.param(tmp_path)
    yield made
    made.close()


def test_what_arrives_is_received_with_name_and_bytes(both: Both) -> None:
    """Bytes and a name cross, unchanged."""
    both.put("订单.csv", b"\x00\xff\r\n")
    assert [(a.name, a.data) for a in both.inbox.receive(10)] == [("订单.csv", b"\x00\xff\r\n")]


def test_nothing_is_received_from_an_empty_channel(both: Both) -> None:
    """Emptiness is no fault."""
    assert both.inbox.receive(10) == []
    assert both.inbox.waiting() == 0
    assert both.inbox.refusals() == []


@pytest.mark.requirement("ER-05")
def test_what_was_not_stored_is_received_again_as_the_same_delivery(both: Both) -> None:
    """A failed commit loses nothing: the next look brings the same delivery."""
    both.put("a", b"1")
    first = both.inbox.receive(10)
    assert both.inbox.receive(10) == first
    both.inbox.stored(first)
    assert both.inbox.receive(10) == []
    assert both.inbox.waiting() == 1


def test_what_is_settled_is_gone(both: Both) -> None:
    """Settled once, it neither waits nor comes again; settled twice, nothing happens."""
    both.put("a", b"1")
    (arrival,) = both.inbox.receive(10)
    both.inbox.stored([arrival])
    both.inbox.settle(arrival.delivery, "done")
    both.inbox.settle(arrival.delivery, "done")
    both.inbox.settle("nobody", "quarantined", {"why": "unknown"})
    assert both.inbox.waiting() == 0
    assert both.inbox.receive(10) == []


@pytest.mark.requirement("ER-04")
def test_the_same_name_and_bytes_again_are_another_delivery(both: Both) -> None:
    """Only the id of the delivery tells a second sending from a second receiving."""
    both.put("a", b"1")
    (first,) = both.inbox.receive(10)
    both.inbox.stored([first])
    both.inbox.settle(first.delivery, "done")
    both.put("a", b"1")
    (second,) = both.inbox.receive(10)
    assert (second.name, second.data) == (first.name, first.data)
    assert second.delivery != first.delivery


def test_no_more_than_the_limit_is_received_and_the_rest_later(both: Both) -> None:
    """A batch is bounded; everything comes, once."""
    for number in range(5):
        both.put(f"{number}", b"%d" % number)
    names = []
    while batch := both.inbox.receive(2):
        assert len(batch) <= 2
        both.inbox.stored(batch)
        names += [arrival.name for arrival in batch]
    assert sorted(names) == ["0", "1", "2", "3", "4"]
    assert both.inbox.waiting() == 5


def test_letting_go_and_coming_back_brings_what_was_not_settled(both: Both) -> None:
    """Stored but not settled is received once more after a restart."""
    both.put("a", b"1")
    (arrival,) = both.inbox.receive(10)
    both.inbox.stored([arrival])
    both.inbox.close()
    assert both.inbox.receive(10) == [arrival]


def test_what_is_sent_is_there(both: Both) -> None:
    """Name and bytes arrive unchanged."""
    both.outbox.send("订单-1.xml", b"<a/>")
    assert both.outbox.send_many([("b.xml", b""), ("c.xml", b"\xff")]) == {}
    assert both.sent() == {"订单-1.xml": b"<a/>", "b.xml": b"", "c.xml": b"\xff"}


@pytest.mark.requirement("CU-05")
def test_a_resend_is_the_same_bytes_or_refused(both: Both) -> None:
    """The same may be sent any number of times; other bytes never take its place."""
    both.outbox.send("a.xml", b"1")
    both.outbox.send("a.xml", b"1")
    if not both.remembers:
        # A broker forgets what was taken: who takes it knows it by its name, which is the message's id.
        assert both.sent() == {"a.xml": b"1"}
        return
    with pytest.raises(ParkedError, match=r"channels\.name-taken"):
        both.outbox.send("a.xml", b"2")
    assert both.sent() == {"a.xml": b"1"}


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../a", "a/b", "a\\b", "/etc/passwd", ".hidden", "a.tmp", "a.Temp"),
        *("a\nb", "a\x00", "\u202ea", "x" * 201, "\udcff"),
    ],
)
def test_nothing_leaves_under_an_unsafe_name(both: Both, name: str) -> None:
    """No name leads out of the folder, hides, looks unfinished, or forges a line."""
    with pytest.raises(ParkedError, match=r"channels\.name-unsafe"):
        both.outbox.send(name, b"1")
    assert both.sent() == {}


def test_one_bad_name_keeps_no_other_back(both: Both) -> None:
    """Each message of a batch has its own outcome."""
    faults = both.outbox.send_many([("a.xml", b"1"), ("../b.xml", b"2"), ("c.xml", b"3")])
    assert {name: fault.code for name, fault in faults.items()} == {"../b.xml": "channels.name-unsafe"}
    assert both.sent() == {"a.xml": b"1", "c.xml": b"3"}
