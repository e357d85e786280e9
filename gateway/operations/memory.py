"""The memory of this process, where PIN and passwords are: nothing of it is dumped, nobody looks in."""

from __future__ import annotations

import ctypes
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def keep_memory_private() -> None:
    """Let no crash leave the PIN in a core file, and no process but root's read memory or environment.

    The rights go with the process: what it starts begins as usual, except that it writes no core file.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
