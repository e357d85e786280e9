"""Claims: which gateway signs or sends a message, and what is freed when that gateway is gone."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, literal, or_, select, update

from gateway.store.attempts import Attempts
from gateway.store.connection import Connection
from gateway.store.leases import GATEWAY
from gateway.store.statements import one_of
from gateway.store.states import SubmissionState
from gateway.store.tables import submissions
from gateway.store.work_tables import leases

_LIVES = select(leases.c.name).where(leases.c.name == literal(f"{GATEWAY} ") + submissions.c.holder).exists()
_CLAIMED = (SubmissionState.TO_SIGN, SubmissionState.SENDING)
_DEAD = (
    select(submissions.c.holder)
    .where(one_of(submissions.c.state, _CLAIMED), submissions.c.holder.is_not(None), ~_LIVES)
    .distinct()
)
_SENDING = submissions.c.state == SubmissionState.SENDING
_IN_DOUBT = (
    update(submissions)
    .where(_SENDING)
    .values(state=SubmissionState.IN_DOUBT, holder=None, due_at=None)
    .returning(submissions.c.id)
)
_RECOVER = _IN_DOUBT.where(
    submissions.c.route == bindparam("_route"),
    or_(submissions.c.holder == bindparam("_holder"), submissions.c.holder.is_(None)),
)
_FREE = update(submissions).where(submissions.c.state == SubmissionState.TO_SIGN).values(holder=None)


class Claims:
    """Work that leaves the transaction in which it was taken, so that no row's lock keeps others off it."""

    def __init__(self, connection: Connection, attempts: Attempts) -> None:
        self._connection = connection
        self._attempts = attempts

    def to_sign(self, ids: Collection[str], holder: str) -> None:
        """Note that a gateway signs these, so that no other one's token does the same."""
        claimed = update(submissions).where(
            submissions.c.id.in_(sorted(ids)), submissions.c.state == SubmissionState.TO_SIGN
        )
        self._connection.execute(claimed.values(holder=holder))

    def free(self, holder: str) -> None:
        """Let others sign what a gateway could not."""
        self._connection.execute(_FREE.where(submissions.c.holder == holder))

    def recover(self, route: str, holder: str) -> list[str]:
        """Put in doubt what a gateway began to send and never noted the end of; return the ids.

        To be called by the one who sends over the route for it, before the next batch: whatever is
        being sent then is abandoned.
        """
        return self._lost(sorted(self._connection.scalars(_RECOVER, {"_route": route, "_holder": holder})))

    def abandon(self) -> list[str]:
        """Free what gateways had claimed that are gone; return the ids of what they were sending."""
        # By name, so that what another claims in this very moment is not taken from it.
        dead = sorted(self._connection.scalars(_DEAD))
        if not dead:
            return []
        theirs = submissions.c.holder.in_(dead)
        self._connection.execute(_FREE.where(theirs))
        return self._lost(sorted(self._connection.scalars(_IN_DOUBT.where(theirs))))

    def _lost(self, ids: list[str]) -> list[str]:
        if ids:
            self._attempts.lost(ids)
        return ids
