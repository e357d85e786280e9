"""Ids of messages: what a receiver may expect of them, and the order in which a store keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.messages import new_message_id

_EARLIEST, _LATEST = datetime(1900, 1, 2, tzinfo=UTC), datetime(8999, 12, 1, tzinfo=UTC)


def _moments(earliest: datetime) -> st.SearchStrategy[datetime]:
    days = st.integers(0, (_LATEST - earliest).days)
    return st.builds(
        lambda day, within: earliest + timedelta(days=day, milliseconds=within),
        days,
        st.integers(0, 86_399_999),
    )


@given(_moments(_EARLIEST))
def test_an_id_is_a_uuid_of_version_7_in_upper_case(moment: datetime) -> None:
    """Any moment that the gateway's clock can be set to gives an id that any library of UUIDs reads."""
    found = new_message_id(moment)

    assert found == found.upper()
    assert (UUID(found).version, UUID(found).variant) == (7, RFC_4122)
    assert len(found) == 36


@given(_moments(datetime(1971, 1, 1, tzinfo=UTC)), st.integers(1, 10**9))
def test_ids_are_in_the_order_of_their_milliseconds(moment: datetime, later: int) -> None:
    """A store sorts them as text, so that a later message's id comes after an earlier one's."""
    assert new_message_id(moment) < new_message_id(moment + timedelta(milliseconds=later))


def test_what_is_made_in_one_moment_has_ids_of_its_own() -> None:
    """A month's end makes thousands of messages at one time of a clock that was set."""
    moment = datetime(2026, 10, 20, tzinfo=UTC)

    assert len({new_message_id(moment) for _ in range(10_000)}) == 10_000
