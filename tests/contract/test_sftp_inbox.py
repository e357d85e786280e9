"""A folder of a real SFTP server as an inbox: what is taken, when, and what becomes of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.channels.sftp_link import SftpLink
from gateway.errors import RetryError
from tests.contract.pier import Pier
from tests.services.sshd import sshd


@pytest.fixture(params=["", "-P posix-rename"], ids=["openssh", "plain"])
def server(request: pytest.FixtureRequest):
    """OpenSSH as it is, and without its own rename."""
    return sshd(request.param)


@pytest.fixture
def pier(server, tmp_path: Path) -> Iterator[Pier]:
    """An empty inbox."""
    made = Pier(server, tmp_path)
    yield made
    made.link.close()


@pytest.mark.requirement("ER-05")
def test_a_file_is_taken_once_it_has_stood_still_by_our_clock(pier: Pier) -> None:
    """A writer that goes on is waited for; times of the server, past or future, say nothing."""
    pier.put("slow.csv", b"1")
    pier.put("old.csv", b"1")
    os.utime(pier.folder / "old.csv", (0, 0))
    assert pier.look() == {}
    pier.put("slow.csv", b"12")
    os.utime(pier.folder / "slow.csv", (2**31, 2**31))
    pier.ticks.now += 2
    assert pier.look() == {"old.csv": b"1"}
    pier.inbox.stored(pier.inbox.receive(10))
    pier.ticks.now += 2
    assert pier.look() == {"slow.csv": b"12"}


def test_what_is_unfinished_hidden_or_a_folder_is_left_alone(pier: Pier) -> None:
    """Names that say unfinished, hidden ones and folders are not looked at and do not wait."""
    for name in (".hidden", "a.tmp", "b.part", "c.Temp"):
        pier.put(name, b"1")
    (pier.folder / "folder").mkdir()
    assert pier.finished() == {}
    assert pier.inbox.waiting() == 0


@pytest.mark.requirement("ER-05")
def test_links_are_never_followed(pier: Pier, tmp_path: Path) -> None:
    """A link to a file, to a folder, outside or to nothing goes to quarantine as a link, with the reason."""
    outside = tmp_path / "secret"
    outside.write_bytes(b"not yours")
    pier.put("real.csv", b"1")
    for name, target in (
        *(("file.csv", "real.csv"), ("outside.csv", outside)),
        *(("folder.csv", tmp_path), ("nothing.csv", "/nowhere")),
    ):
        (pier.folder / name).symlink_to(target)
    assert pier.finished() == {"real.csv": b"1"}
    names = ["file.csv", "folder.csv", "nothing.csv", "outside.csv"]
    assert pier.refused() == dict.fromkeys(names, "channels.not-a-file")
    assert [name for name in pier.names_in(".quarantine") if name.endswith(".csv")] == names
    assert (pier.folder / ".quarantine/outside.csv").is_symlink()
    assert outside.read_bytes() == b"not yours"


def test_names_of_any_bytes_come_through(pier: Pier) -> None:
    """Chinese, GB18030 bytes, line breaks, quotes, the longest name: received and put away as they are."""
    raw = [
        "订单.csv".encode(),
        "订单".encode("gb18030"),
        b"a\nb",
        b"'; rm -rf *",
        b"%s%n",
        b"-rf",
        b"x" * 255,
    ]
    for number, name in enumerate(raw):
        (pier.folder / os.fsdecode(name)).write_bytes(b"%d" % number)
    assert sorted(pier.put_away().values()) == [b"%d" % number for number in range(len(raw))]
    assert sorted(os.fsencode(file.name) for file in (pier.folder / ".done").iterdir()) == sorted(raw)


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize(
    "name", ["x" * 255, "a." + "x" * 253, "订" + "." + "x" * 251, "a" * 100 + "." + "订" * 51]
)
def test_the_longest_names_can_be_put_into_quarantine(server, tmp_path: Path, name: str) -> None:
    """The name is cut, wherever its dot is, so that the reason's name fits, too."""
    pier = Pier(server, tmp_path, limit_bytes=1)
    pier.put(name, b"xx")
    pier.finished()
    assert list(pier.refused().values()) == ["channels.too-large"]
    kept, reason = pier.names_in(".quarantine")
    assert reason == kept + ".reason.json"
    assert pier.claimed() == []
    pier.link.close()


@pytest.mark.requirement("ER-05")
def test_no_reason_is_left_for_a_file_that_someone_took_out_of_our_hands(pier: Pier) -> None:
    """Its bytes are stored; there is nothing to be put away."""
    pier.put("bad.csv", b"1")
    pier.finished()
    (arrival,) = pier.inbox.receive(10)
    pier.inbox.stored([arrival])
    (claimed,) = pier.folder.glob(".claimed/*/*/*")
    claimed.unlink()
    pier.inbox.settle(arrival.delivery, "quarantined", {"name": "bad.csv"})
    assert pier.names_in(".quarantine") == []
    assert pier.inbox.waiting() == 0


def test_no_bytes_are_an_interchange_too(pier: Pier) -> None:
    """A file of zero bytes is received; what it is worth is not the channel's matter."""
    pier.put("empty.csv", b"")
    assert pier.put_away() == {"empty.csv": b""}


def test_a_file_that_is_too_large_is_refused_unread(server, tmp_path: Path) -> None:
    """Its size is told, and it lies in quarantine."""
    pier = Pier(server, tmp_path, limit_bytes=10)
    pier.put("large.csv", b"x" * 11)
    pier.put("fits.csv", b"x" * 10)
    assert pier.finished() == {"fits.csv": b"x" * 10}
    assert pier.refused() == {"large.csv": "channels.too-large"}
    assert pier.names_in(".quarantine") == ["large.csv", "large.csv.reason.json"]
    pier.link.close()


def test_no_more_is_read_at_once_than_the_limit(server, tmp_path: Path) -> None:
    """Of many large files each comes, but they are not all in memory together."""
    pier = Pier(server, tmp_path, limit_bytes=100_000)
    for number in range(5):
        pier.put(f"{number}.csv", b"%d" % number * 60_000)
    pier.finished(0)
    seen: list[str] = []
    while batch := pier.inbox.receive(10):
        assert sum(len(arrival.data) for arrival in batch) <= 100_000
        pier.inbox.stored(batch)
        seen += [arrival.name for arrival in batch]
    assert sorted(seen) == [f"{number}.csv" for number in range(5)]
    pier.link.close()


def test_a_large_file_comes_unchanged(pier: Pier) -> None:
    """Many requests make one file, the last of them short."""
    data = os.urandom(3_000_001)
    pier.put("large.bin", data)
    assert pier.finished() == {"large.bin": data}


def test_what_is_put_away_overwrites_nothing(pier: Pier) -> None:
    """The same name again lies beside the first, whatever its content; in quarantine with its own reason."""
    for data in (b"1", b"2", b"2"):
        pier.put("a.csv", data)
        assert pier.put_away() == {"a.csv": data}
    assert len(pier.names_in(".done")) == 3
    assert sorted(file.read_bytes() for file in (pier.folder / ".done").iterdir()) == [b"1", b"2", b"2"]
    for number in (1, 2):
        pier.put("b.csv", b"%d" % number)
        pier.finished(0)
        (arrival,) = pier.inbox.receive(10)
        pier.inbox.stored([arrival])
        pier.inbox.settle(arrival.delivery, "quarantined", {"why": number})
    reasons = [file for file in pier.names_in(".quarantine") if file.endswith(".reason.json")]
    assert len(pier.names_in(".quarantine")) == 4
    for reason in reasons:
        why = json.loads((pier.folder / ".quarantine" / reason).read_text("utf-8"))["why"]
        file = pier.folder / ".quarantine" / reason.removesuffix(".reason.json")
        assert file.read_bytes() == b"%d" % why


def test_a_file_replaced_in_place_after_the_look_is_not_taken_half(pier: Pier) -> None:
    """What lies there at the claim is not what was seen: it is looked at again before it is read."""
    pier.put("a.csv", b"first")
    pier.look()
    pier.ticks.now += 2
    pier.inbox.receive(0)
    pier.put("a.csv", b"second, longer")
    assert pier.look() == {}
    assert pier.look() == {"a.csv": b"second, longer"}


@pytest.mark.requirement("ER-05")
def test_what_still_grows_in_our_hands_is_waited_for(pier: Pier) -> None:
    """A writer may have it open over the rename: until it stands still, it is not received."""
    with (pier.folder / "a.csv").open("wb", buffering=0) as writer:
        writer.write(b"1")
        pier.look()
        pier.ticks.now += 2
        pier.inbox.receive(0)
        writer.write(b"2")
        assert pier.look() == {}
        writer.write(b"3")
        assert pier.look() == {}
    assert pier.look() == {"a.csv": b"123"}


@pytest.mark.requirement("ER-05")
def test_the_next_process_receives_what_the_last_one_had_in_hand(server, pier: Pier) -> None:
    """The same deliveries, oldest first, over another connection and without any lock."""
    for number in range(3):
        pier.put(f"{number}.csv", b"%d" % number)
        os.utime(pier.folder / f"{number}.csv", (number, number))
    pier.finished(0)
    first = pier.inbox.receive(10)
    pier.inbox.stored(first[:1])
    link = SftpLink(pier.access)
    pier.inbox = pier.successor(link)
    assert pier.inbox.receive(10) == first
    pier.inbox.stored(first)
    for arrival in first:
        pier.inbox.settle(arrival.delivery, "done")
    assert pier.names_in(".done") == ["0.csv", "1.csv", "2.csv"]
    assert list((pier.folder / ".claimed" / pier.intake.owner).iterdir()) == []
    link.close()


def test_another_installation_takes_nothing_out_of_our_hands(pier: Pier) -> None:
    """It gets what comes later; what we claimed stays with us, also when we are away."""
    pier.put("a.csv", b"1")
    (mine,) = (pier.finished(0), pier.inbox.receive(10))[1]
    pier.inbox.close()
    other = Pier.__new__(Pier)
    other.__dict__.update(pier.__dict__)
    other.intake = type(pier.intake)(str(pier.folder), "f" * 32)
    other.inbox = other.successor(pier.link)
    pier.put("b.csv", b"2")
    assert other.put_away() == {"b.csv": b"2"}
    assert pier.inbox.receive(10) == [mine]


def test_with_a_marker_a_file_is_taken_once_its_companion_is_there(server, tmp_path: Path) -> None:
    """Standing still is not enough; the companion goes with the file, and serves no later one."""
    pier = Pier(server, tmp_path, done_marker=".done")
    pier.put("a.csv", b"1")
    pier.put("b.csv", b"2")
    assert pier.finished() == {}
    assert pier.inbox.waiting() == 2
    pier.put("a.csv.done", b"")
    pier.ticks.now += 2
    assert pier.look() == {"a.csv": b"1"}
    assert pier.names_in(".") == [".claimed", "b.csv"]
    pier.put_away()
    pier.put("a.csv", b"3")
    assert pier.finished() == {}
    pier.link.close()


def test_a_marker_left_by_a_lost_connection_is_cleared(server, tmp_path: Path) -> None:
    """The file was claimed, its companion not yet removed: whoever finds the claim removes it."""
    pier = Pier(server, tmp_path, done_marker=".done")
    pier.put("a.csv", b"1")
    pier.put("a.csv.done", b"")
    assert pier.look() == {"a.csv": b"1"}
    pier.put("a.csv.done", b"")
    pier.link.close()
    assert pier.finished() == {"a.csv": b"1"}
    assert pier.names_in(".") == [".claimed"]
    pier.link.close()


def test_a_marker_that_stays_alone_is_told(server, tmp_path: Path) -> None:
    """After a minute without its file it is a mistake, and lies in quarantine."""
    pier = Pier(server, tmp_path, done_marker=".done")
    pier.put("a.csv.done", b"")
    assert pier.finished() == {}
    assert pier.refused() == {}
    assert pier.finished() == {}
    assert pier.refused() == {"a.csv.done": "channels.marker-alone"}
    pier.link.close()


@pytest.mark.requirement("ER-05")
def test_five_thousand_files_all_come_once(tmp_path: Path) -> None:
    """One listing serves them all; they are claimed and put away a batch at a time."""
    pier = Pier(sshd(), tmp_path)
    for number in range(5000):
        pier.put(f"{number}.csv", b"%d" % number)
    pier.ticks.now += 2
    pier.inbox.receive(0)
    pier.ticks.now += 2
    seen: list[str] = []
    while batch := pier.inbox.receive(500):
        pier.inbox.stored(batch)
        seen += [arrival.name for arrival in batch]
    assert len(seen) == len(set(seen)) == 5000
    assert pier.inbox.waiting() == 5000
    pier.link.close()


def test_between_two_looks_the_server_is_left_in_peace(pier: Pier) -> None:
    """A file that came is not seen before the time between two looks is over."""
    pier.look()
    pier.put("a.csv", b"1")
    pier.ticks.now += 4.9
    pier.look()
    pier.ticks.now += 2
    assert pier.look() == {}, "it was first seen now"
    pier.ticks.now += 2
    assert pier.look() == {"a.csv": b"1"}


def test_a_folder_that_is_gone_is_told_and_back_again(pier: Pier) -> None:
    """Its absence is a matter of the channel, not of a file; with the folder everything goes on."""
    pier.look()
    pier.folder.rename(pier.folder.with_name("away"))
    pier.ticks.now += 5
    assert pier.fault() == "channels.folder-absent"
    with pytest.raises(RetryError, match=r"channels\.folder-absent"):
        pier.inbox.waiting()
    pier.folder.with_name("away").rename(pier.folder)
    pier.put("a.csv", b"1")
    assert pier.finished() == {"a.csv": b"1"}


def test_a_cleared_claim_folder_leaves_nothing_to_receive(pier: Pier) -> None:
    """Someone removed what we had in hand: it is forgotten, and the next file comes."""
    pier.put("a.csv", b"1")
    pier.finished(0)
    pier.inbox.receive(0)
    pier.ticks.now += 2
    (arrival,) = pier.inbox.receive(10)
    for file in pier.folder.glob(".claimed/*/*/*"):
        file.unlink()
    assert pier.look() == {}
    pier.inbox.settle(arrival.delivery, "done")
    pier.put("b.csv", b"2")
    assert pier.put_away() == {"b.csv": b"2"}


def test_an_inbox_that_may_only_be_read_is_told(tmp_path: Path) -> None:
    """Without the right to rename nothing is taken and nothing is lost."""
    pier = Pier(sshd("-R"), tmp_path)
    pier.put("a.csv", b"1")
    assert pier.fault() == "channels.folder-unusable"
    assert pier.names_in(".") == ["a.csv"]
    pier.link.close()


def test_a_file_that_cannot_be_claimed_is_told_once_and_tried_again(tmp_path: Path) -> None:
    """Where nothing may be renamed: the refusal has the same delivery as long as the file is the same."""
    pier = Pier(sshd("-P rename,posix-rename"), tmp_path)
    pier.put("a.csv", b"1")
    deliveries = set()
    for _ in range(3):
        assert pier.finished() == {}
        (refusal,) = pier.inbox.refusals()
        assert refusal.violation.code == "channels.not-claimed"
        deliveries.add(refusal.delivery)
    assert len(deliveries) == 1
    assert pier.names_in(".") == [".claimed", "a.csv"]
    pier.link.close()


def test_what_may_not_be_opened_is_refused_and_stays_in_hand_until_it_can_be_put_away(tmp_path: Path) -> None:
    """Where nothing may be opened no reason can be written: it is not put away unexplained."""
    pier = Pier(sshd("-P open"), tmp_path)
    pier.put("a.csv", b"1")
    assert pier.finished() == {}
    (refusal,) = pier.inbox.refusals()
    assert refusal.violation.code == "channels.unreadable"
    with pytest.raises(RetryError, match=r"channels\.not-settled"):
        pier.inbox.settle(refusal.delivery, "quarantined", {"why": "unreadable"})
    assert pier.claimed() == ["a.csv"]
    pier.inbox.settle(refusal.delivery, "done")
    assert pier.names_in(".done") == ["a.csv"]
    pier.link.close()


def test_another_thread_may_ask_what_waits(pier: Pier) -> None:
    """While files are received and put away, every answer is one that was true."""
    for number in range(200):
        pier.put(f"{number}.csv", b"%d" % number)
    pier.finished(0)
    with ThreadPoolExecutor() as threads:
        asked = [threads.submit(pier.inbox.waiting) for _ in range(30)]
        while batch := pier.inbox.receive(20):
            pier.inbox.stored(batch)
            for arrival in batch:
                pier.inbox.settle(arrival.delivery, "done")
    assert all(0 <= each.result() <= 200 for each in asked)
    assert pier.inbox.waiting() == 0
    assert len(pier.names_in(".done")) == 200
