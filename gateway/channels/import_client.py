"""The folders of one business in the Single Window's import client, as whoever stands behind it uses them."""

from __future__ import annotations

import errno
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.channels.folder import FolderInbox, Intake
from gateway.channels.outbox import FolderOutbox
from gateway.channels.waker import Watch
from gateway.errors import ParkedError

OUT, SENT, IN, FAILED = "OutBox", "SentBox", "InBox", "FailBox"
BOXES: Final = (OUT, SENT, IN, FAILED)
# The client takes no other names.
_TAKEN: Final = (".xml", ".zip")
# What a network mount answers when a folder is to be flushed, which it does by itself.
_NO_FLUSH: Final = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
_MOST_NAMED: Final = 10


class ImportClientInbox(FolderInbox):
    """`InBox`: what the client brings is consumed by us; it is put away in `InBox/.done/`, a rename away.

    The folders may be a share of the client's machine, so that no locks are relied on: one gateway alone
    reads them.
    """

    def __init__(self, root: Path, intake: Intake, watch: Watch | None = None) -> None:
        super().__init__(root / IN, intake=replace(intake, alone=True), watch=watch)


class ImportClientOutbox(FolderOutbox):
    """`OutBox`: written as `<name>.Temp`, then renamed; the client moves it to `SentBox`, or to `FailBox`.

    A file in `SentBox` is proof that the client has sent it, so that it counts as standing; one in
    `FailBox` was never sent, and may be put again (CU-05, CU-06).
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root / OUT)
        self._sent = root / SENT

    def _stands(self, name: str, data: bytes) -> bool:
        if super()._stands(name, data):
            return True
        if not name.lower().endswith(_TAKEN):
            raise ParkedError("channels.name-not-taken", name=name, taken=", ".join(_TAKEN))
        with suppress(FileNotFoundError):
            # Looked for after OutBox: the client moves files this way only.
            if (self._sent / name).read_bytes() != data:
                raise ParkedError("channels.name-taken", name=name, folder=self._sent)
            return True
        return False

    def _draft(self, name: str) -> str:
        return f"{self._prefix}{name}.Temp"

    def _flush_folder(self) -> None:
        try:
            super()._flush_folder()
        except OSError as fault:
            if fault.errno not in _NO_FLUSH:
                raise


def failed_files(root: Path) -> list[str]:
    """Return the names in `FailBox`, a few where there are many: what the client could not send."""
    folder = root / FAILED
    if not folder.is_dir():
        return []
    return sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))[:_MOST_NAMED]
