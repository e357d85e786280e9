"""A large file whose gateway is killed at every portion: it is obeyed once and answered once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.killer import Point
from tests.faults.outcome import broken_promises, differences, outcome
from tests.faults.site import KILLED, Site, asked
from tests.faults.story import FILING
from tests.flow import erp
from tests.services.forking import Nursery

PORTIONS = {"gateway.steps.commands.PORTION": 2, "gateway.steps.portions.PORTION": 2}
COUNT = 7
# The commits of `understand` in their order; the first portion is done before the file is known to be large.
COMMITS = ("beginning", "second portion", "third portion", "fourth portion", "reply")


def _site(folder: Path, nursery: Nursery) -> Site:
    site = Site.made(folder, nursery, FILING)
    site.settings = PORTIONS
    saved = {"direction": "import", "customs": {"declaredAt": "皇岗海关"}}
    several = [saved | {"number": f"L-{number}"} for number in range(COUNT)]
    site.drop("large.json", erp.manifests(*several, action="save").encode())
    return site


def _reply(site: Site) -> bytes:
    (reply,) = (site.folder / "receipts/acme").glob("large.json.*.reply.json")
    return reply.read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> tuple[dict[str, Any], bytes]:
    """What the file comes to, and its reply, when nobody disturbs it."""
    site = _site(tmp_path_factory.mktemp("large") / "site", nursery)
    with site.customs():
        site.finish()
    return outcome(site.folder), _reply(site)


@pytest.mark.requirement("ER-04")
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
@pytest.mark.parametrize("commit", COMMITS)
def test_a_gateway_that_dies_at_a_portion_goes_on_behind_the_last_one(
    tmp_path: Path, nursery: Nursery, undisturbed: tuple[dict[str, Any], bytes], commit: str, *, after: bool
) -> None:
    """What is committed stays and is not done again; the one reply tells everything, to the byte."""
    site = _site(tmp_path / "site", nursery)
    nth = COMMITS.index(commit) + 1
    with site.customs():
        assert site.run(Point(stage="understand", operation="commit", after=after, nth=nth)) == KILLED
        obeyed = len(asked(site, "SELECT number FROM documents"))
        assert obeyed == min(2 * (nth if after else nth - 1), COUNT)
        site.finish()
    expected, reply = undisturbed
    assert broken_promises(site.folder) + differences(expected, outcome(site.folder)) == []
    assert _reply(site) == reply
