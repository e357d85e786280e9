"""Folders as outboxes, and the receipt log: whole or not at all, flushed, never twice."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.channels import FolderOutbox, LineLog
from gateway.errors import ParkedError, RetryError, UnsentError


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let every file end at a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def names(folder: Path) -> list[str]:
    """List everything in a folder, hidden names too."""
    return sorted(file.name for file in folder.iterdir())


def test_a_full_disk_leaves_nothing_half(tmp_path: Path) -> None:
    """The message that did not fit has not arrived, the other is there; later the same works."""
    outbox = FolderOutbox(tmp_path)
    files = [("big.xml", b"x" * 10_000), ("small.xml", b"x")]
    with full_after(4096):
        faults = outbox.send_many(files)
    assert {name: fault.code for name, fault in faults.items()} == {"big.xml": "channels.not-sent"}
    assert isinstance(faults["big.xml"], UnsentError)
    assert names(tmp_path) == ["small.xml"]
    assert outbox.send_many(files) == {}
    assert names(tmp_path) == ["big.xml", "small.xml"]


def test_every_file_and_the_folder_are_flushed_before_the_send_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is flushed before it gets its name, and one flush of the folder serves them all."""
    flushed = []
    flush = os.fsync

    def note(handle: int) -> None:
        flushed.append((Path(f"/proc/self/fd/{handle}").resolve().name, names(tmp_path)))
        flush(handle)

    monkeypatch.setattr(os, "fsync", note)
    FolderOutbox(tmp_path).send_many([("a.xml", b"1"), ("b.xml", b"2")])
    assert flushed == [
        (".a.xml.tmp", [".a.xml.tmp", ".b.xml.tmp"]),
        (".b.xml.tmp", [".b.xml.tmp", "a.xml"]),
        (tmp_path.name, ["a.xml", "b.xml"]),
    ]


def test_a_flush_that_fails_leaves_what_was_sent_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may be there and vanish in a power cut: the same is sent again."""
    outbox = FolderOutbox(tmp_path)
    flush = os.fsync

    def fail(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").resolve() == tmp_path:
            raise OSError(5, "Input/output error")
        flush(handle)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(RetryError, match=r"channels\.not-sent") as doubt:
            outbox.send("a.xml", b"1")
        assert not isinstance(doubt.value, UnsentError)
    outbox.send("a.xml", b"1")
    assert names(tmp_path) == ["a.xml"]


def test_a_folder_that_is_not_there_may_come_back(tmp_path: Path) -> None:
    """Nothing is made in its place: it may be a mount that is gone."""
    outbox = FolderOutbox(tmp_path / "absent")
    with pytest.raises(UnsentError, match=r"channels\.not-sent"):
        outbox.send("a.xml", b"1")
    (tmp_path / "absent").mkdir()
    outbox.send("a.xml", b"1")
    assert names(tmp_path / "absent") == ["a.xml"]


def test_a_draft_of_a_process_that_died_is_written_anew(tmp_path: Path) -> None:
    """What lies there half is no hindrance and no part of the message."""
    (tmp_path / ".a.xml.tmp").write_bytes(b"half of something longer")
    FolderOutbox(tmp_path).send("a.xml", b"1")
    assert (tmp_path / "a.xml").read_bytes() == b"1"
    assert names(tmp_path) == ["a.xml"]


def test_links_in_the_outbox_are_never_written_through(tmp_path: Path) -> None:
    """A link under the name or the draft's name leads nowhere."""
    outbox = tmp_path / "out"
    outbox.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"1")
    (outbox / "a.xml").symlink_to(victim)
    (outbox / ".b.xml.tmp").symlink_to(victim)
    with pytest.raises(ParkedError, match=r"channels\.name-taken"):
        FolderOutbox(outbox).send("a.xml", b"1")
    with pytest.raises(UnsentError, match=r"channels\.not-sent"):
        FolderOutbox(outbox).send("b.xml", b"2")
    assert victim.read_bytes() == b"1"


def lines(file: Path) -> list[dict]:
    """Read the log as any program would."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.mark.requirement("ER-06")
def test_the_receipt_log_holds_each_line_once(tmp_path: Path) -> None:
    """A line that is sent again, because its sending was not noted, is there already."""
    log = LineLog(tmp_path / "receipts" / "receipts.log")
    log.send("1", b'{"state": "a"}\n')
    assert log.send_many([("1", b'{"state": "a"}\n'), ("2", b'{"state": "b"}\n')]) == {}
    assert lines(tmp_path / "receipts/receipts.log") == [
        {"line": 1, "state": "a"},
        {"line": 2, "state": "b"},
    ]


def test_a_batch_of_the_receipt_log_that_comes_again_in_pieces_is_there_once(tmp_path: Path) -> None:
    """As after a change of how many go at once, or two notings that failed."""
    log = LineLog(tmp_path / "receipts.log")
    every = [(str(number), b'{"state": "a"}\n') for number in range(1, 7)]
    for batch in (every[:5], every[:2], every[2:4], every[4:], every[:1]):
        assert log.send_many(batch) == {}
    assert [line["line"] for line in lines(tmp_path / "receipts.log")] == [1, 2, 3, 4, 5, 6]


def test_a_torn_line_of_the_receipt_log_is_written_anew(tmp_path: Path) -> None:
    """After a power cut the half line is cut off; a whole one, with blanks or without, is known."""
    file = tmp_path / "receipts.log"
    file.write_bytes(b'{"line": 1, "state": "a"}\n{"line":2,"sta')
    assert LineLog(file).send_many([("1", b'{"state": "a"}\n'), ("2", b'{"state": "b"}\n')]) == {}
    assert lines(file) == [{"line": 1, "state": "a"}, {"line": 2, "state": "b"}]


def test_a_receipt_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Every line of the batch stays to be sent."""
    (tmp_path / "receipts").touch()
    log = LineLog(tmp_path / "receipts" / "receipts.log")
    with pytest.raises(RetryError, match=r"channels\.not-sent"):
        log.send("1", b"{}\n")
