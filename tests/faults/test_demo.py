"""`gateway demo` stopped and started again, and the customs office that it makes killed in the making."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from customs_stub.keys import load_identity
from tests.faults.killer import Point
from tests.faults.outcome import differences, outcome
from tests.faults.site import KILLED, Site, asked, wait_until
from tests.faults.story import Story
from tests.services.installation import ROOT

PATIENCE_SECONDS = 240.0


def demo(folder: Path) -> subprocess.Popen[bytes]:
    """Start the demo."""
    # Whoever runs the tests in the background has had them ignore Ctrl-C, and what they start with them.
    command = ["env", "--default-signal=INT", str(Path(sys.executable).with_name("gateway")), "demo"]
    with (folder / "demo.txt").open("ab") as output:
        return subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


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
