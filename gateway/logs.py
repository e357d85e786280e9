"""The gateway's own log: one event a line, as JSON for machines or aligned text for a terminal."""

from __future__ import annotations

import logging
import sys

import structlog

# signxml and its relatives write whole documents at DEBUG; business data does not belong into a log.
_TALKATIVE = ("signxml", "sqlalchemy", "alembic", "watchdog", "pkcs11", "xmlschema")


def configure_logs(*, verbose: bool = False) -> None:
    """Send events to standard error; line breaks inside values are escaped, so no value forges a line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=False),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
