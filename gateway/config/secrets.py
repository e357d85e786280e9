"""Where passwords come from: environment, systemd credential or private file, never `gateway.toml`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from gateway.errors import ParkedError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def secret_variable(name: str) -> str:
    """Return the environment variable in which a secret may stand."""
    return "GATEWAY_" + name.upper().replace("-", "_")


def read_secret(name: str, file: Path) -> str | None:
    """Return a secret, or None where there is none.

    It is looked for in the environment variable `GATEWAY_<NAME>` (capital letters, `_` for `-`), in the
    systemd credential of its name, and in a file that only its owner may read. A line end at the end does
    not belong to it. What systemd gives is not asked for its mode: an access control list for the
    service's user looks like a right of the group there, and the folder around it lets nobody else in.

    Args:
        name: The secret.
        file: Where it stands if nowhere else.

    Raises:
        ParkedError: `config.secret-open` (others may read the file), `config.secret-unreadable`.
    """
    if value := os.environ.get(secret_variable(name)):
        return value
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (given := Path(credentials) / name).is_file():
        return _text(given)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise ParkedError("config.secret-unreadable", file=file, reason=fault.strerror) from fault
    if mode & _OTHERS:
        raise ParkedError("config.secret-open", file=file)
    return _text(file)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8").rstrip("\r\n")
    except OSError as fault:
        raise ParkedError("config.secret-unreadable", file=file, reason=fault.strerror) from fault
    except UnicodeDecodeError as fault:
        raise ParkedError("config.secret-unreadable", file=file, reason="UTF-8") from fault
