"""Submissions: what goes to customs, from being held or to be signed until customs has answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    update,
)

from gateway.store.attempts import Attempts
from gateway.store.claims import Claims
from gateway.store.columns import Moment, Words
from gateway.store.connection import Connection
from gateway.store.finding import SELECT, Finding
from gateway.store.rows import AttemptRow, SubmissionRow
from gateway.store.statements import LIMIT, added, one_of, rows
from gateway.store.states import AttemptOutcome, SubmissionState
from gateway.store.tables import TO_LOOK_AT, TO_SEND, documents, submissions

_UPDATE = update(submissions).where(submissions.c.id == bindparam("_id"))
_SETTLED = (SubmissionState.SENT, SubmissionState.RECALLED)
_UNSENT = [state for state in SubmissionState if state not in _SETTLED]
# These wait for a person and not for what they are sent by.
_AT_REST = (SubmissionState.FAILED, SubmissionState.ON_PAPER)
_UNDER_WAY = [state for state in _UNSENT if state not in _AT_REST]
_TO_SEND = (SubmissionState.TO_SEND, SubmissionState.IN_DOUBT)
# A proof of arrival settles every one of these.
_ON_THE_WAY = (*_TO_SEND, SubmissionState.SENDING, SubmissionState.FAILED)
_AFTER = {
    AttemptOutcome.SENT: SubmissionState.SENT,
    AttemptOutcome.RETRY: SubmissionState.TO_SEND,
    AttemptOutcome.IN_DOUBT: SubmissionState.IN_DOUBT,
    AttemptOutcome.FAILED: SubmissionState.FAILED,
}
_MAY_HAVE_ARRIVED = (AttemptOutcome.SENT, AttemptOutcome.IN_DOUBT)


def _take(*conditions: ColumnElement[bool] | TextClause) -> Select[Any]:
    found = SELECT.where(*conditions).order_by(submissions.c.seq).limit(LIMIT)
    return found.with_for_update(skip_locked=True)


_earlier = submissions.alias()
_BLOCKED = exists().where(
    _earlier.c.number == submissions.c.number,
    _earlier.c.seq < submissions.c.seq,
    one_of(_earlier.c.state, _UNSENT),
)
# Of another gateway nothing is taken to be signed, as long as it lives.
_TO_SIGN = and_(
    submissions.c.state == SubmissionState.TO_SIGN,
    or_(submissions.c.holder.is_(None), submissions.c.holder == bindparam("holder", type_=Words)),
)
_TAKE_TO_SIGN = _take(_TO_SIGN)
_TAKE_TO_SIGN_OF = _take(_TO_SIGN, submissions.c.enterprise == bindparam("enterprise"))
_TAKE_TO_SIGN_BESIDES = _take(_TO_SIGN, submissions.c.enterprise.not_in(bindparam("besides", expanding=True)))
_WAITS = (text(TO_SEND), submissions.c.route == bindparam("route"), ~_BLOCKED)
_DUE = or_(submissions.c.due_at.is_(None), submissions.c.due_at <= bindparam("now", type_=Moment))
_TAKE_TO_SEND = _take(*_WAITS, _DUE)
_BEGIN = (
    update(submissions)
    .where(submissions.c.id.in_(bindparam("_ids", expanding=True)), one_of(submissions.c.state, _TO_SEND))
    .returning(submissions.c.id)
)
_TAKE_PILOT = (
    SELECT.where(*_WAITS)
    .order_by(func.coalesce(submissions.c.due_at, literal("", Words)), submissions.c.seq)
    .limit(LIMIT)
    .with_for_update(skip_locked=True)
)
# What somebody is at is being answered; who waited for it would keep the circuit, which that one wants next.
_SEND_NOW = (
    update(submissions)
    .where(
        submissions.c.id.in_(
            select(submissions.c.id)
            .where(
                text(TO_SEND), submissions.c.route == bindparam("_route"), submissions.c.due_at.is_not(None)
            )
            .with_for_update(skip_locked=True)
            .correlate(None)
        )
    )
    .values(due_at=None)
)
_TO_LOOK_AT = (
    SELECT.where(text(TO_LOOK_AT), submissions.c.due_at <= bindparam("now", type_=Moment))
    .order_by(submissions.c.due_at)
    .limit(LIMIT)
    .with_for_update(skip_locked=True)
)
_AWAIT_FROM_NOW = (
    update(submissions)
    .where(
        text(TO_LOOK_AT),
        func.coalesce(submissions.c.awaited_anew, submissions.c.sent_at) > bindparam("_now", type_=Moment),
    )
    .values(awaited_anew=bindparam("_now", type_=Moment), due_at=bindparam("_now", type_=Moment))
)
_LOCK = select(submissions.c.id).where(submissions.c.id == bindparam("_id")).with_for_update()
_LOCK_FREE = (
    select(submissions.c.id)
    .where(submissions.c.id.in_(bindparam("_ids", expanding=True)))
    .with_for_update(skip_locked=True)
)
_LOOKED_AT = _UPDATE.where(submissions.c.state == SubmissionState.SENT)


class Submissions(Finding):
    """One signed message for each row; its bytes never change once they are signed (CU-05)."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        super().__init__(connection)
        self._now = now
        self._attempts = Attempts(connection, now)
        self.claims = Claims(connection, self._attempts)

    def add(self, row: SubmissionRow) -> SubmissionRow:
        """Keep a submission, held or to be signed, and return it with its place in the order.

        Its document is to be put first: that lock is what keeps the order of a document's submissions
        the order of its changes.
        """
        return added(self._connection, submissions, row, "seq")

    def release(self, numbers: Collection[str]) -> list[str]:
        """Let the held submissions of these documents go to be signed; return their ids (GF-07)."""
        held = (submissions.c.number.in_(sorted(numbers)), submissions.c.state == SubmissionState.HELD)
        changed = update(submissions).where(*held).values(state=SubmissionState.TO_SIGN)
        return sorted(self._connection.scalars(changed.returning(submissions.c.id)))

    def recall(self, numbers: Collection[str]) -> None:
        """Never send what is held of these documents (GF-07)."""
        held = (submissions.c.number.in_(sorted(numbers)), submissions.c.state == SubmissionState.HELD)
        self._connection.execute(update(submissions).where(*held).values(state=SubmissionState.RECALLED))

    def release_under(self, states: Collection[str]) -> int:
        """Let go what is held under a document that is in one of these states (GF-07)."""
        return self._connection.execute(_release_under(*sorted(states))).rowcount

    def take_to_sign(
        self, limit: int, away: Collection[str] = (), *, holder: str = ""
    ) -> list[SubmissionRow]:
        """Take what is to be signed, in order, and of each enterprise whose key is away its oldest only.

        Read it in a short transaction and sign outside of it, so that nothing waits for the token:
        `signed` says whether another was faster. What another gateway has claimed is left to it.
        """
        asked: dict[str, Any] = {"limit": limit, "holder": holder}
        if not away:
            return rows(self._connection, SubmissionRow, _TAKE_TO_SIGN, **asked)
        besides = sorted(away)
        found = rows(self._connection, SubmissionRow, _TAKE_TO_SIGN_BESIDES, **asked, besides=besides)
        for enterprise in besides:
            one = asked | {"limit": 1, "enterprise": enterprise}
            found += rows(self._connection, SubmissionRow, _TAKE_TO_SIGN_OF, **one)
        return found

    def signed(self, submission: str, digest: str) -> bool:
        """Note the digest of the signed bytes; False where another was faster, and these bytes are not it."""
        return self._move(
            submission,
            (SubmissionState.TO_SIGN,),
            {"state": SubmissionState.TO_SEND, "signed_digest": digest, "holder": None},
        )

    def encrypted(self, submission: str, digest: str) -> None:
        """Note the digest of what leaves instead of the signed bytes, at the first attempt and all others."""
        self._connection.execute(_UPDATE, {"_id": submission, "sent_digest": digest})

    def park(self, submission: str, detail: str, among: Collection[SubmissionState] = _UNDER_WAY) -> bool:
        """Leave a submission to a person, with the reason as an attempt that failed.

        Args:
            submission: Its message id.
            detail: The reason.
            among: Where it must stand; else nothing is done, and False returned.
        """
        parked = self._move(submission, among, {"state": SubmissionState.FAILED})
        if parked:
            attempt = self._attempts.begin([submission])[submission]
            self._attempts.end(attempt, AttemptOutcome.FAILED, detail)
        return parked

    def take_to_send(self, route: str, limit: int) -> list[SubmissionRow]:
        """Take what is to go over a route now, or again; of a document only its oldest unsent (CU-07)."""
        asked = {"route": route, "limit": limit, "now": self._now}
        return rows(self._connection, SubmissionRow, _TAKE_TO_SEND, **asked)

    def take_pilot(self, route: str) -> list[SubmissionRow]:
        """Take the oldest of what waits longest for an attempt: none that fails keeps others back."""
        return rows(self._connection, SubmissionRow, _TAKE_PILOT, route=route, limit=1)

    def lock(self, ids: Sequence[str]) -> set[str]:
        """Keep others off these until the transaction ends, as far as nobody is at them; return which.

        Where somebody is at each of them the first is waited for.
        """
        if free := set(self._connection.scalars(_LOCK_FREE, {"_ids": list(ids)})):
            return free
        self._connection.execute(_LOCK, {"_id": ids[0]})
        return {ids[0]}

    def attempt_begin(self, ids: Collection[str], holder: str | None = None) -> dict[str, int]:
        """Note, before anything is sent, that a gateway sends these; return the attempt of each."""
        asked = {"_ids": sorted(ids), "state": SubmissionState.SENDING, "holder": holder}
        return self._attempts.begin(sorted(self._connection.scalars(_BEGIN, asked)))

    def attempt_end(
        self, attempt: int, outcome: AttemptOutcome, detail: str = "", *, due_at: datetime | None = None
    ) -> bool:
        """Note how an attempt ended; False where somebody has: a receipt proves more, an heir sends again.

        What has certainly not arrived this time may have before: then it is still in doubt (CU-05).

        Args:
            attempt: The attempt.
            outcome: How it ended.
            detail: Why.
            due_at: When something is to be done about the submission next.
        """
        submission = self._attempts.end(attempt, outcome, detail)
        if submission is None:
            return False
        values: dict[str, Any] = {"state": _AFTER[outcome], "due_at": due_at}
        if outcome is AttemptOutcome.SENT:
            values |= {"sent_at": self._now, "awaited_anew": None}
        elif outcome is AttemptOutcome.RETRY and self._may_have_arrived(submission):
            values["state"] = SubmissionState.IN_DOUBT
        if self._move(submission, (SubmissionState.SENDING,), values):
            return True
        if outcome is AttemptOutcome.SENT:
            # Its answer is awaited from now on, should it turn out not to have been filed on paper.
            self._move(submission, (SubmissionState.ON_PAPER,), {"sent_at": self._now})
        return False

    def give_up(self, submission: str) -> None:
        """Leave to a person what was tried often enough."""
        self._move(submission, _TO_SEND, {"state": SubmissionState.FAILED})

    def doubt(self, submission: str) -> None:
        """Let what was sent and is not answered go again as the same bytes (CU-05)."""
        values = {"state": SubmissionState.IN_DOUBT, "due_at": None}
        self._move(submission, (SubmissionState.SENT,), values)

    def send_now(self, route: str) -> None:
        """Let all that waits for its next attempt over a route go at once."""
        self._connection.execute(_SEND_NOW, {"_route": route})

    def await_from_now(self) -> None:
        """Await what was sent at a later hour than it is now as if it were just sent: the clock was wrong."""
        self._connection.execute(_AWAIT_FROM_NOW, {"_now": self._now})

    def to_look_at(self, limit: int) -> list[SubmissionRow]:
        """Take what was sent and of which an answer is late by now, the longest first (CU-01)."""
        return rows(self._connection, SubmissionRow, _TO_LOOK_AT, now=self._now, limit=limit)

    def looked_at(self, submission: str, due_at: datetime | None) -> None:
        """Note when the next answer of what was sent will be late; None where none can be."""
        self._connection.execute(_LOOKED_AT, {"_id": submission, "due_at": due_at})

    def stranded(self, routes: Collection[str]) -> dict[str, int]:
        """Count what is not sent yet and is to go over a route that is none of these, by route."""
        unsent = one_of(submissions.c.state, _UNDER_WAY)
        found = select(submissions.c.route, func.count()).where(
            unsent, submissions.c.route.not_in(sorted(routes))
        )
        found = found.group_by(submissions.c.route)
        return {row.route: row[1] for row in self._connection.library.execute(found)}

    def mark_technical(self, submission: str, *, last: bool = False) -> None:
        """Note the technical receipt (CU-01), which proves arrival; `last` where no decision will follow."""
        self._answered(submission, *("technical_at", "business_at") if last else ("technical_at",))

    def mark_business(self, submission: str) -> None:
        """Note the business receipt (CU-01), which proves arrival."""
        self._answered(submission, "business_at")

    def attempts(self, submission: str) -> list[AttemptRow]:
        """Return the attempts to send a submission, oldest first."""
        return self._attempts.of(submission)

    def _may_have_arrived(self, submission: str) -> bool:
        return any(attempt.outcome in _MAY_HAVE_ARRIVED for attempt in self._attempts.of(submission))

    def _answered(self, submission: str, *moments: str) -> None:
        self._connection.execute(_answer(*moments), {"_id": submission, "_now": self._now})
        self._attempts.proved(submission)

    def _move(self, submission: str, states: Collection[SubmissionState], values: dict[str, Any]) -> bool:
        return self._connection.execute(_from(*states), {"_id": submission, **values}).rowcount > 0


@cache
def _from(*states: SubmissionState) -> Update:
    return _UPDATE.where(one_of(submissions.c.state, states))


@cache
def _release_under(*states: str) -> Update:
    above = documents.alias()
    due = (
        select(documents.c.number)
        .join(above, above.c.number == documents.c.parent)
        .where(documents.c.number == submissions.c.number, one_of(above.c.state, states))
        .exists()
    )
    held = update(submissions).where(submissions.c.state == SubmissionState.HELD, due)
    return held.values(state=SubmissionState.TO_SIGN)


@cache
def _answer(*moments: str) -> Update:
    # Bare values would be written as the driver likes, not as the columns are.
    now, sent = bindparam("_now", type_=Moment), literal(SubmissionState.SENT, Words)
    values: dict[str, Any] = {
        moment: func.coalesce(submissions.c[moment], now) for moment in ("sent_at", *moments)
    }
    on_the_way = one_of(submissions.c.state, _ON_THE_WAY)
    values["state"] = case((on_the_way, sent), else_=submissions.c.state)
    # Whoever sends it has not noted when the next answer is late, and will not: that is to be found out.
    values["due_at"] = case((on_the_way, now), else_=submissions.c.due_at)
    return _UPDATE.values(values)
