"""Fuzzes every target for FUZZ_MINUTES in all, keeps what was too much, and tells what was tried."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from hashlib import sha256
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import inputs
from tests.fuzz.targets import CORPUS, TARGETS, attempt

# So long may one input take; a longer one counts as a hang.
PATIENCE: Final = 20
# So much may the process grow over a target's time, in kibibytes: caches fill, leaks go on.
GROWTH: Final = 300 * 1024
ROUND: Final = 500


class HangError(Exception):
    """An input took longer than any input may."""


def _hang(_signal: int, _frame: object) -> None:
    raise HangError


def _fuzz(target: str, seconds: float) -> tuple[int, list[str]]:
    """Fuzz one target; return how many inputs were tried, and the faults."""
    tried, faults, end, before = 0, [], time.monotonic() + seconds, _size()
    last = b""

    def once(data: st.DataObject) -> None:
        nonlocal tried, last
        tried, last = tried + 1, data.draw(inputs(target))
        signal.alarm(PATIENCE)
        try:
            attempt(target, last)
        finally:
            signal.alarm(0)

    quiet = settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    number = time.time_ns()
    while time.monotonic() < end and not faults:
        number += 1
        try:
            seed(number)(quiet(given(st.data())(once)))()
        except Exception as fault:  # noqa: BLE001 -- whatever comes out of a parser is what is looked for
            file = CORPUS / target / f"found-{sha256(last).hexdigest()[:12]}"
            file.write_bytes(last)
            faults.append(f"{file}: {type(fault).__name__}: {fault}")
    if (grown := _size() - before) > GROWTH:
        faults.append(f"{target}: grown by {grown // 1024} MiB")
    return tried, faults


def _size() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> int:
    """Share the minutes among the targets and tell of each."""
    minutes = float(os.environ.get("FUZZ_MINUTES", "60"))
    wanted = sys.argv[1:] or list(TARGETS)
    signal.signal(signal.SIGALRM, _hang)
    found = 0
    for target in wanted:
        tried, faults = _fuzz(target, minutes * 60 / len(wanted))
        found += len(faults)
        sys.stdout.write(f"{target:10} {tried:8} inputs, {len(faults)} faults\n")
        for fault in faults:
            sys.stdout.write(f"  {fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
