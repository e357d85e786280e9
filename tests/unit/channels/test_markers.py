"""Done markers: a file is finished when its companion says so, and only its own companion."""

from __future__ import annotations

import pytest

from gateway.channels.markers import ALONE_SECONDS, Markers
from tests.contract.desk import Ticks


@pytest.fixture
def ticks() -> Ticks:
    """A clock that stands."""
    return Ticks()


@pytest.fixture
def markers(ticks: Ticks) -> Markers:
    """Files are called finished by `.done`."""
    return Markers(".done", ticks)


@pytest.mark.requirement("ER-05")
def test_a_file_is_finished_with_its_marker_and_not_without(markers: Markers) -> None:
    """At the first look, however new both are."""
    assert markers.finished({"a.csv": 1}) == {}
    assert markers.finished({"a.csv": 1, "a.csv.done": 2, "b.csv": 3}) == {"a.csv": 1}


def test_without_a_marker_configured_no_name_is_one(ticks: Ticks) -> None:
    """Every name ends with nothing."""
    assert not Markers("", ticks).is_marker("a.csv.done")


def test_a_marker_that_a_listing_shows_before_its_file_holds(markers: Markers) -> None:
    """Both may come while the folder is listed; at the next look the file is there."""
    assert markers.finished({"a.csv.done": 2}) == {}
    assert markers.finished({"a.csv": 1, "a.csv.done": 2}) == {"a.csv": 1}


def test_a_marker_left_over_from_another_file_calls_nothing_finished(markers: Markers, ticks: Ticks) -> None:
    """It was there at two looks before the file; a new one in its place holds."""
    markers.finished({"a.csv.done": 2})
    markers.finished({"a.csv.done": 2})
    assert markers.finished({"a.csv": 1, "a.csv.done": 2}) == {}
    assert markers.finished({"a.csv": 1, "a.csv.done": 3}) == {"a.csv": 1}


def test_a_marker_that_stays_alone_is_handed_out_after_a_minute(markers: Markers, ticks: Ticks) -> None:
    """Whoever forgot the file, or took it away, is to be told."""
    markers.finished({"a.csv.done": 2})
    ticks.now += ALONE_SECONDS - 1
    assert markers.finished({"a.csv.done": 2}) == {}
    ticks.now += 1
    assert markers.finished({"a.csv.done": 2}) == {"a.csv.done": 2}


def test_a_marker_of_a_marker_is_no_file(markers: Markers) -> None:
    """`a.csv.done.done` calls finished what never is an interchange."""
    found = markers.finished({"a.csv.done": 1, "a.csv.done.done": 2})
    assert all(not markers.is_marker(name) for name in found)
