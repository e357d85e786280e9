"""Folders and room on the disk: is each as the gateway needs it?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import Violation

# Less than this is soon too little for a month's messages and their history.
LEAST_FREE_BYTES = 512 * 1024 * 1024


def check_folder(folder: Path) -> Iterator[Violation]:
    """Tell whether a folder is there and can be read, searched and written."""
    if not folder.is_dir():
        yield Violation("operations.folder-absent", values={"folder": folder})
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Violation("operations.folder-not-writable", values={"folder": folder})


def check_space(folder: Path) -> Iterator[Violation]:
    """Warn before the disk is full."""
    if folder.is_dir():
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE_BYTES:
            values = {"folder": folder, "free": free // 2**20, "least": LEAST_FREE_BYTES // 2**20}
            yield Violation("operations.little-space", values=values, warning=True)
