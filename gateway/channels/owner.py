"""Who claims on servers: the name of an installation, the same for all gateways that share a database."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from gateway.errors import ParkedError

_OWNER = "gateway-id"


def owner_of(var: Path) -> str:
    """Return the name of this installation among those that claim; made once, and kept in `var`.

    Raises:
        ParkedError: `channels.owner-unusable`.
    """
    file = var / _OWNER
    try:
        if not file.exists():
            draft = _written(file, uuid4().hex)
            # Whoever comes second finds the first one's.
            with suppress(FileExistsError):
                os.link(draft, file)
            draft.unlink()
        owner = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as fault:
        raise ParkedError("channels.owner-unusable", file=file, reason=str(fault)) from fault
    if len(owner) != 32 or not owner.isalnum():
        raise ParkedError("channels.owner-unusable", file=file, reason=repr(owner[:40]))
    return owner


def take_owner(var: Path, owner: str) -> None:
    """Claim under the name that the other gateways have, so that one finds what another had in hand.

    Raises:
        ParkedError: `channels.owner-unusable`.
    """
    file = var / _OWNER
    try:
        _written(file, owner).rename(file)
    except OSError as fault:
        raise ParkedError("channels.owner-unusable", file=file, reason=str(fault)) from fault


def _written(file: Path, owner: str) -> Path:
    draft = file.with_name(f".{uuid4().hex}.tmp")
    draft.write_text(owner + "\n", "ascii")
    return draft
