"""Names that are safe to show, and when a file counts as finished, as rules."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.base import check_name, reason_of, shown, unfinished
from gateway.channels.stillness import Looks, Signature
from gateway.errors import ParkedError, Violation

FILE = Signature(size=1, mtime=1, inode=1, mode=0o100644)
GROWN = Signature(size=2, mtime=1, inode=1, mode=0o100644)


@given(st.binary(min_size=1, max_size=255))
def test_every_name_that_a_disk_can_hold_is_shown_as_plain_text(raw: bytes) -> None:
    """Whatever the bytes, the shown name can be stored, printed on one line, and read."""
    name = shown(os.fsdecode(raw))
    assert name.isprintable()
    assert name.encode("utf-8")


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1))
def test_ordinary_names_are_shown_as_they_are(name: str) -> None:
    """Chinese, accents and punctuation stay."""
    assert shown(name) == name


@given(st.text(max_size=250))
def test_a_name_that_may_be_sent_is_one_plain_file_in_the_folder(name: str) -> None:
    """What passes leads to no other folder, hides nothing, and is taken by every reader."""
    try:
        check_name(name)
    except ParkedError:
        return
    assert os.path.basename(name) == name  # noqa: PTH119 - as the system splits it
    assert not unfinished(name)
    assert len(os.fsencode(f".{name}.tmp")) <= 255


@pytest.mark.requirement("ER-05")
@given(st.lists(st.tuples(st.floats(0, 2), st.booleans()), max_size=30))
def test_a_file_is_finished_exactly_when_its_last_change_was_seen_long_enough_ago(
    steps: list[tuple[float, bool]],
) -> None:
    """Whatever the rhythm of looks and changes, half a second of stillness is needed, and enough."""
    now, size, seen_at, seen = 0.0, 0, 0.0, -1
    looks = Looks(0.5, lambda: now)
    for pause, grows in steps:
        now += pause
        size += grows
        signature = Signature(size, 1, 1, 0o100644)
        if seen != size:
            seen, seen_at = size, now
            expected = False
        else:
            expected = now - seen_at >= 0.5
        assert looks.still("a", signature) is expected


def test_names_are_looked_at_apart_and_forgotten_when_they_go() -> None:
    """A file that went and came back begins anew."""
    now = 0.0
    looks = Looks(0.5, lambda: now)
    looks.still("a", FILE)
    looks.still("b", FILE)
    now = 1.0
    looks.keep({"a"})
    assert looks.still("a", FILE)
    assert not looks.still("b", FILE)
    looks.restart("a")
    assert not looks.still("a", FILE)


def test_the_writers_word_holds_for_the_file_as_it_was() -> None:
    """Renamed, it is finished at once; changed since, it is not."""
    looks = Looks(0.5, lambda: 0.0)
    looks.finished({"a": FILE, "b": FILE})
    assert looks.still("a", FILE)
    assert not looks.still("b", GROWN)


@given(st.lists(st.builds(Signature, *[st.integers(0, 2)] * 4), min_size=2, max_size=8))
def test_any_change_that_a_disk_shows_is_a_change(signatures: list[Signature]) -> None:
    """Size, time, inode and kind each count."""
    looks = Looks(0, lambda: 0.0)
    looks.still("a", signatures[0])
    for before, after in pairwise(signatures):
        assert looks.still("a", after) is (before == after)


def test_a_reason_is_told_in_both_languages() -> None:
    """The file beside a quarantined one explains itself to either reader."""
    violation = Violation("channels.too-large", values={"name": "a", "size": 2, "limit": 1})
    assert reason_of("a", violation) == {
        "name": "a",
        "violations": [
            {
                "code": "channels.too-large",
                "text_en": "The file a has 2 bytes; at most 1 are read.",
                "text_zh": "文件 a 大小为 2 字节，最多读取 1 字节。",
            }
        ],
    }
