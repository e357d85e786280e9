"""An inbox whose senders lay a done marker beside each file that is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.channels import Intake
from tests.contract.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty inbox in which `.done` says finished."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return Desk(folder, Intake(done_marker=".done"))


def _next_owner(desk: Desk) -> Desk:
    desk.inbox.close()
    return Desk(desk.folder, Intake(done_marker=".done"))


@pytest.mark.requirement("ER-05")
def test_a_file_without_its_marker_is_never_taken(desk: Desk) -> None:
    """However long its writer pauses, on whatever file system: with the marker it is taken at once."""
    (desk.folder / "a.csv").write_bytes(b"first ")
    assert desk.finished() == {}
    assert desk.look_later(3600) == {}
    with (desk.folder / "a.csv").open("ab") as writer:
        writer.write(b"second")
    (desk.folder / "a.csv.done").touch()
    assert desk.look() == {"a.csv": b"first second"}


@pytest.mark.requirement("ER-05")
def test_the_marker_goes_with_its_file(desk: Desk) -> None:
    """So that the next file of the name is not called finished by it."""
    (desk.folder / "a.csv").write_bytes(b"1")
    (desk.folder / "a.csv.done").touch()
    desk.put_away()
    assert [file.name for file in desk.folder.iterdir() if not file.name.startswith(".")] == []
    assert desk.names_in(".done") == ["a.csv"]
    (desk.folder / "a.csv").write_bytes(b"half")
    assert desk.finished() == {}
    assert desk.inbox.waiting() == 1


def test_a_marked_file_that_is_still_open_for_writing_is_waited_for(desk: Desk) -> None:
    """A marker that came too early harms nothing where the system tells who writes."""
    with (desk.folder / "a.csv").open("wb", buffering=0) as writer:
        writer.write(b"first ")
        (desk.folder / "a.csv.done").touch()
        assert desk.finished() == {}
        writer.write(b"second")
    assert desk.look() == {"a.csv": b"first second"}


@pytest.mark.requirement("ER-05")
def test_a_marker_without_a_file_is_told_and_is_no_interchange(desk: Desk) -> None:
    """After a minute it goes to quarantine with the reason, also when another owner has to do it."""
    (desk.folder / "a.csv.done").write_bytes(b"what is in it does not matter")
    assert desk.finished() == {}
    assert desk.inbox.waiting() == 0
    assert desk.look_later(60) == {}
    later = _next_owner(desk)
    assert later.look() == {}
    assert later.refused() == {"a.csv.done": "channels.marker-alone"}
    assert desk.names_in(".quarantine") == ["a.csv.done", "a.csv.done.reason.json"]


def test_a_marker_whose_file_was_taken_by_an_owner_that_died_is_cleared_away(desk: Desk) -> None:
    """Killed between taking the file and its marker: the next owner does the rest."""
    (desk.folder / "a.csv").write_bytes(b"1")
    (desk.folder / "a.csv.done").touch()
    desk.look()
    (desk.folder / "a.csv.done").touch()
    later = _next_owner(desk)
    assert later.look() == {"a.csv": b"1"}
    assert not (desk.folder / "a.csv.done").exists()


def test_a_next_file_of_the_name_keeps_its_marker_when_an_owner_dies(desk: Desk) -> None:
    """Only a marker that has no file is left over."""
    (desk.folder / "a.csv").write_bytes(b"1")
    (desk.folder / "a.csv.done").touch()
    desk.look()
    (desk.folder / "a.csv").write_bytes(b"2")
    (desk.folder / "a.csv.done").touch()
    later = _next_owner(desk)
    assert sorted(arrival.data for arrival in later.inbox.receive(10)) == [b"1", b"2"]
