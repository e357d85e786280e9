"""What a failing database means to the gateway: it passes by itself, or a person must act."""

from __future__ import annotations

import sqlite3
from typing import Any

from gateway.errors import GatewayError, ParkedError, RetryError

# These pass by themselves or once an operator has made room; every other error of SQLite is a mistake.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
# PostgreSQL ended a transaction of a process that stood still.
_STOOD_STILL = "25P03"
# The right to write is missing: of the role, or of every role on a server that only reads.
_NO_RIGHT = {"42501", "25006"}


def failure_of(fault: BaseException | None, driver: Any) -> GatewayError:
    """Return the gateway's own error for what a driver raised.

    Args:
        fault: What was raised.
        driver: The driver's module, whose exceptions are those of PEP 249.

    Returns:
        RetryError `store.not-now` or `store.not-trusted`, or ParkedError `store.no-right` or
        `store.refused`.
    """
    reason = str(fault).strip().partition("\n")[0]
    if getattr(fault, "sqlstate", "") in _NO_RIGHT or _code(fault) == sqlite3.SQLITE_READONLY:
        return ParkedError("store.no-right", reason=reason)
    if isinstance(fault, driver.OperationalError) and _distrusted(fault, reason):
        return RetryError("store.not-trusted", reason=reason)
    if isinstance(fault, sqlite3.Error):
        passing = _code(fault) in _PASSING
    else:
        passing = isinstance(fault, driver.OperationalError) or getattr(fault, "sqlstate", "") == _STOOD_STILL
    return (RetryError if passing else ParkedError)(
        "store.not-now" if passing else "store.refused", reason=reason
    )


def _distrusted(fault: BaseException, reason: str) -> bool:
    """Tell whether TLS failed: the driver has words for it and no code, and a server's own words have one.

    A server that asks for the gateway's own certificate distrusts, and is not distrusted.
    """
    told = getattr(fault, "sqlstate", "") is None and "certificate" in reason
    return told and "certificate required" not in reason


def _code(fault: BaseException | None) -> int:
    """Return SQLite's primary code of an error, 0 where there is none."""
    return int(getattr(fault, "sqlite_errorcode", 0)) & 0xFF
