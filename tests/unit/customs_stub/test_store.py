"""The office's memory."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from customs_stub.config import ConfigError
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


def test_the_state_of_an_older_office_is_left_alone(tmp_path: Path) -> None:
    """It lacks what judgements need now."""
    with closing(sqlite3.connect(tmp_path / "stub.db")) as older:
        older.execute("CREATE TABLE document (id INTEGER PRIMARY KEY, kind TEXT)")
    before = (tmp_path / "stub.db").read_bytes()
    with pytest.raises(ConfigError, match=r"older customs-stub.*stub\.db"):
        Store(tmp_path / "stub.db")
    assert (tmp_path / "stub.db").read_bytes()[100:] == before[100:]


def test_others_may_look_while_one_holds_the_file(tmp_path: Path) -> None:
    """What they plan is seen by the one that holds it."""
    holder = Store(tmp_path / "stub.db")
    other = Store(tmp_path / "stub.db", held=False)
    with other.transaction():
        assert other.number("receipt") == 1
    other.close()
    assert holder.number("receipt") == 2
    holder.close()


def test_counters_are_apart(tmp_path: Path) -> None:
    """Each name counts from one."""
    store = Store(tmp_path / "stub.db")
    assert [store.number(name) for name in ("a", "b", "a")] == [1, 1, 2]
    store.close()
