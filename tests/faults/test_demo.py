"""`gateway demo` itself, its gateway and its customs office, killed at any moment and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from customs_stub.keys import load_identity
from tests.faults.killer import Point
from tests.faults.outcome import broken_promises, differences, outcome
from tests.faults.site import KILLED, Site, asked, wait_until
from tests.faults.story import Story
from tests.services.installation import ROOT

# `CHAOS=50 pytest tests/faults/test_demo.py` plays with as many dice.
DICE = range(int(os.environ.get("CHAOS", "1")))
# An undisturbed telling takes about as long.
SECONDS = 20.0
PATIENCE_SECONDS = 240.0
# What does not tell which way it took.
COMPARED = ("documents", "history", "submissions", "relations", "filed at customs", "open")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh checkout, as far as the demo looks at it."""
    return checkout(tmp_path)


def checkout(folder: Path) -> Path:
    """Lay out what the demo looks at, with nothing made yet."""
    for name in ("schemas", "mappings", "tests", "customs_stub"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("gateway.toml", "customs_stub.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the demo comes to when nobody disturbs it."""
    folder = checkout(tmp_path_factory.mktemp("demo"))
    process = demo(folder)
    assert process.wait(PATIENCE_SECONDS) == 0, (folder / "demo.txt").read_text("utf-8")
    assert broken_promises(folder) == []
    return outcome(folder)


def demo(folder: Path) -> subprocess.Popen[bytes]:
    """Start the demo."""
    command = [str(Path(sys.executable).with_name("gateway")), "demo"]
    with (folder / "demo.txt").open("ab") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def children(process: subprocess.Popen[bytes]) -> dict[str, int]:
    """Return what the demo has started, by the name of the program."""
    found = {}
    for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
        for pid in task.read_text().split():
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            for program in ("gateway", "customs-stub"):
                if any(word.endswith(f"/{program}".encode()) for word in words):
                    found[program] = int(pid)
    return found


def at_a_moment(process: subprocess.Popen[bytes], dice: Random) -> bool:
    """Let the demo go on for a while; tell whether it is still at it."""
    try:
        process.wait(dice.uniform(0, SECONDS / 3))
    except subprocess.TimeoutExpired:
        return True
    return False


@pytest.mark.requirement("AG-10", "CU-03", "CU-05", "ER-04", "ER-05")
@pytest.mark.parametrize("seed", DICE)
def test_killed_at_random_moments_the_demo_ends_in_the_same_result(
    folder: Path, undisturbed: dict[str, Any], seed: int
) -> None:
    """Two of gateway, customs and demo are killed, then the demo, whatever they are at; it is told again."""
    dice = Random(seed)
    process = demo(folder)
    for victim in [*dice.sample(["gateway", "customs-stub", "demo"], 2), "demo"]:
        if not at_a_moment(process, dice):
            break
        pid = process.pid if victim == "demo" else children(process).get(victim)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        if victim == "demo":
            process.wait()
            process = demo(folder)
    if process.wait(PATIENCE_SECONDS) != 0:
        # The victim was a command that the demo waits for, as `customs-stub init`: that it tells, and ends.
        process = demo(folder)
    assert process.wait(PATIENCE_SECONDS) == 0, (folder / "demo.txt").read_text("utf-8")
    assert broken_promises(folder) == []
    expected = {part: undisturbed[part] for part in COMPARED}
    assert differences(expected, outcome(folder)) == []


@pytest.mark.requirement("AG-10")
def test_a_demo_killed_between_request_and_aggregation_goes_on_at_the_right_time(story: Story) -> None:
    """Started again, it does not make November's declarations in October before anything else."""
    site = story.again("aggregation")
    (site.folder / "tests").symlink_to(ROOT / "tests")
    (site.folder / "schemas").symlink_to(ROOT / "schemas")
    process = demo(site.folder)
    cleared = "SELECT number FROM documents WHERE kind = 'declaration' AND state = 'cleared'"
    wait_until(lambda: bool(asked(site, cleared)), "the declaration is cleared")
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_SECONDS)
    found, expected = outcome(site.folder), story.told["aggregation"].outcome
    made = {part: expected[part] for part in ("documents", "history", "relations")}
    assert differences(made, found) == []


def test_making_the_office_killed_at_every_step_is_made_up_for(site: Site) -> None:
    """Whatever is left of key and certificate, the next `customs-stub init` makes them whole."""
    places = [site.folder / "var/customs" / name for name in ("customs.key", "customs.pem")]
    for number in count(1):
        for place in places:
            place.unlink(missing_ok=True)
        killed = site.start("customs-stub", "init", point=Point(number=number)).ended() == KILLED
        assert site.start("customs-stub", "init").ended() == 0, site.said("customs-stub")
        load_identity(*places)
        if not killed:
            break
    assert number > 4, "it was killed at several steps"
