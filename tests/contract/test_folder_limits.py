"""Inboxes at their limits: very many files, very large ones, a full disk, a mount without locks or leases."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.channels import Intake, folder
from gateway.errors import RetryError
from tests.contract.desk import Desk


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder of a file system that keeps everything in memory, where the machine has one."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.mark.requirement("ER-05")
def test_ten_thousand_files_come_once_each_and_are_listed_a_few_times_only(
    in_memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One listing serves many batches, so that the work grows with the files and not with their square."""
    desk = Desk(in_memory)
    for number in range(10_000):
        (in_memory / f"{number:05d}.csv").write_bytes(b"%d" % number)
    looks = []
    real = folder.FolderInbox._scan

    def counted(inbox: folder.FolderInbox) -> dict:
        looks.append(1)
        return real(inbox)

    monkeypatch.setattr(folder.FolderInbox, "_scan", counted)
    desk.look()
    desk.ticks.now += 0.5
    names = []
    while batch := desk.inbox.receive(50):
        names += [arrival.name for arrival in batch]
        desk.inbox.stored(batch)
        for arrival in batch:
            desk.inbox.settle(arrival.delivery, "done")
    assert names == [f"{number:05d}.csv" for number in range(10_000)]
    assert len(looks) <= 4
    assert len(desk.names_in(".done")) == 10_000


@pytest.mark.requirement("ER-05")
def test_a_file_that_comes_while_many_wait_is_not_held_back_by_a_second_listing_of_them(
    tmp_path: Path,
) -> None:
    """What was found first comes first; the late one is in the next listing."""
    desk = Desk(tmp_path)
    for number in range(300):
        (tmp_path / f"{number:03d}.csv").touch()
    desk.look(0)
    desk.ticks.now += 0.5
    first = desk.inbox.receive(100)
    desk.inbox.stored(first)
    (tmp_path / "late.csv").touch()
    names = [arrival.name for arrival in first]
    for _ in range(6):
        desk.ticks.now += 0.5
        batch = desk.inbox.receive(100)
        desk.inbox.stored(batch)
        names += [arrival.name for arrival in batch]
    assert names == [*(f"{number:03d}.csv" for number in range(300)), "late.csv"]


@pytest.mark.requirement("ER-05")
def test_no_more_is_read_at_once_than_one_file_may_be_long(tmp_path: Path) -> None:
    """Fifty large files are never in memory together; each comes, in order."""
    desk = Desk(tmp_path, Intake(limit_bytes=100))
    for number in range(5):
        (tmp_path / f"{number}.csv").write_bytes(b"x" * 40)
        os.utime(tmp_path / f"{number}.csv", (number, number))
    desk.look()
    desk.ticks.now += 0.5
    batches = []
    while batch := desk.inbox.receive(50):
        batches.append([arrival.name for arrival in batch])
        desk.inbox.stored(batch)
    assert batches == [["0.csv", "1.csv"], ["2.csv", "3.csv"], ["4.csv"]]


@pytest.mark.requirement("ER-05")
def test_a_full_disk_keeps_files_in_hand_until_there_is_room(tmp_path: Path) -> None:
    """Claiming needs no room; what cannot be put away, or explained, waits and is whole afterwards."""
    program = [sys.executable, "-m", "tests.contract.full_disk", str(tmp_path)]
    own = ["unshare", "--user", "--map-root-user", "--mount"]
    done = subprocess.run([*own, *program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["received"] == ["a.csv", "b.csv"]
    assert told["quarantined"] == "channels.not-settled"
    assert told["in hand"] == (1 if told["done"] == "settled" else 2)
    assert (told["done later"], told["quarantined later"], told["in hand later"]) == ("settled", "settled", 0)
    assert {name: told["kept"][name] for name in ("a.csv", "b.csv")} == {"a.csv": 500, "b.csv": 500}
    assert told["kept"]["b.csv.reason.json"] > 8192


def test_a_mount_without_locks_is_told_and_nothing_is_taken_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a lock nobody could tell a dead owner from a living one; the reason names the file."""

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    desk = Desk(tmp_path)
    (tmp_path / "a.csv").write_bytes(b"1")
    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", no_locks)
        with pytest.raises(RetryError, match=r"channels\.folder-unusable") as caught:
            desk.finished()
    assert "No locks available" in caught.value.text()
    assert ".lock" in caught.value.text()
    assert (tmp_path / "a.csv").exists()
    assert desk.finished() == {"a.csv": b"1"}


def test_a_mount_without_leases_is_read_by_stillness_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who writes cannot be known there: a writer that pauses for longer needs the rename or the marker."""
    real = fcntl.fcntl

    def no_leases(handle: int, command: int, argument: int = 0) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return real(handle, command, argument)

    monkeypatch.setattr(fcntl, "fcntl", no_leases)
    desk = Desk(tmp_path)
    with (tmp_path / "a.csv").open("wb", buffering=0) as writer:
        writer.write(b"first ")
        desk.look()
        writer.write(b"second")
        assert desk.look_later(0.4) == {}
        assert desk.look_later(0.5) == {"a.csv": b"first second"}
