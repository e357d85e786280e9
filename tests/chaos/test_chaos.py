"""A small storm: every kind of fault strikes a whole gateway, and its books balance."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.site import opened
from tests.chaos.storm import Asked, play
from tests.services.forking import Nursery

SEED = 7
# What fails on each database; together it is everything.
ON_SQLITE = ("gateway", "customs", "SFTP", "token", "disk", "clock")
ON_POSTGRES = ("gateway killed", "broker", "database")


@pytest.mark.requirement("ER-04", "ER-05", "CU-03", "CU-05", "CU-07", "ID-03", "ER-01")
@pytest.mark.parametrize(("database", "parts"), [("sqlite", ON_SQLITE), ("postgres", ON_POSTGRES)])
def test_a_storm_of_faults_loses_nothing_and_sends_nothing_twice(
    database: str, parts: tuple[str, ...], tmp_path: Path
) -> None:
    """Each file comes to one end with one reply, and customs has each document once, whatever failed."""
    kinds = [kind for kind in FAULTS if kind.startswith(parts)]
    with (
        Nursery() as nursery,
        opened(
            tmp_path,
            nursery,
            on_postgres=database == "postgres",
            hasty=True,
            several=2 if database == "postgres" else 1,
        ) as place,
    ):
        place.longest_seconds = 0.5
        run = play(place, Asked(40, 0.0, SEED, kinds, patience=0.0, calm=0.5), print)
    assert {each.kind for each in run.struck} == set(kinds)
    assert (run.books.lost, run.books.duplicated, run.books.unexpected) == ([], [], [])
    assert sum(run.books.fates.values()) == 40


def test_every_kind_of_fault_strikes_in_one_of_the_storms() -> None:
    """No kind is left out of the small form."""
    assert all(kind.startswith(ON_SQLITE + ON_POSTGRES) for kind in FAULTS)
