"""PIN and passwords: they lie in no log, no command line, no core file, and nobody reads them from memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.flow import erp
from tests.services.installation import PATIENCE_SECONDS, ROOT, Installation
from tests.services.onlooker import NOBODY

# Becomes an ordinary user, and an ordinary process of his again, which root's own rights would hide.
_SCRIPT = """
import ctypes, os, subprocess, sys
from gateway.operations import keep_memory_private
user = int(sys.argv[1])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    ctypes.CDLL(None).prctl(4, 1)
def looked():
    words = ["cat", f"/proc/{os.getpid()}/environ"]
    return subprocess.run(words, capture_output=True, cwd="/").stdout
print(b"GATEWAY_TOKEN_PIN" in looked())
keep_memory_private()
print(b"GATEWAY_TOKEN_PIN" in looked())
"""


@pytest.mark.requirement("ID-05")
def test_nobody_but_root_reads_a_running_gateways_environment_and_memory() -> None:
    """Not even another process of the same user, who could before."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(NOBODY)],
        env={**os.environ, "GATEWAY_TOKEN_PIN": "240911"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["True", "False"]


@pytest.mark.requirement("ID-05")
def test_a_login_that_fails_leaves_the_pin_nowhere(installation: Installation) -> None:
    """Log with `--verbose`, command line, database and files know nothing of it; a crash leaves no core."""
    pin = "73190428"
    installation.drop("q.json", erp.qualification())
    log = installation.folder / "gateway.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            installation.command("--verbose", "run"),
            env={**os.environ, "GATEWAY_TOKEN_PIN": pin},
            cwd=ROOT,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        end = time.monotonic() + PATIENCE_SECONDS
        while b"token.pin-latched" not in log.read_bytes():
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.05)
        told = Path(f"/proc/{process.pid}")
        assert pin.encode() not in told.joinpath("cmdline").read_bytes()
        (core,) = (line for line in told.joinpath("limits").read_text("ascii").splitlines() if "core" in line)
        assert core.split()[4:6] == ["0", "0"]
        process.terminate()
    files = [file for file in installation.folder.rglob("*") if file.is_file()]
    assert [file for file in files if pin.encode() in file.read_bytes()] == []
