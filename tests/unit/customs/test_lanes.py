"""Lanes: receipts for one message share one, whatever else they say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.customs import lane_of
from gateway.customs.lanes import LANES

MESSAGE_ID = "0C5C2E5A-3C1F-4F0E-9E1B-7A2C00000001"


def _receipt(answered: str, code: str = "7") -> bytes:
    return f"<a:Head><a:RefMessageId>{answered}</a:RefMessageId></a:Head><Code>{code}</Code>".encode()


def test_all_receipts_for_a_message_are_in_one_lane() -> None:
    """Whether it has a prefix or none, and room around it."""
    lane = lane_of(_receipt(MESSAGE_ID))
    assert lane == lane_of(_receipt(MESSAGE_ID, "15"))
    assert lane == lane_of(f"<RefMessageId>\n {MESSAGE_ID}\n</RefMessageId>".encode())
    assert lane > 0


def test_what_names_no_message_in_plain_sight_has_the_lane_of_its_own_kind() -> None:
    """Reference data, an encrypted envelope, or a message that names another by number only."""
    assert {lane_of(data) for data in (b"", b"<Code>7</Code>", b"<RefMessageId/>")} == {0}


@given(st.lists(st.uuids().map(str), min_size=1, max_size=9))
def test_a_lane_is_one_of_few(answered: list[str]) -> None:
    """However many messages there are."""
    assert {lane_of(_receipt(each)) for each in answered} <= set(range(1, LANES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_have_a_lane(data: bytes) -> None:
    """They are looked at before anything is known of them."""
    assert 0 <= lane_of(data) <= LANES
