"""The office's clock and the numbers that it gives."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from customs_stub.clock import BEIJING, OfficeClock, read_moment
from customs_stub.numbers import give
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import (
    Body,
    declaration,
    extension,
    manifest,
    modification,
    qualification,
    qualification_change,
    volume,
    volume_change,
    withdrawal,
)
from tests.unit.customs_stub.records_for_tests import submitted

BODIES = {
    Kind.QUALIFICATION: qualification(),
    Kind.VOLUME: volume(),
    Kind.MANIFEST: manifest("J53016000001"),
    Kind.DECLARATION: declaration(),
    Kind.MODIFICATION: modification("53012026E000000001", [], {}),
    Kind.WITHDRAWAL: withdrawal("53012026E000000001"),
}


def test_a_moved_clock_runs_on_from_its_start() -> None:
    """A rehearsal's day is the office's day."""
    start = read_moment("2026-11-03T08:00:00")
    assert timedelta(0) <= OfficeClock(start).now() - start + timedelta(seconds=1) < timedelta(minutes=10)


def test_a_moment_without_a_zone_is_chinas() -> None:
    """And one with a zone is the same moment in China."""
    assert read_moment("2026-11-03T08:00:00") == read_moment("2026-11-03T00:00:00+00:00")
    assert read_moment("2026-11-03T00:00:00+00:00").tzinfo is BEIJING


@pytest.mark.parametrize(
    ("kind", "first", "second"),
    [
        (Kind.QUALIFICATION, "Q53016000001", "Q53016000002"),
        (Kind.VOLUME, "J53016000001", "J53016000002"),
        (Kind.MANIFEST, "53012026E000000001", "53012026E000000002"),
        (Kind.DECLARATION, "530120260000000001", "530120260000000002"),
        (Kind.MODIFICATION, "53012026M000000001", "53012026M000000002"),
        (Kind.WITHDRAWAL, "53012026W000000001", "53012026W000000002"),
    ],
)
def test_each_kind_is_numbered_by_customs_rule(kind: Kind, first: str, second: str) -> None:
    """12 characters for filings, 18 for manifests and declarations; running on."""
    counters: Counter[str] = Counter()

    def count(name: str) -> int:
        counters[name] += 1
        return counters[name]

    given = [give(kind, submitted(kind, BODIES[kind]), date(2026, 10, 20), count) for _ in range(2)]
    assert given == [first, second]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.QUALIFICATION_CHANGE, qualification_change()),
        (Kind.EXTENSION, extension()),
        (Kind.VOLUME_CHANGE, volume_change("J53016000001")),
    ],
)
def test_changes_go_by_the_number_of_what_they_change(kind: Kind, body: Body) -> None:
    """They get none of their own."""
    assert give(kind, submitted(kind, body), date(2026, 10, 20), lambda _: 7) == ""


def test_import_declarations_carry_a_one() -> None:
    """The direction is a digit in a declaration's number and a letter in a manifest's."""
    importing = submitted("DecMessage", declaration(IEFlag="I"))
    assert give(Kind.DECLARATION, importing, date(2026, 10, 20), lambda _: 7) == "530120261000000007"
    listed = submitted("Manifest", manifest("J53016000001", IEFlag="I"))
    assert give(Kind.MANIFEST, listed, date(2026, 10, 20), lambda _: 7) == "53012026I000000007"
