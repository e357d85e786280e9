"""The one place besides the workers that catches everything: a fault of ours at one item stays with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.errors import GatewayError, ParkedError
from gateway.logs import log


@contextmanager
def contained(item: str) -> Iterator[None]:
    """Turn what nobody foresaw into an error that leaves this item to a person and the others alone.

    Without it one input that meets a bug would undo its whole batch, again and again, and stall
    everything that came after it.

    Args:
        item: What is being worked on, for the log.

    Raises:
        ParkedError: `containment.unexpected`; the exception is its cause.
    """
    try:
        yield
    except GatewayError:
        raise
    except Exception as fault:
        log.exception("unexpected", item=item)
        raise ParkedError("containment.unexpected", reason=type(fault).__name__) from fault
