"""Watching aggregations until they are done: a bar on a terminal, elsewhere a line for each phase."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console

from gateway.cli.aggregations import count_of
from gateway.cli.bars import bar_on
from gateway.cli.session import Session
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import Violation
from gateway.steps.phases import Phase
from gateway.steps.runs import ALERT
from gateway.store import RunRow

_LOOK_SECONDS: Final = 0.2


class Tell(Protocol):
    """Shows how far a run is."""

    def __call__(self, row: RunRow) -> None:
        """Show it."""
        ...


def watch(session: Session, numbers: Sequence[str]) -> int:
    """Wait until runs are done, or need a person; the gateway that makes them is another process."""
    code = DONE
    ended: list[str] = []
    with _shown(session.show) as tell:
        for number in numbers:
            while (row := _present(session, number)) is not None:
                if (stopped := _stopped(session, number)) is not None:
                    session.show.line("aggregation-stopped", run=number, text=stopped)
                    code = REFUSED
                    break
                tell(row)
                time.sleep(_LOOK_SECONDS)
            else:
                ended.append(number)
    # The bar is gone by then, and of a small run perhaps only the first phase was seen.
    for number in ended:
        Console(stderr=True).print(_end(session, number), highlight=False, soft_wrap=True)
    return code


def _end(session: Session, number: str) -> str:
    """Return how a run came out, and how its declarations are listed."""
    with session.readable.read() as unit:
        row = unit.documents.get(number)
    assert row is not None, f"{number} was asked for"
    assert row.period is not None, f"{number} is of a month"
    month = f"{row.period[:4]}-{row.period[4:]}"
    return session.show.word("aggregation-ended", run=number, state=session.show.word(row.state), month=month)


def _present(session: Session, number: str) -> RunRow | None:
    """Return how far a run is, None when all is made; what is cleared away after it is nobody's matter."""
    with session.readable.read() as unit:
        row = unit.runs.get(number)
    return None if row is None or row.phase == Phase.CLEARING else row


def _stopped(session: Session, number: str) -> str | None:
    with session.readable.read() as unit:
        found = (alert for alert in unit.alerts.opened() if (alert.code, alert.subject) == (ALERT, number))
        alert = next(found, None)
    return None if alert is None else Violation(ALERT, values=alert.values).text(session.show.language)


@contextmanager
def _shown(show: Show) -> Iterator[Tell]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(show, console)
        return
    with bar_on(console) as bar:
        task = bar.add_task("", total=None)

        def tell(row: RunRow) -> None:
            bar.update(task, description=_described(show, row), total=count_of(row), completed=row.done)

        yield tell


class _Lines:
    """Tells each phase once."""

    def __init__(self, show: Show, console: Console) -> None:
        self._show = show
        self._console = console
        self._told = ""

    def __call__(self, row: RunRow) -> None:
        line = _described(self._show, row)
        if line != self._told:
            self._console.print(line, highlight=False)
            self._told = line


def _described(show: Show, row: RunRow) -> str:
    return f"{row.run} {show.word(f'phase.{row.phase}')}"
