"""The gateway's own log: one event a line, as JSON for machines or aligned text for a terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from functools import partial
from io import TextIOBase
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict

from gateway.clock import Clock

# Libraries write what they are given at DEBUG; business data does not belong into a log.
_TALKATIVE = ("sqlalchemy", "alembic", "watchdog", "pkcs11", "xmlschema")


def configure_logs(clock: Clock, *, verbose: bool = False) -> None:
    """Send events to standard error; line breaks inside values are escaped, so no value forges a line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if sys.stderr.isatty():
        # Its own way to show a fault would show the values of variables, and a PIN among them.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(repr_native_str=True, exception_formatter=plain)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            partial(_stamp, clock),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Patient(sys.stderr))),
    )


class _Patient(TextIOBase):
    """A stream that is written as far as it can be: a full disk takes the log, and not the work with it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def _stamp(clock: Clock, _logger: object, _method: str, event: EventDict) -> EventDict:
    """Note the time of the gateway's own clock, so that log, documents and receipts agree."""
    event["timestamp"] = clock.now().isoformat(timespec="milliseconds")
    return event
