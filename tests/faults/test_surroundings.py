"""What fails around the gateway and comes back: nothing is lost, and the work goes on by itself."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from tests.faults.killer import Point
from tests.faults.site import Program, Site, asked, held, wait_until
from tests.faults.story import Story

IMPATIENT = {"gateway.store.engine.WAIT_SECONDS": 0.1}


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Hold the database's write lock, as a backup or a careless operator does."""
    with closing(sqlite3.connect(site.folder / "var/gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def events(site: Site, name: str) -> list[dict[str, Any]]:
    """Return the lines of the gateway's log about one kind of event."""
    lines = [json.loads(line) for line in site.said("gateway").splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def failed(site: Site, stage: str, code: str) -> Callable[[], bool]:
    """Return the condition that a stage has failed for a reason."""
    return lambda: any((e["stage"], e["code"]) == (stage, code) for e in events(site, "stage-failed"))


def idle(site: Site, point: Point | None = None) -> Program:
    """Start the gateway, to end when it is idle."""
    return site.start("gateway", "run", "--until-idle", "--timeout", "60", point=point)


# Before each of these a transaction is about to begin that notes what has just happened in the world.
NOTING = {
    "a file was claimed": Point(stage="intake", operation="rename", place=".claimed", after=True, hold=True),
    "a message was sent": Point(
        stage="dispatch", operation="rename", place="outbox/customs", after=True, hold=True
    ),
    "a reply was delivered": Point(
        stage="notify", operation="rename", place="receipts/acme", after=True, hold=True
    ),
    "a line was logged": Point(
        stage="notify", operation="fsync", place="receipts.log", after=True, hold=True
    ),
    "a receipt was claimed": Point(
        stage="receive", operation="rename", place=".claimed", after=True, hold=True
    ),
}


@pytest.mark.requirement("CU-05", "CU-07")
@pytest.mark.parametrize("moment", NOTING)
def test_a_database_that_is_locked_after_something_was_done_is_written_later(
    story: Story, moment: str
) -> None:
    """What was done and cannot be noted is neither lost nor done twice; no restart is needed."""
    site = story.again("filing")
    site.settings = IMPATIENT
    point = NOTING[moment]
    with site.customs():
        gateway = idle(site, point)
        wait_until(lambda: held(site), moment)
        with locked(site):
            site.beside("go").touch()
            wait_until(failed(site, point.stage, "store.not-now"), "the lock was met")
        assert gateway.ended() == 0, site.said("gateway")
    assert story.faults("filing", site) == []
