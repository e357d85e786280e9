"""Inboxes whose files or folders the gateway may not read or change."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.errors import RetryError
from tests.contract.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty inbox."""
    return Desk(tmp_path)


@pytest.fixture
def public() -> Iterator[Desk]:
    """An inbox that everyone on this machine may use."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Desk(Path(folder))


@contextmanager
def nobody() -> Iterator[None]:
    """Act without root's rights where the tests have them."""
    uid = os.geteuid()
    os.seteuid(65534 if uid == 0 else uid)
    try:
        yield
    finally:
        os.seteuid(uid)


def test_a_file_without_permission_goes_to_quarantine(public: Desk) -> None:
    """One that may not be read is told; the next one is received."""
    (public.folder / "locked.csv").write_bytes(b"1")
    (public.folder / "locked.csv").chmod(0)
    (public.folder / "open.csv").write_bytes(b"2")
    with nobody():
        received = public.finished()
    assert received == {"open.csv": b"2"}
    assert [refusal.violation.code for refusal in public.inbox.refusals()] == ["channels.unreadable"]


def test_an_inbox_that_may_not_be_changed_is_told_and_tried_again(public: Desk) -> None:
    """Without the right to claim, nothing is taken and nothing is lost."""
    public.folder.chmod(0o555)
    (public.folder / "a.csv").write_bytes(b"1")
    with nobody():
        with pytest.raises(RetryError, match=r"channels\.folder-unusable"):
            public.look()
        public.inbox.close()
    public.folder.chmod(0o777)
    with nobody():
        assert public.finished() == {"a.csv": b"1"}


def test_a_file_that_cannot_be_claimed_is_told_once_and_keeps_no_other_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a sticky folder: a foreign file cannot be moved, the next one is received."""
    take = desk.inbox._claims.take

    def take_own(name: str) -> str | None:
        if name == "a.csv":
            raise PermissionError(1, "Operation not permitted")
        return take(name)

    monkeypatch.setattr(desk.inbox._claims, "take", take_own)
    (desk.folder / "a.csv").write_bytes(b"1")
    (desk.folder / "b.csv").write_bytes(b"2")
    assert desk.finished() == {"b.csv": b"2"}
    desk.look_later()
    assert desk.refused() == {"a.csv": "channels.not-claimed"}
    desk.look_later()
    assert desk.refused() == {}
    monkeypatch.undo()
    assert desk.look_later()["a.csv"] == b"1"
