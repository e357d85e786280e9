"""A process that has imported everything and forks the real programs, so that a start costs little."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import traceback
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from customs_stub.__main__ import main as customs_stub
from gateway import clock as gateway_clock
from gateway.channels import FolderInbox
from gateway.cli.main import main as gateway
from tests.faults.killer import Killer, Point
from tests.faults.narrow import narrow
from tests.faults.wires import watch
from tests.services.warm import keep_warm

PROGRAMS = {"gateway": gateway, "customs-stub": customs_stub}
# Waiting times of the product, shortened: what is tested is the order of things, not their pace.
PACE: dict[str, Any] = {
    "gateway.workers.POLL_SECONDS": 0.1,
    "gateway.workers.RETRY_SECONDS": (0.05,),
    "gateway.cli.running._LOOK_SECONDS": 0.02,
    "gateway.doors.FolderInbox": lambda folder, intake, watch: FolderInbox(
        folder, intake=replace(intake, still_seconds=0.05), watch=watch
    ),
}
# What programs load when they need it.
LATE = (
    *("gateway.channels.amqp", "gateway.channels.sftp", "gateway.cli.lookups", "gateway.cli.months"),
    *("gateway.cli.starting", "gateway.cli.status"),
    *("alembic.command", "jinja2", "weasyprint", "xlsxwriter"),
)


def serve() -> None:
    """Read orders from standard input until it ends: start a program, or wait for one."""
    for name in (*LATE, *(name.rpartition(".")[0] for name in PACE)):
        import_module(name)
    children: set[int] = set()
    keep_warm()
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            pid = os.fork()
            if pid == 0:
                _become(order)
            children.add(pid)
            answer: Any = pid
        else:
            answer = _wait(order["pid"], order["seconds"])
            children.discard(order["pid"])
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _wait(pid: int, seconds: float) -> int | None:
    """Return the exit code of a child, negative for a signal; None when it had to be ended here."""
    handle = os.pidfd_open(pid)
    ended, _, _ = select.select([handle], [], [], seconds)
    os.close(handle)
    if not ended:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def _become(order: dict[str, Any]) -> NoReturn:
    """Run a program in this process; it never returns."""
    code: Any = 1
    try:
        os.chdir(order["folder"])
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        errors = os.open(order.get("errors", order["log"]), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for handle, standard in ((nothing, 0), (log, 1), (errors, 2)):
            os.dup2(handle, standard)
        if "environment" in order:
            os.environ.clear()
            os.environ.update(order["environment"])
        if "settings" in order:
            _hurry(order["settings"])
        if order.get("narrow"):
            narrow(*map(Path, order["narrow"]))
        if order.get("clock"):
            set_clock(Path(order["clock"]))
        if order.get("trace"):
            point = None if order["point"] is None else Point(**order["point"])
            killer = Killer(Path(order["folder"]), Path(order["trace"]), point)
            killer.install()
            watch(killer)
        exec(order.get("before", ""), {})
        PROGRAMS[order["program"]](order["arguments"], standalone_mode=True)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 -- the last frame of a process: what comes here is shown
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _hurry(settings: dict[str, Any]) -> None:
    for name, value in {**PACE, **settings}.items():
        module, _, attribute = name.rpartition(".")
        setattr(import_module(module), attribute, value)


def set_clock(file: Path) -> None:
    """Let the gateway's clock go wrong by as many seconds as the file says at that moment."""
    gateway_clock.monotonic = lambda: time.monotonic() + float(file.read_text("ascii"))


if __name__ == "__main__":
    serve()
