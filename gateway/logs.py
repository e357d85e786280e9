"""The gateway's own log: one event a line, as JSON for machines or aligned text for a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from functools import partial
from io import TextIOBase
from threading import Lock
from typing import Any, Final, TextIO, cast

from gateway.clock import Clock

# Libraries write what they are given at DEBUG; business data does not belong into a log.
_TALKATIVE = ("sqlalchemy", "alembic", "watchdog", "pkcs11", "xmlschema")

_Event = MutableMapping[str, Any]


class Log:
    """Tells events, `log.info("gateway-ready", now=…)`; structlog is loaded with the first."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._prepare: Callable[[], None] | None = None

    def prepare(self, prepare: Callable[[], None]) -> None:
        """Have this done before the next event is told."""
        self._prepare = prepare

    def open(self) -> None:
        """Get ready to tell events, for whom the first is not to wait."""
        # Prepared twice, threads would write into each other's lines.
        with self._lock:
            if self._prepare is not None:
                self._prepare()
                self._prepare = None

    def __getattr__(self, level: str) -> Callable[..., None]:
        """Return what tells an event of a level."""
        import structlog  # noqa: PLC0415 -- most commands have nothing to tell, and would wait for it

        self.open()
        tell: Callable[..., None] = getattr(structlog.get_logger(), level)
        return tell


log: Final = Log()


def configure_logs(clock: Clock, *, verbose: bool = False) -> None:
    """Send events to standard error; line breaks inside values are escaped, so no value forges a line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    log.prepare(partial(_configure, clock, logging.DEBUG if verbose else logging.INFO))


def _configure(clock: Clock, level: int) -> None:
    import structlog  # noqa: PLC0415 -- as in `Log`

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
        wrapper_class=structlog.make_filtering_bound_logger(level),
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


def _stamp(clock: Clock, _logger: object, _method: str, event: _Event) -> _Event:
    """Note the time of the gateway's own clock, so that log, documents and receipts agree."""
    event["timestamp"] = clock.now().isoformat(timespec="milliseconds")
    return event
