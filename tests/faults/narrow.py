"""A disk without room for one folder or file, as long as a test does not make room."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.channels import FolderOutbox, LineLog

_ROOM_BYTES = 100


def narrow(place: Path, room: Path) -> None:
    """Let the system refuse what is written to the place beyond some bytes until `room` exists."""
    for channel, method in ((FolderOutbox, "_write"), (LineLog, "_append")):
        setattr(channel, method, _limited(getattr(channel, method), place, room))


def _limited(real: Callable[..., Any], place: Path, room: Path) -> Callable[..., Any]:
    def limited(channel: Any, *given: Any) -> Any:
        if place not in vars(channel).values() or room.exists():
            return real(channel, *given)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (_ROOM_BYTES, before[1]))
        try:
            return real(channel, *given)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited
