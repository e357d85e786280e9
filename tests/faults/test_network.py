"""Killed between operations at SFTP server, broker and PostgreSQL, the gateway ends with balanced books."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.killer import Point
from tests.faults.network import Network, network
from tests.faults.points import named_away
from tests.services.forking import Nursery

# Something was done at a server and is not noted yet, or noted and not done yet; `tests.faults.all` does all.
POINTS = [
    Point(name="amqp broker ack chaos.orders"),
    Point(name="dispatch pier rename outbox/pier/file", after=True),
    Point(name="amqp broker confirm"),
    Point(name="dispatch queue commit"),
    Point(name="notify sftp hub write receipts/pier/draft"),
    Point(name="receive pier commit", after=True),
]


@pytest.fixture(scope="module")
def shore(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Network]:
    """The installation, after an undisturbed round."""
    with network(tmp_path_factory.mktemp("network"), nursery) as made:
        yield made


def test_the_points_at_servers_are_on_the_list(shore: Network) -> None:
    """`python -m tests.faults.all --list` writes it anew."""
    known = named_away()
    assert [point for point in shore.points if point not in known] == []
    assert [point for point in POINTS if point not in shore.points] == []


@pytest.mark.requirement("ER-04", "ER-01")
def test_without_an_id_a_death_before_the_acknowledgement_repeats_the_reply(shore: Network) -> None:
    """It cannot be known again: the ERP is told the same twice, and that is all that happens twice."""
    first, second = shore.nameless(Point(name="amqp broker ack chaos.orders"))
    assert first == second


@pytest.mark.requirement("CU-03", "CU-05", "ER-01", "ER-04", "ER-05")
def test_killed_between_operations_at_servers_its_books_balance(shore: Network) -> None:
    """Each file comes to one end with one reply, customs has each message as one content."""
    told = shore.tour(POINTS)
    assert told.died == POINTS
    assert told.books.balanced, told.books
