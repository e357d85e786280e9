"""A process that a command starts and looks after; one that dies is started again, as a service would be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 20.0
# The shell looks whether the parent died before its death could have been told.
_TIED = ("setpriv", "--pdeathsig", "TERM", "--", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


class Supervised:
    """One child process; it ends with its parent, however that ends.

    Args:
        command: Returns program and arguments, at each start.
        ended: Called with the exit code each time it ended by itself; returns whether it is started again.
        log: Where its output goes; None is where that of the parent goes.
        folder: Where it runs; None is where the parent does.
    """

    def __init__(
        self,
        command: Callable[[], Sequence[str]],
        ended: Callable[[int], bool],
        log: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        # Without setpriv (it comes with Linux) a child outlives a parent that is killed outright.
        self._tied = (*_TIED, str(os.getpid())) if shutil.which("setpriv") else ()
        self._command = command
        self._folder = folder
        self._log = log
        self._ended = ended
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start the process and watch it."""
        if self._log is not None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask the process to end, and insist when it does not."""
        self.ask_to_end()
        with self._lock:
            process = self._process
        if process is not None:
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._watcher.join()

    def ask_to_end(self) -> None:
        """Ask the process to end in good order, and start it no more."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with self._lock, ExitStack() as files:
                if self._stopping.is_set():
                    return
                output = None if self._log is None else files.enter_context(self._log.open("ab"))
                self._process = subprocess.Popen(  # noqa: S603 -- our own programs
                    (*self._tied, *self._command()),
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    # Ctrl-C is for the command alone, which then ends its children in order.
                    start_new_session=True,
                )
            code = self._process.wait()
            if self._stopping.wait(_PAUSE_SECONDS) or not self._ended(code):
                return
