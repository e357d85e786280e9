"""Only one gateway works on a database at a time, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import ParkedError
from gateway.store import Store

pytest_plugins = ("tests.services.store_fixtures",)


def test_a_second_gateway_is_kept_off_until_the_first_is_gone(open_store: Callable[[], Store]) -> None:
    """What was being sent by a dead one is nobody's then, and only then may be sent again."""
    first, second = open_store(), open_store()
    with first.alone(), pytest.raises(ParkedError) as refused, second.alone():
        pass
    assert refused.value.code == "store.runs-already"
    with second.alone(), second.begin() as unit:
        assert unit.submissions.recover("customs") == []
