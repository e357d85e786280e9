"""A bar on a terminal while something goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)


def bar_on(console: Console) -> Progress:
    """Return a bar that is gone when it ends, and that only a terminal shows."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    )


@contextmanager
def progress(label: str) -> Iterator[Callable[[Callable[[], tuple[int, int]]], None]]:
    """Show a bar on a terminal while something goes on; elsewhere nothing is counted at all.

    Yields:
        What takes a function that counts all there is, and how much of it is open.
    """
    with bar_on(Console(stderr=True)) as bar:
        task = bar.add_task(label, total=None)

        def tell(count: Callable[[], tuple[int, int]]) -> None:
            if not bar.disable:
                total, still_open = count()
                bar.update(task, total=total, completed=total - still_open)

        yield tell
