"""Being asked to stop: at whatever moment the signal comes, the process ends in good order."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.faults.site import Site
from tests.services.installation import ROOT

# The signal arrives just when the main thread holds the lock of what it waits for, which happens by
# itself once in some hundred times.
_UNLUCKY = """
import os, signal, sys, threading
from importlib import import_module

enter = threading.Condition.__enter__

def unlucky(condition):
    result = enter(condition)
    frame = sys._getframe(1)
    if frame.f_code.co_name == "wait" and frame.f_back.f_code.co_filename.endswith(sys.argv[1]):
        threading.Condition.__enter__ = enter
        HOW
    return result

threading.Condition.__enter__ = unlucky
import_module(sys.argv[2]).main(sys.argv[3:])
"""


_WORST = {
    "while it holds the lock of what it waits for": "os.kill(os.getpid(), signal.SIGTERM)",
    "without waking it": "threading.Timer(0.5, lambda: signal.pthread_kill("
    "threading.get_ident(), signal.SIGTERM)).start()",
}


@pytest.mark.parametrize("moment", _WORST)
@pytest.mark.parametrize("program", ["gateway", "customs-stub"])
def test_a_signal_that_comes_at_the_worst_moment_is_obeyed(site: Site, program: str, moment: str) -> None:
    """The handler waits for nothing that its own thread holds, so that the process does not hang for ever.

    A thread that is about to sleep is not woken by a signal, nor by one that another thread was given.
    """
    waiting = {"gateway": "cli/running.py", "customs-stub": "customs_stub/office.py"}[program]
    module = {"gateway": "gateway.cli.main", "customs-stub": "customs_stub.__main__"}[program]
    command = [
        sys.executable,
        "-c",
        _UNLUCKY.replace("HOW", _WORST[moment]),
        waiting,
        module,
        *site.arguments(program, "run"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()
