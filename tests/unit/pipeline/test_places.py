"""What `gateway check` looks at outside the configuration: folders, secrets, room on the disk."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from gateway.config import load_settings
from gateway.operations import (
    check_folder,
    check_guarded,
    check_inbox,
    check_private,
    check_secret,
    check_space,
)
from gateway.rights import check_rights
from tests.source import ROOT

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 -- as shutil has it


def test_a_folder_that_is_there_and_open_is_fine(tmp_path: Path) -> None:
    """One that is not is named."""
    assert list(check_folder(tmp_path)) == []
    (fault,) = check_folder(tmp_path / "absent")
    assert fault.code == "operations.folder-absent"
    assert "absent" in fault.text("zh")


def test_a_folder_that_may_not_be_used_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system is asked; a superuser may everything, so that its answer is put in its mouth."""
    monkeypatch.setattr("os.access", lambda *_: False)
    (fault,) = check_folder(tmp_path)
    assert fault.code == "operations.folder-not-writable"


@pytest.mark.parametrize(("mode", "faults"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o700, 0)])
@pytest.mark.requirement("ID-01")
def test_a_secret_that_others_can_read_is_a_fault(tmp_path: Path, mode: int, faults: int) -> None:
    """Its mode is told, and what it should be."""
    file = tmp_path / "pin"
    file.write_text("1234")
    file.chmod(mode)
    found = list(check_secret(file))
    assert len(found) == faults
    assert all(f"{mode:03o}" in fault.text() and "600" in fault.text() for fault in found)
    assert list(check_secret(tmp_path / "absent")) == []


def test_what_everybody_may_change_is_named_with_the_folders_above(tmp_path: Path) -> None:
    """A folder that everybody may write lets everybody replace its files, unless it is sticky as /tmp is."""
    safe, open_folder, sticky = (tmp_path / name for name in ("safe", "open", "sticky"))
    files = []
    for folder, mode in ((safe, 0o755), (open_folder, 0o777), (sticky, 0o1777)):
        folder.mkdir()
        (folder / "a.toml").touch(0o644)
        (folder / "b.toml").touch(0o644)
        folder.chmod(mode)
        files += [folder / "a.toml", folder / "b.toml"]
    (safe / "b.toml").chmod(0o646)
    found = list(check_guarded([*files, tmp_path / "absent"]))
    assert {fault.code for fault in found} == {"operations.file-open"}
    assert [fault.values["file"] for fault in found] == [safe / "b.toml", open_folder]
    assert [fault.values["file"] for fault in check_guarded([sticky])] == [sticky]


@pytest.mark.parametrize(("mode", "private", "inbox"), [(0o750, 0, 0), (0o755, 1, 0), (0o757, 1, 1)])
def test_folders_that_are_open_to_everybody_are_a_warning(
    tmp_path: Path, mode: int, private: int, inbox: int
) -> None:
    """Of business data who may look, of an inbox who may write; a group is the operator's matter."""
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    looked, written = list(check_private(folder)), list(check_inbox(folder))
    assert (len(looked), len(written)) == (private, inbox)
    assert all(fault.warning and f"{mode:03o}" in fault.text("zh") for fault in (*looked, *written))
    assert [*check_private(tmp_path / "absent"), *check_inbox(tmp_path / "absent")] == []


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough is none."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10 * 2**30))
    assert list(check_space(tmp_path)) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 3 * 2**20))
    (warning,) = check_space(tmp_path)
    assert warning.warning
    assert "3 MiB" in warning.text()
    assert list(check_space(tmp_path / "absent")) == []


@pytest.mark.parametrize("name", ["pin-latch.json", "last-seal", "gateway.db", "."])
def test_what_the_gateway_remembers_is_everybodys_to_change_only_by_mistake(
    tmp_path: Path, name: str
) -> None:
    """Without its latch a wrong PIN would be tried again; the database is all that is known."""
    (tmp_path / "var").mkdir(mode=0o700)
    place = tmp_path / "var" / name
    place.touch()
    place.chmod(0o777)
    settings = load_settings(ROOT / "gateway.toml").model_copy(update={"root": tmp_path})
    assert place in {fault.values["file"] for fault in check_rights(settings) if not fault.warning}
