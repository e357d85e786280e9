"""The folders of the Single Window's import client, on real disks and on mounts that lack half of it."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from gateway.channels import BOXES, ImportClientInbox, ImportClientOutbox, Intake, failed_files
from gateway.channels.folder import FolderInbox
from gateway.errors import ParkedError, RetryError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of one business."""
    for box in BOXES:
        (tmp_path / box).mkdir()
    return tmp_path


def _inbox(root: Path) -> ImportClientInbox:
    return ImportClientInbox(root, Intake(still_seconds=0))


def _received(inbox: FolderInbox) -> dict[str, bytes]:
    inbox.receive(0)
    found = inbox.receive(10)
    inbox.stored(found)
    return {arrival.name: arrival.data for arrival in found}


@pytest.mark.requirement("CU-06")
def test_a_file_is_written_as_temp_and_renamed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a name that the client does not take; it never sees half a file."""
    renamed = []
    real = os.rename

    def spy(draft: str, target: str) -> None:
        renamed.append((Path(draft).name, Path(target).name, Path(draft).read_bytes()))
        real(draft, target)

    monkeypatch.setattr(os, "rename", spy)
    ImportClientOutbox(root).send("A-1.xml", b"<a/>")
    assert renamed == [("A-1.xml.Temp", "A-1.xml", b"<a/>")]
    assert [file.name for file in (root / "OutBox").iterdir()] == ["A-1.xml"]


@pytest.mark.requirement("CU-05", "CU-06")
def test_what_the_client_has_sent_is_not_put_again(root: Path) -> None:
    """A file in SentBox counts as standing: after a death in between nothing goes twice."""
    outbox = ImportClientOutbox(root)
    outbox.send("A-1.xml", b"1")
    (root / "OutBox/A-1.xml").rename(root / "SentBox/A-1.xml")
    outbox.send("A-1.xml", b"1")
    assert list((root / "OutBox").iterdir()) == []
    with pytest.raises(ParkedError, match=r"channels\.name-taken"):
        outbox.send("A-1.xml", b"2")


@pytest.mark.requirement("CU-05", "CU-06")
def test_what_the_client_failed_to_send_may_be_put_again(root: Path) -> None:
    """A file in FailBox was never sent."""
    (root / "FailBox/A-1.xml").write_bytes(b"1")
    ImportClientOutbox(root).send("A-1.xml", b"1")
    assert (root / "OutBox/A-1.xml").read_bytes() == b"1"
    assert failed_files(root) == ["A-1.xml"]


@pytest.mark.requirement("CU-06")
def test_a_name_that_the_client_never_takes_is_not_put(root: Path) -> None:
    """It would lie there for ever."""
    outbox = ImportClientOutbox(root)
    with pytest.raises(ParkedError, match=r"channels\.name-not-taken"):
        outbox.send("a.json", b"1")
    outbox.send("a.zip", b"1")
    assert [file.name for file in (root / "OutBox").iterdir()] == ["a.zip"]


@pytest.mark.requirement("CU-06")
def test_what_the_client_brings_is_taken_out_of_its_box(root: Path) -> None:
    """All three kinds of files, but none that is still being written; what was taken is kept aside."""
    names = ("Receipt_X_20261020090000000.xml", "Successed_A_20261020090000000.xml", "Failed_B_1.xml")
    for name in (*names, "Receipt_Y.Temp"):
        (root / "InBox" / name).write_bytes(name.encode())
    inbox = _inbox(root)
    assert _received(inbox) == {name: name.encode() for name in names}
    for delivery in [*inbox._claims.held]:
        inbox.settle(delivery, "done")
    assert sorted(file.name for file in (root / "InBox/.done").iterdir()) == sorted(names)
    assert [file.name for file in (root / "InBox").iterdir() if file.is_file()] == ["Receipt_Y.Temp"]


@pytest.mark.requirement("CU-06")
@pytest.mark.parametrize("missing", [errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL])
def test_a_mount_without_locks_and_leases_serves(
    root: Path, monkeypatch: pytest.MonkeyPatch, missing: int
) -> None:
    """A Windows share: no locks, every lease refused, no links, no flushing of folders; nothing is lost."""

    def no_lock(*_: object) -> None:
        raise OSError(missing, os.strerror(missing))

    def no_lease(_: int, command: int, *__: object) -> int:
        if command == fcntl.F_SETLEASE:
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return 0

    def no_link(*_: object, **__: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    real = os.fsync

    def no_flush_of_folders(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").is_dir():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real(handle)

    monkeypatch.setattr(fcntl, "flock", no_lock)
    monkeypatch.setattr(fcntl, "fcntl", no_lease)
    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(os, "fsync", no_flush_of_folders)
    ImportClientOutbox(root).send("A-1.xml", b"1")
    assert (root / "OutBox/A-1.xml").read_bytes() == b"1"
    (root / "InBox/Receipt_1.xml").write_bytes(b"r")
    first = _inbox(root)
    assert _received(first) == {"Receipt_1.xml": b"r"}
    # It dies; what it had in hand is its successor's.
    second = _inbox(root)
    assert _received(second) == {"Receipt_1.xml": b"r"}
    second.settle(next(iter(second._claims.held)), "done")
    assert [file.read_bytes() for file in (root / "InBox/.done").iterdir()] == [b"r"]
    assert second.waiting() == 0


def test_where_others_may_read_a_folder_its_locks_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an ERP's folder on such a mount it is told, because nobody could tell the dead from the living."""

    def no_lock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_lock)
    with pytest.raises(RetryError, match=r"channels\.folder-unusable"):
        FolderInbox(tmp_path).receive(1)


def test_a_disk_that_cannot_flush_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a folder that needs no flushing is forgiven."""

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(RetryError, match=r"channels\.not-sent"):
        ImportClientOutbox(root).send("A-1.xml", b"1")
