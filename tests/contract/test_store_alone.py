"""Having a database alone, on SQLite and on PostgreSQL; and gateways that work on it beside each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import ParkedError
from gateway.store import Store

pytest_plugins = ("tests.services.store_fixtures",)

OpenStore = Callable[[], Store]


def test_who_has_it_alone_keeps_every_gateway_off(open_store: OpenStore) -> None:
    """Neither one who wants it alone comes in, nor one who would share it, until the first is gone."""
    first, second = open_store(), open_store()
    with first.alone():
        for coming in (second.alone(), second.join(60, [])):
            with pytest.raises(ParkedError) as refused, coming:
                pass
            assert refused.value.code == "store.runs-already"
    with second.alone():
        pass


def test_nobody_has_it_alone_while_a_gateway_runs(open_store: OpenStore) -> None:
    """And everybody may again when that has ended."""
    first, second = open_store(), open_store()
    with first.join(60, []):
        with pytest.raises(ParkedError) as refused, second.alone():
            pass
        assert refused.value.code == "store.runs-already"
    with second.alone():
        pass
