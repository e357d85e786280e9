"""File systems of other machines refuse leases on files that nobody writes; such a refusal says nothing."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from gateway.channels import mounts
from gateway.channels.mounts import is_remote
from gateway.channels.stillness import open_for_writing

_TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
90 22 0:45 / /mnt/erp\\040files rw,relatime shared:7 master:1 - cifs //erp/out rw,vers=3.1.1
91 22 0:46 / /mnt/nfs rw - nfs4 erp:/out rw
92 22 0:47 / /mnt/sshfs rw - fuse.sshfs erp:/out rw
93 22 0:48 / /mnt/data rw - btrfs /dev/sdb rw
a line that nobody understands
"""


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A table of mounts of the test's own."""
    file = tmp_path / "mountinfo"
    file.write_text(_TABLE)
    monkeypatch.setattr(mounts, "_TABLE", file)
    mounts._type_of.cache_clear()
    yield file
    mounts._type_of.cache_clear()


@pytest.mark.parametrize(("minor", "remote"), [(45, True), (46, True), (47, True), (48, False), (99, False)])
def test_the_table_of_mounts_tells_what_comes_over_a_network(minor: int, *, remote: bool) -> None:
    """By the device; one that is not in it counts as local."""
    assert is_remote(os.makedev(0, minor)) is remote


def test_without_a_table_everything_is_local(table: Path) -> None:
    """A system without /proc has no leases either."""
    table.unlink()
    assert not is_remote(os.makedev(0, 45))


@pytest.mark.requirement("ER-05")
def test_a_refused_lease_on_a_share_keeps_no_file_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Path
) -> None:
    """On a local file system the same refusal means a writer."""

    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    file = tmp_path / "order.csv"
    file.write_bytes(b"1")
    with file.open("rb") as opened:
        assert open_for_writing(opened.fileno())
        device = os.fstat(opened.fileno()).st_dev
        mine = f"94 22 {os.major(device)}:{os.minor(device)} / /mnt/x rw - cifs //erp/out rw\n"
        table.write_text(mine)
        mounts._type_of.cache_clear()
        assert not open_for_writing(opened.fileno())
