"""The agreement of an exchange: how patiently messages are sent, and how long an answer may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.sections import Section


class Wait(Section):
    """How long an answer may take: until operators are told, and until it counts as not coming (CU-01)."""

    warn_minutes: Annotated[int, Field(ge=1)]
    fail_minutes: Annotated[int, Field(ge=1)]


class Exchange(Section):
    """How patiently the messages are exchanged that every list which is not empty names (CU-01, CU-07)."""

    routes: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    retry_seconds: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = (
        *(5, 15, 60, 300),
        900,
    )
    attempts: Annotated[int, Field(ge=0)] = 0
    technical: Wait = Wait(warn_minutes=30, fail_minutes=240)
    business: Wait = Wait(warn_minutes=24 * 60, fail_minutes=7 * 24 * 60)
    resend: Literal["never", "once", "always"] = "never"
    outage_after: Annotated[int, Field(ge=0)] = 3

    def fits(self, route: str, message_type: str) -> bool:
        """Whether a message of this type over this route is exchanged so."""
        return (not self.routes or route in self.routes) and (
            not self.documents or message_type in self.documents
        )

    def pause(self, failures: int) -> timedelta:
        """Return how long to wait after so many failures in a row; the last pause repeats."""
        return timedelta(seconds=self.retry_seconds[min(failures, len(self.retry_seconds)) - 1])
