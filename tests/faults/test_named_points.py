"""Points at which more is to be seen than that the end is the same: what is there in between."""

from __future__ import annotations

import signal

import pytest

from tests.faults.killer import Point
from tests.faults.outcome import outcome
from tests.faults.site import KILLED, asked, held, wait_until
from tests.faults.story import AGGREGATION, MONTH, Story


@pytest.mark.requirement("ER-04", "ER-05")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_around_noting_what_cannot_even_be_read(story: Story, *, after: bool) -> None:
    """A link, of which no bytes were had, gets its one reply all the same."""
    site, kills = story.killed("filing", Point(stage="intake", operation="commit", after=after))
    assert kills == 1
    replies = list((site.folder / "receipts/acme").glob("link.csv.*.reply.json"))
    assert len(replies) == 1
    assert story.faults("filing", site) == []


@pytest.mark.requirement("ER-04")
def test_between_deciding_and_delivering_the_reply(story: Story) -> None:
    """What was decided stays decided, and its one reply is delivered later."""
    site = story.again("filing")
    with site.customs():
        assert site.run(Point(stage="understand", operation="commit", after=True)) == KILLED
        decided = asked(site, "SELECT number FROM documents ORDER BY number")
        assert len(decided) == 2
        site.finish()
    assert asked(site, "SELECT number FROM documents ORDER BY number") == decided
    assert story.faults("filing", site) == []


@pytest.mark.requirement("CU-05", "ID-03")
def test_between_signing_and_keeping_the_signature(story: Story) -> None:
    """Nobody has seen that signature; the message is signed again under the same id, and sent once."""
    site = story.again("filing")
    with site.customs():
        assert site.run(Point(stage="sign", operation="commit")) == KILLED
        waiting = asked(site, "SELECT id FROM submissions WHERE state = 'to_sign'")
        assert len(waiting) == 1
        site.finish()
    assert story.faults("filing", site) == []
    assert waiting[0] in {file.stem for file in (site.folder / "outbox/customs").iterdir()}


@pytest.mark.requirement("CU-05")
def test_between_beginning_an_attempt_and_sending(story: Story) -> None:
    """Whether customs has it is in doubt; the same bytes go under the same id."""
    site = story.again("filing")
    with site.customs():
        assert site.run(Point(stage="dispatch customs", operation="commit", after=True)) == KILLED
        assert asked(site, "SELECT state FROM submissions ORDER BY seq") == ["sending", "held"]
        assert list((site.folder / "outbox/customs").iterdir()) == []
        site.finish()
    assert story.faults("filing", site) == []


@pytest.mark.requirement("CU-05")
def test_between_sending_and_noting_it(story: Story) -> None:
    """The file is there and the commit is missing: in doubt, resent as what it is, and taken once."""
    site = story.again("filing")
    with site.customs():
        point = Point(stage="dispatch customs", operation="rename", place="outbox/customs", after=True)
        assert site.run(point) == KILLED
        (sent,) = (site.folder / "outbox/customs").iterdir()
        bytes_sent = sent.read_bytes()
        site.finish()
    assert sent.read_bytes() == bytes_sent
    assert story.faults("filing", site) == []


@pytest.mark.requirement("CU-03", "CU-05")
@pytest.mark.parametrize("dies", [False, True], ids=["lives on", "dies"])
def test_a_receipt_that_is_faster_than_our_own_commit(story: Story, *, dies: bool) -> None:
    """Customs' answer proves arrival; noting the attempt afterwards, or never, takes nothing back."""
    site = story.again("filing")
    point = Point(stage="dispatch customs", operation="rename", place="outbox/customs", after=True, hold=True)
    with site.customs():
        gateway = site.start("gateway", "run", "--until-idle", "--timeout", "60", point=point)
        wait_until(lambda: held(site), "the message is sent")
        wait_until(
            lambda: bool(asked(site, "SELECT id FROM receipts WHERE state = 'applied'")),
            "its receipt is applied",
        )
        if dies:
            assert gateway.told(signal.SIGKILL) == KILLED
            site.finish()
        else:
            site.beside("go").touch()
            assert gateway.ended() == 0, site.said("gateway")
    assert story.faults("filing", site) == []


@pytest.mark.requirement("CU-03")
def test_between_storing_a_receipt_and_reading_it(story: Story) -> None:
    """It is kept whole and unread, and read after the next start, once."""
    site = story.again("manifests")
    with site.customs():
        assert site.run(Point(stage="receive customs", operation="commit", after=True)) == KILLED
        assert set(asked(site, "SELECT state FROM receipts")) >= {"stored"}
        site.finish()
    assert story.faults("manifests", site) == []


@pytest.mark.requirement("ER-04", "ER-06")
def test_between_delivering_a_notice_and_noting_it(story: Story) -> None:
    """It is delivered again as the same file."""
    site = story.again("manifests")
    with site.customs():
        assert site.run(Point(stage="notify", operation="commit")) == KILLED
        delivered = {file.name: file.read_bytes() for file in (site.folder / "receipts/acme").iterdir()}
        assert [name for name in delivered if name.endswith(".tmp")] == []
        site.finish()
    found = {name: (site.folder / "receipts/acme" / name).read_bytes() for name in delivered}
    assert found == delivered
    assert story.faults("manifests", site) == []


LOGGED = Point(stage="notify", operation="fsync", place="receipts.log", after=True)


@pytest.mark.requirement("CU-03", "ER-06")
@pytest.mark.parametrize("left", [1, 40, -1], ids=["one byte", "some bytes", "all but the line break"])
def test_a_torn_line_of_the_log(story: Story, left: int) -> None:
    """What a power cut left of a line is cut off, and the line is written as a whole."""
    site = story.again("manifests")
    log = site.folder / "receipts/receipts.log"
    before = log.stat().st_size
    with site.customs():
        assert site.run(LOGGED) == KILLED
        first = log.read_bytes()[before:].splitlines(keepends=True)[0]
        with log.open("r+b") as torn:
            torn.truncate(before + len(first[:left]))
        site.finish()
    assert story.faults("manifests", site) == []


@pytest.mark.requirement("AG-04", "AG-10")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_around_accepting_an_aggregation(story: Story, *, after: bool) -> None:
    """Asked for again by whoever saw no answer, there is one run of these manifests."""
    site = story.copy(story.told["manifests"].after)
    site.now = AGGREGATION
    command = ("aggregate", "--month", MONTH)
    point = Point(stage="MainThread", operation="commit", after=after)
    assert site.start("gateway", *command, point=point).ended() == KILLED
    # Refused when it was accepted already: nothing is left that could be aggregated.
    assert site.start("gateway", *command).ended() == int(after)
    with site.customs():
        site.finish()
    assert story.faults("aggregation", site) == []


# The commits of `tick` in their order: from beginning a run to clearing away after it. In between it has
# looked once at what was sent a fortnight ago.
PHASES = (
    *("beginning", "looking at what waits", "spreading", "composing", "all composed", "proving"),
    *("declaring", "closing with the result", "clearing"),
)


@pytest.mark.requirement("AG-09", "AG-10")
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
@pytest.mark.parametrize("phase", PHASES)
def test_an_aggregation_that_dies_in_a_phase(story: Story, phase: str, *, after: bool) -> None:
    """Before all is proved nothing of the set is there; it ends as if nothing had happened."""
    site = story.again("aggregation")
    nth = PHASES.index(phase) + 1
    point = Point(stage="tick", operation="commit", after=after, nth=nth)
    with site.customs():
        assert site.run(point) == KILLED
        committed = PHASES[: nth if after else nth - 1]
        declarations = asked(site, "SELECT number FROM documents WHERE kind = 'declaration'")
        assert bool(declarations) == ("declaring" in committed)
        relations = outcome(site.folder)["relations"]
        whole = story.told["aggregation"].outcome["relations"]
        assert relations == (whole if "closing with the result" in committed else [])
        site.finish()
    assert story.faults("aggregation", site) == []


@pytest.mark.requirement("AG-09", "AG-10")
def test_an_aggregation_that_dies_at_every_step_makes_one_set_of_declarations(story: Story) -> None:
    """The processor is killed again and again, each time one step further."""
    site = story.again("aggregation")
    with site.customs():
        for phase in PHASES:
            assert site.run(Point(stage="tick", operation="commit", after=True)) == KILLED, phase
        site.finish()
    assert story.faults("aggregation", site) == []


@pytest.mark.requirement("AG-10", "CU-05")
@pytest.mark.parametrize(
    "point",
    [
        Point(stage="sign", operation="commit"),
        Point(stage="dispatch customs", operation="commit"),
        Point(stage="dispatch customs", operation="commit", after=True),
        Point(stage="dispatch customs", operation="rename", after=True),
    ],
    ids=lambda point: f"{point.stage} {point.operation} {'after' if point.after else 'before'}",
)
def test_declarations_that_die_on_their_way_go_once(story: Story, point: Point) -> None:
    """What an aggregation has declared is signed and sent once, wherever that is cut off."""
    site = story.again("aggregation")
    with site.customs():
        assert site.run(point) == KILLED
        site.finish()
    assert story.faults("aggregation", site) == []


@pytest.mark.requirement("AG-04", "AG-10")
def test_a_result_that_dies_on_its_way_is_told_once(story: Story) -> None:
    """Its notice is written, its row still says that it is not."""
    site = story.again("aggregation")
    with site.customs():
        assert site.run(Point(stage="notify", operation="rename", place="result.json")) == KILLED
        site.finish()
    assert story.faults("aggregation", site) == []
