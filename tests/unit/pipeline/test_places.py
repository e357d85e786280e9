"""What `gateway check` looks at outside the configuration: folders, secrets, room on the disk."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from gateway.operations import check_folder, check_secret, check_space

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


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough is none."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 10 * 2**30))
    assert list(check_space(tmp_path)) == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 3 * 2**20))
    (warning,) = check_space(tmp_path)
    assert warning.warning
    assert "3 MiB" in warning.text()
    assert list(check_space(tmp_path / "absent")) == []
