"""A process that a command starts and looks after; one that dies is started again, as a service would be."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

_PAUSE_SECONDS = 0.5
_PATIENCE_SECONDS = 20.0
# The shell looks whether the parent died before its death could have been told.
_TIED = ("setpriv", "--pdeathsig", "TERM", "--", "sh", "-c", 'test "$PPID" = "$0" && exec "$@"')


class Supervised:
    """One child process with its log file; it ends with its parent, however that ends.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        log: Where its output goes.
        restarted: Called with the exit code each time it died and is started again.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, log: Path, restarted: Callable[[int], None]
    ) -> None:
        # Without setpriv (it comes with Linux) a child outlives a parent that is killed outright.
        tied = (*_TIED, str(os.getpid())) if shutil.which("setpriv") else ()
        self._command = (*tied, *command)
        self._folder = folder
        self._log = log
        self._restarted = restarted
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start the process and watch it."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask the process to end, and insist when it does not."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with self._lock, self._log.open("ab") as output:
                if self._stopping.is_set():
                    return
                self._process = subprocess.Popen(  # noqa: S603 -- our own programs
                    self._command,
                    cwd=self._folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    # Ctrl-C is for the command alone, which then ends its children in order.
                    start_new_session=True,
                )
            code = self._process.wait()
            if not self._stopping.wait(_PAUSE_SECONDS):
                self._restarted(code)
