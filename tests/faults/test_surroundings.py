"""What fails around the gateway and comes back: nothing is lost, and the work goes on by itself."""

from __future__ import annotations

import json
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.killer import Point
from tests.faults.outcome import broken_promises
from tests.faults.site import Program, Site, asked, held, wait_until
from tests.faults.story import Story

IMPATIENT = {"gateway.store.engine.WAIT_SECONDS": 0.1}
# More than what a process has logged when it has just begun, less than one transaction.
SMALL = 8192


@contextmanager
def locked(site: Site, _gateway: Program) -> Iterator[None]:
    """Hold the database's write lock, as a backup or a careless operator does."""
    with closing(sqlite3.connect(site.folder / "var/gateway.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(_site: Site, gateway: Program) -> Iterator[None]:
    """Let the gateway write no file longer than it needs for its log."""
    before = resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (SMALL, before[1]))
    yield
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def away(place: Path, *, kept: bool) -> Iterator[None]:
    """Take a folder away, as a mount that is lost; later bring it back, or an empty one in its place."""
    elsewhere = place.with_name(f"{place.name}-elsewhere")
    place.rename(elsewhere)
    yield
    if kept:
        elsewhere.rename(place)
    else:
        shutil.rmtree(elsewhere)
        place.mkdir()


def failed(site: Site, stage: str, code: str) -> Callable[[], bool]:
    """Return the condition that a stage has failed for a reason."""

    def looked() -> bool:
        lines = [json.loads(line) for line in site.said("gateway").splitlines() if line.startswith("{")]
        return any(line.get("stage") == stage and line.get("code") == code for line in lines)

    return looked


def alerted(site: Site, code: str, subject: str) -> Callable[[], bool]:
    """Return the condition that operators have been told."""
    question = f"SELECT id FROM alerts WHERE code = '{code}' AND subject = '{subject}' AND closed_at IS NULL"
    return lambda: bool(asked(site, question))


def until_idle(site: Site, point: Point | None = None) -> Program:
    """Start the gateway, to end when it is idle, and wait until it is at work."""
    gateway = site.start("gateway", "run", "--until-idle", "--timeout", "60", point=point)
    wait_until((site.folder / "inbox/acme/.claimed").exists, "the gateway is ready")
    return gateway


# At each of these something was done in the world, and a transaction is about to note it.
NOTING = {
    "a file was claimed": Point(stage="intake", operation="rename", place=".claimed"),
    "a message was sent": Point(stage="dispatch customs", operation="rename", place="outbox/customs"),
    "a reply was delivered": Point(stage="notify", operation="rename", place="receipts/acme"),
    "a line was logged": Point(stage="notify", operation="fsync", place="receipts.log"),
    "a receipt was claimed": Point(stage="receive customs", operation="rename", place=".claimed"),
}


@pytest.mark.requirement("CU-05", "CU-07", "ER-05")
@pytest.mark.parametrize("moment", NOTING)
@pytest.mark.parametrize("trouble", [locked, full])
def test_a_database_that_cannot_be_written_after_something_was_done_is_written_later(
    story: Story, trouble: Callable[[Site, Program], Any], moment: str
) -> None:
    """What was done and cannot be noted is neither lost nor done twice; no restart is needed."""
    site = story.again("filing")
    site.settings = IMPATIENT
    point = replace(NOTING[moment], after=True, hold=True)
    with site.customs():
        gateway = until_idle(site, point)
        wait_until(lambda: held(site), moment)
        with trouble(site, gateway):
            site.beside("go").touch()
            wait_until(failed(site, point.stage, "store.not-now"), "the commit failed")
        assert gateway.ended() == 0, site.said("gateway")
    assert story.faults("filing", site) == []


# What is narrow, and what operators are told of it.
NARROW = {
    "outbox/customs": "outbox customs",
    "receipts/acme": "notices acme",
    "receipts/receipts.log": "notices ",
}


@pytest.mark.requirement("CU-05", "CU-07", "ER-06")
@pytest.mark.parametrize("place", NARROW)
def test_an_outbox_without_room_is_filled_later(story: Story, place: str) -> None:
    """Nobody sees half a file, operators are told once, and what waited goes out by itself."""
    site = story.again("filing")
    room = site.beside("room")
    site.narrow = (site.folder / place, room)
    with site.customs():
        gateway = until_idle(site)
        wait_until(alerted(site, "trouble.channel", NARROW[place]), "it is told")
        if place == "outbox/customs":
            assert list((site.folder / place).glob(".*")) == []
        room.touch()
        assert gateway.ended() == 0, site.said("gateway")
    told = asked(site, "SELECT subject FROM alerts WHERE code = 'trouble.channel'")
    assert told.count(NARROW[place]) == 1
    assert story.faults("filing", site) == []


def test_a_log_that_cannot_be_written_stops_nothing(story: Story) -> None:
    """Neither the start nor a stage that has failures to tell depends on it."""
    site = story.again("filing")
    site.settings = IMPATIENT
    point = replace(NOTING["a file was claimed"], after=True, hold=True)
    with site.customs():
        site.log = Path("/dev/full")
        gateway = until_idle(site, point)
        wait_until(lambda: held(site), "a file is claimed")
        with full(site, gateway):
            site.beside("go").touch()
            site.drop("more.csv", b"")
            wait_until(lambda: not (site.folder / "inbox/acme/more.csv").exists(), "it is claimed, too")
        assert gateway.ended() == 0
    assert broken_promises(site.folder) == []
    assert asked(site, "SELECT count(*) FROM interchanges WHERE state = 'stored'") == [0]


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize("kept", [True, False], ids=["brought back", "made anew"])
def test_the_folder_of_customs_receipts_goes_away_and_comes_back(story: Story, *, kept: bool) -> None:
    """That is told; receipts that come afterwards are taken as if nothing had been."""
    site = story.again("filing")
    gateway = until_idle(site)
    wait_until(lambda: bool(list((site.folder / "outbox/customs").glob("*.xml"))), "a message is sent")
    with away(site.folder / "receipts/customs", kept=kept):
        wait_until(alerted(site, "trouble.channel", "receipts customs"), "it is told")
    with site.customs():
        assert gateway.ended() == 0, site.said("gateway")
    assert story.faults("filing", site) == []


@pytest.mark.requirement("ER-04", "ER-06")
def test_the_folder_of_the_erps_receipts_goes_away_and_comes_back(story: Story) -> None:
    """Replies wait for it, the rest goes on: customs gets its message meanwhile."""
    site = story.again("filing")
    receipts = site.folder / "receipts/acme"
    point = replace(NOTING["a file was claimed"], after=True, hold=True)
    with site.customs():
        gateway = until_idle(site, point)
        wait_until(lambda: held(site), "a file is claimed")
        with away(receipts, kept=True):
            site.beside("go").touch()
            wait_until(alerted(site, "trouble.channel", "notices acme"), "it is told")
            approved = "SELECT number FROM documents WHERE state = 'approved' AND kind = 'volume'"
            wait_until(lambda: bool(asked(site, approved)), "the rest goes on")
        assert gateway.ended() == 0, site.said("gateway")
    assert story.faults("filing", site) == []


@pytest.mark.requirement("ID-03")
def test_the_token_goes_away_and_comes_back(story: Story) -> None:
    """Replies are delivered and messages wait for their signature; signing resumes by itself."""
    site = story.again("filing")
    with site.customs():
        with away(site.folder / "var/token/tokens", kept=True):
            gateway = until_idle(site)
            wait_until(alerted(site, "token.unusable", "token"), "it is told")
            waiting = "SELECT count(*) FROM notices WHERE state <> 'delivered'"
            wait_until(lambda: asked(site, waiting) == [0], "replies are delivered")
            assert asked(site, "SELECT state FROM submissions ORDER BY seq") == ["to_sign", "held"]
        assert gateway.ended() == 0, site.said("gateway")
    assert asked(site, "SELECT count(*) FROM alerts WHERE code = 'token.unusable'") == [1]
    assert story.faults("filing", site) == []
