"""Several gateways under one command: processes that share the work, each started again when it dies."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from gateway.cli.processes import Supervised
from gateway.cli.session import Session
from gateway.cli.show import DONE, REFUSED
from gateway.errors import refuse
from gateway.logs import log

_LOOK_SECONDS = 0.2


class Crew:
    """So many processes of `gateway run`; each joins in on the database as one on another machine would.

    Args:
        session: What they are given: configuration, language and time.
        arguments: What stands behind `run` for each; nothing for one that runs until it is stopped.
    """

    def __init__(self, session: Session, arguments: Sequence[str]) -> None:
        self._session = session
        self._arguments = arguments
        self._over: dict[int, int] = {}

    def run(self, workers: int, stopped: threading.Event) -> int:
        """Run them until stopped, or until each has ended in good order; return the worst they had to tell.

        Raises:
            RejectedError: `cli.one-worker`: the database takes one process only.
        """
        if self._session.settings.database.startswith("sqlite:"):
            raise refuse("cli.one-worker", database=self._session.settings.database)
        with ExitStack() as parts:
            crew = [
                parts.enter_context(Supervised(self._command, partial(self._goes_on, number)))
                for number in range(1, workers + 1)
            ]
            while not stopped.wait(_LOOK_SECONDS) and len(self._over) < workers:
                pass
            for each in crew:
                each.ask_to_end()
        return max(self._over.values(), default=DONE)

    def _command(self) -> list[str]:
        """Return the command line of a process; one that starts later begins at a later time."""
        session = self._session
        given = ["--config", str(session.file)]
        if session.language:
            given += ["--lang", session.language]
        if session.clock.start is not None:
            given += ["--now", session.clock.now().isoformat()]
        return [sys.executable, "-m", "gateway", *given, "run", *self._arguments]

    def _goes_on(self, number: int, code: int) -> bool:
        """Take down that one has ended; return whether it is to be started again."""
        if self._arguments and code in {DONE, REFUSED}:
            self._over[number] = code
            return False
        log.warning("worker-started-again", worker=number, code=code)
        return True
