"""Looking into the outbox."""

from __future__ import annotations

import os
from pathlib import Path

from customs_stub.outbox import BATCH, THOROUGH, Outbox


def names(outbox: Outbox) -> list[str]:
    """Take what is new and return its names."""
    found = outbox.look()
    for file in found:
        outbox.taken(file)
    return [file.name for file in found]


def test_each_file_is_found_once_oldest_first(tmp_path: Path) -> None:
    """And everything stays where it is."""
    for second, name in ((2, "a.xml"), (1, "b.xml")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (second, second))
    outbox = Outbox(tmp_path, set())
    assert names(outbox) == ["b.xml", "a.xml"]
    assert names(outbox) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_files_that_are_still_written_are_left_alone(tmp_path: Path) -> None:
    """Only what ends in .xml is looked at."""
    for name in ("a.xml.tmp", "b.part", "c.Temp", ".d.xml", "e.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sub.xml").mkdir()
    assert names(Outbox(tmp_path, set())) == []


def test_a_file_under_a_known_name_is_new_when_it_is_another(tmp_path: Path) -> None:
    """The inode tells, without reading the file's time."""
    outbox = Outbox(tmp_path, set())
    (tmp_path / "a.xml").write_text("1")
    names(outbox)
    (tmp_path / "a.tmp").write_text("2")
    (tmp_path / "a.tmp").rename(tmp_path / "a.xml")
    assert names(outbox) == ["a.xml"]


def test_a_file_written_over_in_place_is_noticed_by_its_time(tmp_path: Path) -> None:
    """At the next thorough look."""
    outbox = Outbox(tmp_path, set())
    (tmp_path / "a.xml").write_text("1")
    names(outbox)
    os.utime(tmp_path / "a.xml", (1, 1))
    assert [name for _ in range(THOROUGH) for name in names(outbox)] == ["a.xml"]


def test_a_crowd_is_taken_in_batches(tmp_path: Path) -> None:
    """So that answers are not kept waiting."""
    for number in range(BATCH + 1):
        (tmp_path / f"{number}.xml").touch()
    outbox = Outbox(tmp_path, set())
    assert [len(names(outbox)), len(names(outbox)), len(names(outbox))] == [BATCH, 1, 0]
