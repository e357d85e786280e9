"""Run in a mount namespace of its own: an inbox on a disk that is really full, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from gateway.errors import GatewayError
from tests.contract.desk import Desk

ROOM = 64 * 1024
REASON = {"name": "b.csv", "why": "x" * 8192}


def main(folder: Path) -> dict[str, object]:
    """Take in, put away and put into quarantine while there is no room, then with room."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "none", str(folder)]
    subprocess.run(mount, check=True)
    desk = Desk(folder)
    for name in ("a.csv", "b.csv"):
        (folder / name).write_bytes(name.encode() * 100)
    ballast = folder / "ballast.tmp"
    _fill(ballast)
    told: dict[str, object] = {"received": sorted(desk.finished())}
    arrivals = {arrival.name: arrival for arrival in desk.inbox.receive(10)}
    desk.inbox.stored(arrivals.values())
    told["done"] = _settled(desk, arrivals["a.csv"].delivery, "done")
    told["quarantined"] = _settled(desk, arrivals["b.csv"].delivery, "quarantined")
    told["in hand"] = desk.inbox.waiting()
    ballast.unlink()
    told["done later"] = _settled(desk, arrivals["a.csv"].delivery, "done")
    told["quarantined later"] = _settled(desk, arrivals["b.csv"].delivery, "quarantined")
    told["in hand later"] = desk.inbox.waiting()
    kept = (*(folder / ".done").iterdir(), *(folder / ".quarantine").iterdir())
    told["kept"] = {file.name: file.stat().st_size for file in kept}
    return told


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as out:
        try:
            while out.write(bytes(4096)):
                pass
        except OSError:
            return


def _settled(desk: Desk, delivery: str, outcome: str) -> str:
    reason = REASON if outcome == "quarantined" else None
    try:
        desk.inbox.settle(delivery, outcome, reason)
    except GatewayError as fault:
        return fault.code
    return "settled"


if __name__ == "__main__":
    json.dump(main(Path(sys.argv[1])), sys.stdout)
