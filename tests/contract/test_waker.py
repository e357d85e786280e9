"""The kernel's word: renamed files are taken at once, and everything works without it."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.channels import Waker, Watch
from gateway.channels.waker import InotifyFD
from tests.contract.desk import Desk

PATIENCE = 30


class Watched(Desk):
    """A desk whose clock never moves: what it receives was finished by its writer's word."""

    def __init__(self, folder: Path, waker: Waker) -> None:
        self.woken = threading.Event()
        super().__init__(folder, watch=waker.watch(folder, self.woken.set))

    def when_woken(self) -> dict[str, bytes]:
        """Look when the kernel tells of something."""
        assert self.woken.wait(PATIENCE)
        self.woken.clear()
        return self.look()


@pytest.fixture
def waker() -> Iterator[Waker]:
    """A waker that listens."""
    with Waker() as listening:
        yield listening


@pytest.fixture
def desk(tmp_path: Path, waker: Waker) -> Watched:
    """An empty inbox under watch."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Watched(folder, waker)


@pytest.mark.requirement("ER-05")
def test_a_file_that_its_writer_renamed_is_received_at_the_first_look(desk: Watched) -> None:
    """A rename is the writer's word; no time has to pass."""
    (desk.folder / "a.tmp").write_bytes(b"1")
    (desk.folder / "a.tmp").rename(desk.folder / "a.csv")
    assert desk.when_woken() == {"a.csv": b"1"}


def test_a_file_moved_in_from_elsewhere_is_received_at_the_first_look(desk: Watched, tmp_path: Path) -> None:
    """Moving within one file system is a rename too."""
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "a.csv").rename(desk.folder / "a.csv")
    assert desk.when_woken() == {"a.csv": b"1"}


@pytest.mark.requirement("ER-05")
def test_a_file_that_was_only_closed_wakes_and_waits(desk: Watched) -> None:
    """Closing is no word: some writers open again and append."""
    (desk.folder / "a.csv").write_bytes(b"1")
    assert desk.when_woken() == {}
    assert desk.look_later() == {"a.csv": b"1"}


@pytest.mark.requirement("ER-05")
def test_a_file_changed_after_its_rename_waits(desk: Watched) -> None:
    """The word holds for the file as it was when it was given."""
    (desk.folder / "a.tmp").write_bytes(b"1")
    (desk.folder / "a.tmp").rename(desk.folder / "a.csv")
    assert desk.woken.wait(PATIENCE)
    (desk.folder / "a.csv").write_bytes(b"longer")
    assert desk.look() == {}
    assert desk.look_later() == {"a.csv": b"longer"}


@pytest.mark.requirement("ER-05")
def test_a_writer_that_renames_before_it_closes_is_waited_for(desk: Watched) -> None:
    """A rename is the word of a writer that has done; one that still writes has not."""
    with (desk.folder / "a.tmp").open("wb", buffering=0) as writer:
        writer.write(b"first ")
        (desk.folder / "a.tmp").rename(desk.folder / "a.csv")
        assert desk.when_woken() == {}
        writer.write(b"second")
    assert desk.finished() == {"a.csv": b"first second"}


def test_unfinished_names_wake_nobody(desk: Watched) -> None:
    """A writer's own temporary file is no news."""
    (desk.folder / "a.tmp").write_bytes(b"1")
    (desk.folder / "b.csv").write_bytes(b"2")
    assert desk.woken.wait(PATIENCE)
    assert desk.inbox.waiting() == 1


@pytest.mark.parametrize("removed", [True, False], ids=["removed", "moved away"])
def test_a_folder_that_comes_back_is_watched_again(desk: Watched, tmp_path: Path, *, removed: bool) -> None:
    """After the next look, renames into the new folder are told again."""
    shutil.rmtree(desk.folder) if removed else desk.folder.rename(tmp_path / "old")
    desk.folder.mkdir()
    desk.look()
    desk.woken.clear()
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "a.csv").rename(desk.folder / "a.csv")
    assert desk.when_woken() == {"a.csv": b"1"}


def test_two_inboxes_at_one_folder_are_both_woken(desk: Watched, waker: Waker) -> None:
    """One thread serves every watch."""
    other = Watched(desk.folder, waker)
    (desk.folder / "a.tmp").write_bytes(b"1")
    (desk.folder / "a.tmp").rename(desk.folder / "a.csv")
    assert desk.woken.wait(PATIENCE)
    assert other.woken.wait(PATIENCE)


def test_lost_events_wake_too(desk: Watched) -> None:
    """When the kernel's queue runs over, the scan finds what it would have told."""
    desk.inbox._watch.on_queue_overflow()
    assert desk.when_woken() == {}


def test_without_the_kernels_word_the_scan_finds_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no watch is to be had, a renamed file comes after it stood still."""

    def exhausted(_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(InotifyFD, "__init__", exhausted)
    with Waker() as deaf:
        desk = Watched(tmp_path, deaf)
        (tmp_path / "a.tmp").write_bytes(b"1")
        (tmp_path / "a.tmp").rename(tmp_path / "a.csv")
        assert desk.finished() == {"a.csv": b"1"}
        assert not desk.woken.is_set()


def test_a_folder_that_is_not_there_yet_can_be_watched(tmp_path: Path, waker: Waker) -> None:
    """The watch begins when the folder is there."""
    watch = waker.watch(tmp_path / "later", threading.Event().set)
    assert isinstance(watch, Watch)
    (tmp_path / "later").mkdir()
    desk = Watched(tmp_path / "later", waker)
    (tmp_path / "a.csv").write_bytes(b"1")
    (tmp_path / "a.csv").rename(desk.folder / "a.csv")
    assert desk.when_woken() == {"a.csv": b"1"}
