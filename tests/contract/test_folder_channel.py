"""Folders as they are in the world: slow writers, hostile names, links, crashes, neighbours, full disks."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.channels import Intake
from gateway.errors import RetryError
from tests.contract.desk import Desk

SECOND = 1_000_000_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty inbox."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Desk(folder)


@pytest.mark.requirement("ER-05")
def test_a_file_is_received_once_it_stood_still_by_our_clock(desk: Desk) -> None:
    """The first look notes, a look too early waits, the look after half a second receives."""
    (desk.folder / "a.csv").write_bytes(b"1")
    assert desk.look() == {}
    assert desk.look_later(0.4) == {}
    assert desk.look_later(0.1) == {"a.csv": b"1"}


@pytest.mark.requirement("ER-05")
def test_a_growing_file_is_left_alone_until_it_stands_still(desk: Desk) -> None:
    """Every change begins the waiting anew."""
    file = desk.folder / "a.csv"
    for size in range(5):
        file.write_bytes(b"x" * size)
        assert desk.look_later(10) == {}
    assert desk.look_later(0.5) == {"a.csv": b"xxxx"}


@pytest.mark.requirement("ER-05")
def test_a_writer_that_pauses_longer_than_the_wait_is_not_interrupted(desk: Desk) -> None:
    """As long as the file is open for writing it is not finished, however still it stands."""
    with (desk.folder / "a.csv").open("wb", buffering=0) as writer:
        writer.write(b"first ")
        for _ in range(3):
            assert desk.look_later(60) == {}
        writer.write(b"second")
    assert desk.finished() == {"a.csv": b"first second"}


@pytest.mark.requirement("ER-05")
def test_a_file_that_changes_between_look_and_claim_is_not_read_half(desk: Desk) -> None:
    """Even in our hands it is left alone until its writer has done and it stands still."""
    (desk.folder / "a.csv").write_bytes(b"first ")
    desk.look()
    desk.ticks.now += 0.5
    assert desk.look(0) == {}, "it is known to be finished, but not claimed"
    with (desk.folder / "a.csv").open("ab", buffering=0) as writer:
        writer.write(b"second ")
        assert desk.look() == {}
        assert not (desk.folder / "a.csv").exists()
        assert desk.look() == {}
        writer.write(b"third")
    assert desk.look() == {}
    assert desk.look() == {"a.csv": b"first second third"}


@pytest.mark.parametrize("seconds", [0, 4_000_000_000])
def test_the_writers_clock_does_not_matter(desk: Desk, seconds: int) -> None:
    """A time of 1970 or 2096 says nothing about being finished."""
    file = desk.folder / "a.csv"
    file.write_bytes(b"1")
    os.utime(file, (seconds, seconds))
    assert desk.look() == {}
    assert desk.look_later() == {"a.csv": b"1"}


def test_a_file_replaced_in_place_begins_anew(desk: Desk) -> None:
    """Another file of the same size and time under the same name has another inode."""
    old, new = desk.folder / "a.csv", desk.folder / "b.tmp"
    for file in (old, new):
        file.write_bytes(file.name[:1].encode())
        os.utime(file, ns=(SECOND, SECOND))
    assert desk.look() == {}
    new.replace(old)
    assert desk.look_later(0.5) == {}
    assert desk.look_later(0.5) == {"a.csv": b"b"}


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize("name", ["a.tmp", "a.part", "a.Temp", "A.TMP", ".a.csv"])
def test_names_that_say_unfinished_are_never_taken(desk: Desk, name: str) -> None:
    """Whoever writes under such a name renames when ready."""
    (desk.folder / name).write_bytes(b"1")
    assert desk.finished() == {}
    assert desk.inbox.waiting() == 0
    (desk.folder / name).rename(desk.folder / "ready.csv")
    assert desk.finished() == {"ready.csv": b"1"}


def test_folders_in_the_inbox_are_left_alone(desk: Desk) -> None:
    """Only files are interchanges."""
    (desk.folder / "archive").mkdir()
    assert desk.finished() == {}
    assert (desk.folder / "archive").is_dir()


@pytest.mark.requirement("ER-05")
def test_links_and_pipes_go_to_quarantine_unread(desk: Desk, tmp_path: Path) -> None:
    """A link leads nowhere, and a pipe without a writer stops nobody."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"not yours")
    (desk.folder / "link.csv").symlink_to(secret)
    (desk.folder / "dangling.csv").symlink_to(tmp_path / "nothing")
    (desk.folder / "folder.csv").symlink_to(tmp_path)
    os.mkfifo(desk.folder / "pipe.csv")
    (desk.folder / "good.csv").write_bytes(b"1")
    assert desk.finished() == {"good.csv": b"1"}
    assert desk.refused() == dict.fromkeys(
        ["link.csv", "dangling.csv", "folder.csv", "pipe.csv"], "channels.not-a-file"
    )
    assert desk.inbox.refusals() == []
    reason = json.loads((desk.folder / ".quarantine/link.csv.reason.json").read_text("utf-8"))
    assert reason["violations"][0]["text_zh"] == "link.csv 不是普通文件；不读取链接、管道和设备。"
    assert secret.read_bytes() == b"not yours"


@pytest.mark.requirement("ER-04", "ER-05")
def test_what_cannot_be_read_is_told_until_that_is_stored(desk: Desk) -> None:
    """Whoever dies before it is noted leaves it to the next one, as the same delivery, put away by nobody."""
    (desk.folder / "link.csv").symlink_to("nothing")
    desk.finished()
    told = desk.inbox.refusals()
    desk.look()
    assert desk.inbox.refusals() == told, "it was not noted"
    desk.inbox.close()
    desk.look()
    assert desk.inbox.refusals() == told, "the next owner finds it in hand"
    assert not (desk.folder / ".quarantine").exists()
    assert desk.refused() == {"link.csv": "channels.not-a-file"}
    assert desk.names_in(".quarantine") == ["link.csv", "link.csv.reason.json"]
    desk.look()
    assert desk.inbox.refusals() == []


@pytest.mark.requirement("ER-05")
def test_a_file_over_the_limit_goes_to_quarantine_unread(tmp_path: Path) -> None:
    """At the limit it is read; one byte more, and the reason names both figures."""
    desk = Desk(tmp_path, Intake(limit_bytes=10))
    (tmp_path / "fits.csv").write_bytes(b"x" * 10)
    (tmp_path / "more.csv").write_bytes(b"x" * 11)
    assert desk.finished() == {"fits.csv": b"x" * 10}
    (refusal,) = desk.inbox.refusals()
    assert refusal.violation.code == "channels.too-large"
    assert refusal.violation.text() == "The file more.csv has 11 bytes; at most 10 are read."
    assert desk.refused() == {"more.csv": "channels.too-large"}
    assert desk.names_in(".quarantine") == ["more.csv", "more.csv.reason.json"]


def test_a_file_of_no_bytes_is_received(desk: Desk) -> None:
    """What an empty file means is not the channel's to say."""
    (desk.folder / "a.csv").touch()
    assert desk.finished() == {"a.csv": b""}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"\xff\xfe.csv", r"\xff\xfe.csv"),
        ("订单 1.csv".encode(), "订单 1.csv"),
        ("订单.csv".encode("gb18030"), r"\xb6\xa9\xb5\xa5.csv"),
        (b"a\nINFO forged.csv", r"a\nINFO forged.csv"),
        (b"\x1b[2J.csv", r"\x1b[2J.csv"),
        ("\u202evsc.exe".encode(), r"\u202evsc.exe"),
        (b"$(rm -rf ~);'\"\\.csv", "$(rm -rf ~);'\"\\.csv"),
        (b"..\\..\\a.csv", None),
        (b"-rf", "-rf"),
        (b"n" * 255, "n" * 255),
        ("号".encode() * 84 + b".cv", "号" * 84 + ".cv"),
        (b"a." + b"s" * 253, "a." + "s" * 253),
    ],
)
def test_hostile_names_are_received_shown_safely_and_settled(
    desk: Desk, raw: bytes, name: str | None
) -> None:
    """A name is only a name: it forges no line, leads nowhere, and fits with its reason beside it."""
    file = desk.folder / os.fsdecode(raw)
    file.write_bytes(b"1")
    expected = {} if name is None else {name: b"1"}
    assert desk.finished() == expected
    desk.put_away("quarantined", {"name": "x"})
    settled = [] if name is None else [n for n in desk.names_in(".quarantine") if "reason" not in n]
    assert len(settled) == len(expected)
    for one in settled:
        assert (desk.folder / ".quarantine" / f"{one}.reason.json").is_file()


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize("links", [True, False], ids=["with links", "without"])
def test_the_same_name_again_never_overwrites_what_is_put_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, links: bool
) -> None:
    """Every delivery stays, under its name or one that begins like it, on file systems of any kind."""

    def not_permitted(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", not_permitted)
    for content in (b"1", b"2", b"3"):
        (desk.folder / "orders.csv").write_bytes(content)
        desk.put_away()
    names = desk.names_in(".done")
    assert "orders.csv" in names
    assert all(name.startswith("orders") and name.endswith(".csv") for name in names)
    assert sorted((desk.folder / ".done" / name).read_bytes() for name in names) == [b"1", b"2", b"3"]


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize("taken", [False, True], ids=["name free", "name taken"])
def test_putting_away_that_was_broken_off_is_finished_and_not_done_twice(desk: Desk, *, taken: bool) -> None:
    """Whoever comes next finds file and reason where the dead one put them."""
    reason = {"name": "orders.csv", "why": "broken"}
    if taken:
        (desk.folder / "orders.csv").write_bytes(b"first")
        desk.put_away("quarantined", reason)
    (desk.folder / "orders.csv").write_bytes(b"second")
    desk.look()
    desk.ticks.now += 0.5
    (arrival,) = desk.inbox.receive(1)
    desk.inbox.stored([arrival])
    (claim,) = (desk.folder / ".claimed").glob("*/*")
    kept = claim / "orders.csv"
    os.link(kept, desk.folder / "kept.tmp")
    desk.inbox.settle(arrival.delivery, "quarantined", reason)
    put = desk.names_in(".quarantine")
    claim.mkdir()
    (desk.folder / "kept.tmp").rename(kept)
    desk.inbox.close()
    desk.put_away("quarantined", reason)
    assert desk.names_in(".quarantine") == put
    assert len(put) == (4 if taken else 2)


def test_the_same_name_arrives_again_before_the_first_is_settled(desk: Desk) -> None:
    """Both are in hand, each with its own bytes."""
    for content in (b"1", b"2"):
        (desk.folder / "orders.csv").write_bytes(content)
        desk.look()
        desk.ticks.now += 0.5
        desk.inbox.receive(10)
    assert sorted(arrival.data for arrival in desk.inbox.receive(10)) == [b"1", b"2"]


def test_two_thousand_files_come_once_each_oldest_first(desk: Desk) -> None:
    """A burst is taken in batches, in the order in which it was written."""
    for number in range(2000):
        file = desk.folder / f"{(number * 7919) % 2000:04}.csv"
        file.write_bytes(b"%d" % number)
        os.utime(file, ns=(number * SECOND, number * SECOND))
    desk.look()
    desk.ticks.now += 0.5
    received = []
    while batch := desk.inbox.receive(300):
        desk.inbox.stored(batch)
        received += [int(arrival.data) for arrival in batch]
        for arrival in batch:
            desk.inbox.settle(arrival.delivery, "done")
    assert received == list(range(2000))
    assert len(desk.names_in(".done")) == 2000
    assert desk.inbox.waiting() == 0


@pytest.mark.requirement("ER-05")
def test_what_a_killed_process_held_comes_again_as_the_same_delivery(desk: Desk) -> None:
    """Killed between claim and settle, nothing is lost: the next one takes it over at its first look."""
    for name in ("a.csv", "b.csv"):
        (desk.folder / name).write_bytes(name.encode())
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from gateway.channels import FolderInbox, Intake\n"
        "inbox = FolderInbox(Path(sys.argv[1]), intake=Intake(still_seconds=0))\n"
        "inbox.receive(0)\n"
        "print([arrival.delivery for arrival in inbox.receive(10)], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", program, str(desk.folder)]
    killed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    arrivals = desk.inbox.receive(10)
    assert str([arrival.delivery for arrival in arrivals]) == killed.stdout.strip()
    assert {arrival.name: arrival.data for arrival in arrivals} == {"a.csv": b"a.csv", "b.csv": b"b.csv"}
    assert len(desk.names_in(".claimed")) == 2, "the dead owner's folder and lock are gone"


def test_two_gateways_at_one_folder_share_and_never_rob_each_other(desk: Desk) -> None:
    """Each file comes to one of them; what the living hold stays theirs."""
    other = Desk(desk.folder)
    for number in range(20):
        (desk.folder / f"{number}.csv").write_bytes(b"1")
    for one in (desk, other):
        one.look()
        one.ticks.now += 0.5
    first = {arrival.name for arrival in desk.inbox.receive(7)}
    second = set(other.look())
    assert len(first) == 7
    assert first | second == {f"{number}.csv" for number in range(20)}
    assert first & second == set()


def test_an_owner_that_died_while_claiming_leaves_nothing_behind(desk: Desk) -> None:
    """Its empty place and its lock are cleared away."""
    place = desk.folder / ".claimed" / "dead" / "delivery"
    place.mkdir(parents=True)
    place.parent.with_name("dead.lock").touch()
    place.parent.with_name("only-dead.lock").touch()
    assert desk.look() == {}
    assert [name for name in desk.names_in(".claimed") if "dead" in name] == []


def test_a_look_that_cannot_be_taken_over_keeps_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came into our folder before it is in hand, and the look itself comes when it can."""
    for look in ("one", "two"):
        place = desk.folder / ".claimed" / "dead" / look
        place.mkdir(parents=True)
        (place / f"{look}.csv").write_bytes(b"1")
    rename, asked = Path.rename, []

    def once(place: Path, target: Path) -> Path:
        asked.append(place)
        if len(asked) == 2:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(place, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(RetryError, match=r"channels\.folder-unusable"):
        desk.look()
    assert sorted(desk.look()) == ["one.csv", "two.csv"]


def test_a_folder_that_is_removed_and_comes_back_goes_on(desk: Desk) -> None:
    """While it is away, that is told as something that may pass; then files come as before."""
    (desk.folder / "a.csv").write_bytes(b"1")
    assert desk.finished() == {"a.csv": b"1"}
    shutil.rmtree(desk.folder)
    for ask in (desk.look, desk.inbox.waiting):
        with pytest.raises(RetryError, match=r"channels\.folder-absent"):
            ask()
    desk.folder.mkdir()
    (desk.folder / "b.csv").write_bytes(b"2")
    assert desk.finished() == {"b.csv": b"2"}
    assert desk.inbox.waiting() == 1


def test_claims_that_someone_cleared_are_given_up(desk: Desk) -> None:
    """Stored or not, a file that is gone stops nothing."""
    for name in ("a.csv", "b.csv"):
        (desk.folder / name).write_bytes(b"1")
    desk.look()
    desk.ticks.now += 0.5
    arrivals = desk.inbox.receive(10)
    desk.inbox.stored(arrivals[:1])
    for place in (desk.folder / ".claimed").glob("*/*"):
        shutil.rmtree(place)
    assert desk.look() == {}
    desk.inbox.settle(arrivals[0].delivery, "done")
    assert desk.inbox.waiting() == 0
    assert not (desk.folder / ".done").exists()


def test_a_folder_that_cannot_be_used_is_told_and_tried_again(desk: Desk) -> None:
    """A file where our own folder should be is an installation's fault that a person may mend."""
    (desk.folder / ".claimed").touch()
    with pytest.raises(RetryError, match=r"channels\.folder-unusable"):
        desk.look()
    (desk.folder / ".claimed").unlink()
    (desk.folder / "a.csv").write_bytes(b"1")
    assert desk.finished() == {"a.csv": b"1"}


def test_what_cannot_be_put_away_stays_in_hand(desk: Desk) -> None:
    """The move is told as something that may pass, and works when it can."""
    (desk.folder / "a.csv").write_bytes(b"1")
    (desk.folder / ".done").touch()
    with pytest.raises(RetryError, match=r"channels\.not-settled"):
        desk.put_away()
    (desk.folder / ".done").unlink()
    assert desk.inbox.waiting() == 1
    desk.inbox.close()
    desk.put_away()
    assert desk.names_in(".done") == ["a.csv"]
