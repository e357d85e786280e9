"""Which file systems come over a network: there nobody tells who has a file open."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")
_REMOTE = frozenset(
    {
        *(
            "nfs",
            "nfs4",
            "cifs",
            "smb3",
            "smbfs",
            "9p",
            "ceph",
            "afs",
            "lustre",
            "glusterfs",
            "ocfs2",
            "gfs2",
        ),
        *("davfs", "virtiofs", "vboxsf", "prl_fs"),
    }
)


def is_remote(device: int) -> bool:
    """Return whether a device (`st_dev`) is a file system of another machine; False where that is unknown."""
    return _type_of(device).startswith("fuse.") or _type_of(device) in _REMOTE


@lru_cache(maxsize=64)
def _type_of(device: int) -> str:
    """Return the type of the file system, from the system's table of mounts, or empty."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = _TABLE.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        if before.split(" ")[2:3] == [wanted]:
            return after.split(" ")[0]
    return ""
