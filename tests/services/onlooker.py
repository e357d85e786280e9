"""A user of the operating system who may look at the database and at nothing else of an installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

NOBODY = 65534
# Becomes the user, if it may, then runs commands in one process, since a start takes its time. All is loaded
# before, because Python itself may lie where only its owner can read.
_SCRIPT = """
import importlib.readers, json, os, pkgutil, sys
import encodings.utf_8_sig, gateway, psycopg
from click.testing import CliRunner
from gateway.cli import main
for each in pkgutil.walk_packages(gateway.__path__, "gateway."):
    if ".migrations" not in each.name and each.name != "gateway.__main__":
        importlib.import_module(each.name)
config, commands, user = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
told = {}
for words in commands:
    done = CliRunner().invoke(main, ["--config", config, *words])
    told[" ".join(words)] = [done.exit_code, done.stdout, done.stderr, repr(done.exception)]
print(json.dumps(told))
"""


def look(config: Path, commands: list[list[str]], folder: Path) -> dict[str, Any]:
    """Run commands as the user: of each the exit code, what it said, and what was wrong."""
    words = [sys.executable, "-c", _SCRIPT, str(config), json.dumps(commands), str(NOBODY)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def let_look(private: Path, database: Path, *readable: Path) -> None:
    """Set the rights as the documentation tells: the group may read the database, nobody else's is var."""
    private.chmod(0o700)
    database.parent.chmod(0o750)
    for file in database.parent.glob(f"{database.name}*"):
        file.chmod(0o640)
    if os.geteuid() == 0:
        for each in (database.parent, *database.parent.glob(f"{database.name}*")):
            os.chown(each, -1, NOBODY)
    else:
        # Without a second user the first one takes his own rights away.
        private.chmod(0)
        for file in database.parent.glob(f"{database.name}*"):
            file.chmod(0o440)
    for each in readable:
        each.chmod(each.stat().st_mode | 0o055)
