"""What only asks, killed while it is made: started again, each file comes once, and with the same bytes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.killer import Point
from tests.faults.site import KILLED, Site
from tests.faults.story import Story
from tests.flow.queries import message, query

_MANIFEST = "<SeqNo>M20260000000000001</SeqNo>"
_ASKED = (
    query("manifest", number="ASK-1"),
    message("Manifest", _MANIFEST, "print", "ASK-2"),
    query("export", number="ASK-3"),
    query("statistics", "print", number="ASK-4"),
)


def _ask(site: Site) -> None:
    whole = "".join(each[each.index("<Message ") :] for each in _ASKED)
    site.drop("asked.xml", f"<All>{whole}</All>".encode())


def _received(site: Site) -> Mapping[str, bytes]:
    """Return what came of it, and nothing of what the story brought before."""
    files = (site.folder / "receipts/acme").iterdir()
    return {
        file.name: file.read_bytes()
        for file in files
        if file.suffix in {".pdf", ".xlsx"} or file.name.startswith("asked.xml")
    }


@pytest.fixture(scope="module")
def undisturbed(story: Story) -> Mapping[str, bytes]:
    """What comes when nobody disturbs it."""
    site = story.copy(story.told["aggregation"].after)
    _ask(site)
    with site.customs():
        site.finish()
    found = _received(site)
    assert sorted(name.partition(".")[2] for name in found) == [
        "declarations.xlsx",
        "pdf",
        "statistics.pdf",
        "xml.000009.reply.json",
    ]
    return found


@pytest.mark.requirement("QR-01", "QR-07", "QR-09")
@pytest.mark.parametrize(
    "point",
    [
        Point(stage="make", operation="commit"),
        Point(stage="make", operation="commit", nth=3),
        Point(stage="make", operation="commit", nth=2, after=True),
        Point(stage="notify", operation="rename", place=".xlsx"),
        Point(stage="notify", operation="rename", place=".pdf", after=True),
        Point(stage="notify", operation="rename", place="asked.xml", after=True),
    ],
    ids=lambda point: f"{point.stage} {point.place}{point.nth} {'after' if point.after else 'before'}",
)
def test_what_is_asked_for_comes_once_and_with_the_same_bytes(
    story: Story, undisturbed: Mapping[str, bytes], point: Point
) -> None:
    """Whether it dies before it is made, before it is noted, or on its way to the ERP."""
    site = story.copy(story.told["aggregation"].after)
    _ask(site)
    with site.customs():
        assert site.run(point) == KILLED, site.said("gateway")
        site.finish()
    assert _received(site) == undisturbed
