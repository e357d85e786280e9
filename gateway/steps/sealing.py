"""The seals of the audit trail: set soon after the rows that they prove, and named in the log."""

from __future__ import annotations

from typing import Final

import structlog

from gateway.store import Store

log = structlog.get_logger("gateway.audit")

_LIMIT: Final = 1000


def seal_trail(store: Store) -> int:
    """Seal what has come since the last time, and return whether that was anything.

    The log names the chain's value, so that whoever keeps the log can prove later that nothing was replaced.
    """
    with store.read() as unit:
        if not unit.audit.waits():
            return 0
    with store.begin() as unit:
        chain = unit.audit.seal(_LIMIT)
    if chain is None:
        return 0
    log.info("audit-sealed", head=chain)
    return 1
