"""Starts real programs by forking a process that has imported them already: a start costs a tenth."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from tests.source import ROOT

# Only what hangs comes near it: a test waits for a condition, never for a time.
PATIENCE_SECONDS = 60.0


class Nursery:
    """Where programs are forked; `tests/faults/nursery.py` is the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nursery"],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """Give the nursery to a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let it end, and what it has started with it."""
        self._process.communicate()

    def ask(self, **order: Any) -> Any:
        """Give an order and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


@cache
def nursery() -> Nursery:
    """Return the nursery of this process of tests, which ends with it."""
    made = Nursery()
    atexit.register(made.__exit__)
    return made


def run(program: str, arguments: Sequence[str], before: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end, in its own pace and with the environment of the test.

    Args:
        program: `gateway` or `customs-stub`.
        arguments: Its words.
        before: What the process runs before it becomes the program.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = _Said(Path(folder))
        pid = said.start(program, arguments, before)
        # Waited for here, so that another thread may start something meanwhile.
        handle = os.pidfd_open(pid)
        select.select([handle], [], [], 2 * PATIENCE_SECONDS)
        os.close(handle)
        code = nursery().ask(do="wait", pid=pid, seconds=0)
        assert code is not None, f"{program} did not end:\n{said.errors()}"
        return subprocess.CompletedProcess([program, *arguments], code, said.output(), said.errors())


@contextmanager
def beside(program: str, arguments: Sequence[str], ready: str) -> Iterator[None]:
    """Run a program beside what happens in the block, from the moment when it says that it is ready."""
    with tempfile.TemporaryDirectory() as folder:
        said = _Said(Path(folder))
        pid = said.start(program, arguments)
        try:
            until = time.monotonic() + PATIENCE_SECONDS
            while said.output() != ready:
                assert time.monotonic() < until, f"{program} is not ready:\n{said.errors()}"
                time.sleep(0.01)
            yield
        finally:
            os.kill(pid, signal.SIGTERM)
            nursery().ask(do="wait", pid=pid, seconds=PATIENCE_SECONDS)


@dataclass(frozen=True)
class _Said:
    """What a program writes, each stream into a file of its own."""

    folder: Path

    def start(self, program: str, arguments: Sequence[str], before: str = "") -> int:
        return int(
            nursery().ask(
                do="start",
                program=program,
                arguments=list(arguments),
                folder=str(ROOT),
                log=str(self.folder / "output"),
                errors=str(self.folder / "errors"),
                environment=dict(os.environ),
                before=before,
            )
        )

    def output(self) -> str:
        return self._read("output")

    def errors(self) -> str:
        return self._read("errors")

    def _read(self, name: str) -> str:
        file = self.folder / name
        return file.read_text("utf-8") if file.exists() else ""
