"""A person's word about what needs one: tried again from where it stopped, or put away and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateway.errors import refuse
from gateway.steps import making
from gateway.steps.operating import close_alerts, resend
from gateway.steps.parked import KINDS, ORPHAN, Desk, Item, of_kind
from gateway.steps.receiving import NOT_APPLIED
from gateway.steps.runs import repeat_run
from gateway.store import (
    InterchangeRow,
    InterchangeState,
    NoticeState,
    ReceiptState,
    SubmissionState,
)

# Of these something would be lost that nobody could tell again, unless it is said why.
_LOSES: Final = {"message", "notice", "receipt"}


def retry(desk: Desk, given: str) -> tuple[Item, str]:
    """Let what stopped go on from where it stopped; return it, and the id that it has from now on.

    Raises:
        RejectedError: `operating.unknown-id`, `operating.not-parked`, or why there is nothing to try again.
    """
    item = _find(desk, given)
    if not item.retry.startswith("retry."):
        raise refuse(item.retry, id=item.id, about=item.about, partner=getattr(item.row, "partner", ""))
    return item, _RETRIES[item.retry](desk, item) or item.id


def drop(desk: Desk, given: str, reason: str) -> Item:
    """Put something away for good, and return it; it stays in the store, and nothing more is told of it.

    Raises:
        RejectedError: `operating.unknown-id`, `operating.not-parked`, `operating.reason-needed`, or why it
            may not be put away.
    """
    item = _find(desk, given)
    if not item.drop.startswith("drop."):
        raise refuse(item.drop, id=item.id, about=item.about)
    if not reason and item.id.partition(":")[0] in _LOSES:
        raise refuse("operating.reason-needed", id=item.id)
    _DROPS[item.drop](desk, item)
    return item


def _find(desk: Desk, given: str) -> Item:
    kind, _, name = given.partition(":")
    if kind not in KINDS or not name:
        raise refuse("operating.unknown-id", given=given, kinds=", ".join(KINDS))
    found = next((item for item in of_kind(desk, kind) if item.id.lower() == given.lower()), None)
    if found is None:
        raise refuse("operating.not-parked", id=given)
    return found


def _send_again(desk: Desk, item: Item) -> None:
    """Sign what was never signed; send the bytes of what was (CU-05)."""
    if item.row.signed_digest is None:
        _submission(desk, item, SubmissionState.TO_SIGN)
    else:
        resend(desk.world, desk.unit, item.row)


def _never_send(desk: Desk, item: Item) -> None:
    _submission(desk, item, SubmissionState.RECALLED)


def _submission(desk: Desk, item: Item, state: SubmissionState) -> None:
    if not desk.unit.parking.move_submission(item.row, state):
        raise refuse("operating.not-parked", id=item.id)
    close_alerts(desk.unit, item.row.id)


def _deliver_again(desk: Desk, item: Item) -> None:
    """Deliver a notice; one that could not be made is made first, else its draft would be delivered."""
    subject = f"notice {item.row.id}"
    unmade = desk.told(subject, making.NOT_MADE) is not None
    _move(desk, item, NoticeState.TO_MAKE if unmade else NoticeState.TO_DELIVER)
    close_alerts(desk.unit, subject)


def _never_deliver(desk: Desk, item: Item) -> None:
    _move(desk, item, NoticeState.DROPPED)
    close_alerts(desk.unit, f"notice {item.row.id}")


def _understand_again(desk: Desk, item: Item) -> str:
    """Let the same bytes come once more, so that they get a reply of their own and the first one stays.

    Returns:
        The id that the file has from now on.
    """
    row: InterchangeRow = item.row
    again = InterchangeRow(
        channel=row.channel,
        partner=row.partner,
        name=row.name,
        digest=row.digest,
        received_at=desk.unit.now,
    )
    came = desk.unit.interchanges.add(again)
    desk.unit.alerts.close(item.code, row.name)
    return f"file:{came.id}"


def _keep_in_quarantine(desk: Desk, item: Item) -> None:
    _move(desk, item, InterchangeState.DROPPED)
    desk.unit.alerts.close(item.code, item.row.name)


def _weigh_again(desk: Desk, item: Item) -> None:
    _receipt(desk, item, ReceiptState.STORED)


def _pass_over(desk: Desk, item: Item) -> None:
    _receipt(desk, item, ReceiptState.DROPPED)


def _receipt(desk: Desk, item: Item, state: ReceiptState) -> None:
    _move(desk, item, state)
    others = {
        each.row.name for each in of_kind(desk, "receipt") if each.code != ORPHAN and each.id != item.id
    }
    if item.row.name not in others:
        desk.unit.alerts.close(NOT_APPLIED, item.row.name)


def _go_on(desk: Desk, item: Item) -> None:
    repeat_run(desk.world, desk.unit, item.row.subject)


def _resend(desk: Desk, item: Item) -> None:
    row = desk.unit.submissions.by_message_id(item.row.subject)
    assert row is not None, "it is listed only where the message is there"
    resend(desk.world, desk.unit, row)


def _close(desk: Desk, item: Item) -> None:
    desk.unit.alerts.close(item.row.code, item.row.subject)


def _move(desk: Desk, item: Item, state: str) -> None:
    if not desk.unit.parking.move(item.row, state):
        raise refuse("operating.not-parked", id=item.id)


_RETRIES: Final[Mapping[str, Callable[[Desk, Item], str | None]]] = {
    "retry.message": _send_again,
    "retry.notice": _deliver_again,
    "retry.file": _understand_again,
    "retry.receipt": _weigh_again,
    "retry.run": _go_on,
    "retry.resend": _resend,
}
_DROPS: Final[Mapping[str, Callable[[Desk, Item], None]]] = {
    "drop.message": _never_send,
    "drop.notice": _never_deliver,
    "drop.file": _keep_in_quarantine,
    "drop.receipt": _pass_over,
    "drop.alert": _close,
}
