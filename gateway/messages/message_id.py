"""Ids of messages, in the order of time, so that a store finds what belongs together in one place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from secrets import randbits
from uuid import UUID

_EPOCH, _MILLISECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)
_TIME_BITS, _RANDOM_BITS = 48, 80
# Where RFC 9562, section 4, has the version and the variant.
_VERSION, _VARIANT = (0xF << 76, 0x7 << 76), (0x3 << 62, 0x2 << 62)


def new_message_id(moment: datetime) -> str:
    """Return an id that nobody has: a UUID of version 7 in upper case (RFC 9562, section 5.7).

    It begins with the milliseconds, so that what is written together lies together in every index of
    ids. Where all of an id is chance, each one that is added changes a page of its own.

    Args:
        moment: When the message is made, with a zone.
    """
    milliseconds = (moment - _EPOCH) // _MILLISECOND % (1 << _TIME_BITS)
    number = milliseconds << _RANDOM_BITS | randbits(_RANDOM_BITS)
    for mask, value in (_VERSION, _VARIANT):
        number = number & ~mask | value
    return str(UUID(int=number)).upper()
