"""The kernel's word that something came into a folder; without it everything works, only later."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Self

from gateway.channels.base import unfinished
from gateway.channels.stillness import Signature
from gateway.logs import log

# watchdog's observers hold a rename back for half a second to find its other half; the thread
# below them tells it at once, and one of it serves every folder.
try:
    from watchdog.observers.inotify_c import (
        CallbackId,
        InotifyConstants,
        InotifyEvent,
        InotifyFD,
        Mask,
        WatchDescriptor,
    )
except (ImportError, AttributeError):  # a system without inotify: the scans alone do the work
    _EVENTS = None
else:
    _EVENTS = Mask(
        InotifyConstants.IN_MOVED_TO | InotifyConstants.IN_CLOSE_WRITE | InotifyConstants.IN_ONLYDIR
    )

_ids = count(1)


class Watch:
    """One folder under watch; it remembers which files were renamed into it, and so are finished."""

    def __init__(self, kernel: InotifyFD | None, folder: Path, wake: Callable[[], None]) -> None:
        self._kernel = kernel
        self._folder = folder
        self._wake = wake
        self._inode: int | None = None
        self._renamed: dict[str, Signature] = {}
        self._lock = threading.Lock()
        self.renew()

    def renew(self) -> None:
        """Watch the folder again if it was removed, moved away or put back."""
        if self._kernel is None or _EVENTS is None:
            return
        # Absent, or too many watches: the scan tells the one, and does without the other.
        with suppress(OSError):
            inode = self._folder.stat().st_ino
            if inode != self._inode:
                path = os.fsencode(self._folder)
                self._kernel.add_callback(path, _EVENTS, self, CallbackId(next(_ids)))
                self._inode = inode

    def renamed(self) -> dict[str, Signature]:
        """Return what was renamed into the folder since the last call, as it looked then."""
        with self._lock:
            found, self._renamed = self._renamed, {}
        return found

    def on_event(self, event: InotifyEvent) -> None:
        """Take the kernel's word; runs in its thread, so it must not fail."""
        name = os.fsdecode(event.name)
        if unfinished(name):
            return
        if event.is_moved_to:
            with suppress(OSError):
                signature = Signature.of((self._folder / name).lstat())
                with self._lock:
                    self._renamed[name] = signature
        self._wake()

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:  # noqa: ARG002 - watchdog's protocol
        """Remember that the folder is gone."""
        self._inode = None

    def on_queue_overflow(self) -> None:
        """Events were lost: the scan finds what they would have told."""
        self._wake()


class Waker:
    """Watches folders with one thread; on a system without inotify it watches none."""

    def __init__(self) -> None:
        self._kernel: InotifyFD | None = None

    def __enter__(self) -> Self:
        """Begin to listen."""
        if _EVENTS is not None:
            try:
                self._kernel = InotifyFD()
            except OSError as fault:
                log.warning("folders-not-watched", reason=fault.strerror)
            else:
                self._kernel.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        if self._kernel is not None:
            self._kernel.stop()
            self._kernel.join()
            self._kernel = None

    def watch(self, folder: Path, wake: Callable[[], None]) -> Watch:
        """Watch a folder from now on; `wake` is called in the listening thread for each arrival."""
        return Watch(self._kernel, folder, wake)
