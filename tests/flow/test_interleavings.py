"""A message to customs, its attempts and its receipts in every order, against what the requirements say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.interleaving_explorer import Explored
from tests.flow.interleaving_site import opened
from tests.flow.interleavings import explored, tour
from tests.services.postgres import Server

pytest_plugins = ["tests.services.store_fixtures"]
# After six events nothing is new any more; one more makes sure.
LENGTH = 7
SHARE = 5


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    """Every way of a message."""
    return explored(tmp_path_factory.mktemp("site"), LENGTH)


@pytest.mark.requirement("CU-01", "CU-03", "CU-05", "CU-07")
def test_in_every_order_of_events_the_message_comes_to_what_the_requirements_say(found: Explored) -> None:
    """Sent, timed out, lost, died, answered early, late, twice, otherwise: one form, one end, told once."""
    assert found.differences == []
    assert found.complete
    assert found.sequences(6) > 1_000_000


@pytest.mark.requirement("CU-03", "CU-05")
def test_on_postgresql_the_ways_to_each_state_end_the_same(
    found: Explored, tmp_path: Path, postgres_server: Server
) -> None:
    """The same steps over the other store, by a share of the shortest ways."""
    with opened(tmp_path, postgres_server.url(postgres_server.create())) as site:
        differences = [
            tour(site, f"GF-{number}", course) for number, course in enumerate(found.tours()[::SHARE])
        ]
    assert [each for each in differences if each] == []
