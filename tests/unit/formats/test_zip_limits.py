"""ZIP: each limit holds by itself, and before anything is obeyed."""

from __future__ import annotations

import os
import zipfile

import pytest

from gateway.errors import RejectedError
from gateway.formats import read_all
from gateway.formats.archive import LIMITS, Archive
from tests.unit.formats.books import zipped
from tests.unit.formats.test_zip import CSV


def refused(data: bytes) -> str:
    """Open an archive that must be refused, for its code."""
    with pytest.raises(RejectedError) as caught:
        Archive("a.zip", data)
    return caught.value.code


def test_a_bomb_does_not_hide_among_files_that_shrink_little():
    """The whole is far from the limit; that one file is not."""
    data = zipped({"noise": os.urandom(300_000), "bomb": bytes(5_000_000)})
    assert len(data) * LIMITS.ratio > 5_300_000
    assert refused(data) == "format.zip-ratio"


def test_small_files_that_are_nothing_but_repetition_do_not_add_up():
    """Each may shrink as much as it likes; a thousand of them may not."""
    assert refused(zipped({f"{n}.csv": bytes(1_000_000) for n in range(10)})) == "format.zip-ratio"


def test_a_directory_without_end_is_counted_before_it_is_read(monkeypatch: pytest.MonkeyPatch):
    """The library would make an object of each entry first."""
    data = zipped({str(n): "" for n in range(2 * LIMITS.files + 1)})
    # What the end of the directory says of their count is a lie.
    end = data.rindex(b"PK\x05\x06")
    data = data[: end + 8] + b"\x01\x00\x01\x00" + data[end + 12 :]
    monkeypatch.delattr(zipfile, "ZipFile")
    assert refused(data) == "format.zip-too-many"


def test_nothing_comes_of_an_archive_whose_last_file_is_broken():
    """Its first file is sound, and would have been obeyed before the fault shows."""
    packed = zipped({"a.csv": CSV, "b.csv": CSV})
    # The second file's packed bytes stand behind the first one's.
    at = packed.index(b"b.csv") + len("b.csv")
    broken = packed[: at + 3] + bytes([packed[at + 3] ^ 0xFF]) + packed[at + 4 :]
    with pytest.raises(RejectedError) as caught:
        next(read_all("a.zip", broken))
    assert caught.value.code == "format.zip-broken"
