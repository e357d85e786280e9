"""The office's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from customs_stub.store import Seen, Store

FILE = Seen("a.xml", 1, 2)


def test_what_fails_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """A transaction is whole or absent."""
    store = Store(tmp_path / "stub.db")

    def fail() -> None:
        with store.transaction():
            store.remember(FILE)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.seen() == set()
    store.close()


def test_what_was_committed_is_there_after_reopening(tmp_path: Path) -> None:
    """Counters run on, files stay seen."""
    for number in (1, 2):
        store = Store(tmp_path / "stub.db")
        with store.transaction():
            store.remember(FILE)
            assert store.number("J53016") == number
        store.close()
    store = Store(tmp_path / "stub.db")
    assert store.seen() == {FILE}
    store.close()


def test_counters_are_apart(tmp_path: Path) -> None:
    """Each name counts from one."""
    store = Store(tmp_path / "stub.db")
    assert [store.number(name) for name in ("a", "b", "a")] == [1, 1, 2]
    store.close()
