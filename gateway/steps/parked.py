"""What needs a person, as one list: each with its id, and what trying again or putting it away would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from gateway.errors import Violation
from gateway.steps import (
    automatic,
    circuits,
    deadlines,
    mappings_in_force,
    restoring,
    runs,
    submitting,
    token_watch,
    transport,
    trouble,
)
from gateway.steps.operating import PAPER_ANSWERED
from gateway.steps.receiving import NOT_APPLIED
from gateway.steps.records import World
from gateway.steps.replies import OPERATORS
from gateway.store import AlertRow, NoticeState, ReceiptState, SubmissionState, Unit

# What ends of itself as soon as its cause does, and would only be told again.
CLOSE_THEMSELVES: Final = {
    *(trouble.ALERT, token_watch.UNUSABLE, submitting.EXPIRING, mappings_in_force.REFUSED),
    *(automatic.ALERT, deadlines.NEAR, deadlines.MISSED, token_watch.HANGING, circuits.SILENT),
    # It is what holds the gateway: `gateway restore --release` ends it.
    restoring.HELD,
}
# What is told of a message that has no answer is found there, except what a person must act upon.
_OF_MESSAGES: Final = {transport.REFUSED, PAPER_ANSWERED}
ORPHAN: Final = "operating.orphan"
_NO_BYTES: Final = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that needs a person.

    Attributes:
        id: What kind it is and which, `receipt:7`: the same from one look to the next.
        about: The document, file or message that it concerns, as people know it.
        code: Why it waits.
        reason: The same in words, by language.
        retry: What trying again would do, as a text of the commands; or the code of why nothing can be tried.
        drop: The same of putting it away.
        row: As it is kept.
    """

    id: str
    since: datetime
    about: str
    code: str
    reason: Mapping[str, str]
    retry: str
    drop: str
    row: Any

    @property
    def subject(self) -> str:
        """What the audit trail is told: the document that it concerns, or else itself."""
        return str(getattr(self.row, "number", None) or self.about)


class Desk:
    """What is looked at in one transaction, and all that is told there."""

    def __init__(self, world: World, unit: Unit) -> None:
        self.world = world
        self.unit = unit
        self.alerts = unit.alerts.opened()
        self.partners = [OPERATORS, *(partner.name for partner in world.settings.partner)]

    def told(self, subject: str, code: str | None = None) -> AlertRow | None:
        """Return what is told of a thing."""
        found = (a for a in self.alerts if a.subject == subject and code in {None, a.code})
        return next(found, None)


def items(desk: Desk) -> list[Item]:
    """Return everything that needs a person, by kind and in the order in which it came."""
    return [item for kind in KINDS for item in of_kind(desk, kind)]


def of_kind(desk: Desk, kind: str) -> Iterator[Item]:
    """Yield what needs a person of one kind."""
    return _FOUND[kind](desk)


def _messages(desk: Desk) -> Iterator[Item]:
    for row in desk.unit.parking.submissions(SubmissionState.FAILED):
        attempts = desk.unit.submissions.attempts(row.id)
        alert = desk.told(row.id)
        since = attempts[-1].started_at if attempts else row.created_at
        code, reason = _words(alert) if alert else ("operating.parked", _both("operating.parked"))
        yield Item(f"message:{row.id}", since, row.number, code, reason, "retry.message", "drop.message", row)


def _notices(desk: Desk) -> Iterator[Item]:
    for row in desk.unit.parking.notices(desk.partners):
        alert = desk.told(f"notice {row.id}")
        code = "operating.no-partner" if row.partner not in desk.partners else "operating.parked"
        told = _words(alert) if alert else (code, _both(code, {"partner": row.partner}))
        waits = row.state == NoticeState.PARKED and row.partner in desk.partners
        retry = "retry.notice" if waits else "operating.no-partner"
        yield Item(f"notice:{row.id}", row.created_at, row.name, *told, retry, "drop.notice", row)


def _files(desk: Desk) -> Iterator[Item]:
    for row in desk.unit.parking.interchanges():
        retry = "retry.file" if row.digest != _NO_BYTES else "operating.no-bytes"
        if row.partner not in desk.partners:
            retry = "operating.no-partner"
        yield Item(f"file:{row.id}", row.received_at, row.name, *_first(row.reason), retry, "drop.file", row)


def _receipts(desk: Desk) -> Iterator[Item]:
    for row in desk.unit.parking.receipts():
        orphan = row.state == ReceiptState.ORPHAN
        # What has been applied since in another form, or put right, is told no more.
        if not orphan and desk.told(row.name, NOT_APPLIED) is None:
            continue
        told = (ORPHAN, _both(ORPHAN)) if orphan else _first(row.reason)
        about = row.number or row.message_id or row.customs_number or row.client_number or row.name
        yield Item(f"receipt:{row.id}", row.received_at, about, *told, "retry.receipt", "drop.receipt", row)


def _runs(desk: Desk) -> Iterator[Item]:
    for alert in desk.alerts:
        if alert.code == runs.ALERT:
            yield Item(
                f"run:{alert.subject}",
                alert.opened_at,
                alert.subject,
                *_words(alert),
                "retry.run",
                "operating.run-stays",
                alert,
            )


def _others(desk: Desk) -> Iterator[Item]:
    """Yield the alerts about which nothing else is kept that could be tried again or put away."""
    own = {item.row.id for item in _messages(desk)} | {f"notice {i.row.id}" for i in _notices(desk)}
    files = {(item.code, item.row.name) for item in _files(desk)}
    for alert in desk.alerts:
        elsewhere = alert.subject in own or (alert.code, alert.subject) in files
        if elsewhere or alert.code in {runs.ALERT, NOT_APPLIED}:
            continue
        of_message = desk.unit.submissions.by_message_id(alert.subject) is not None
        if of_message and alert.code not in _OF_MESSAGES:
            continue
        # A machine whose token it is may never come back.
        by_itself = alert.code in CLOSE_THEMSELVES and not alert.subject.startswith(token_watch.ELSEWHERE)
        stays = "operating.closes-itself" if by_itself else "drop.alert"
        retry = "retry.resend" if of_message and alert.code == transport.REFUSED else "operating.no-retry"
        yield Item(f"alert:{alert.id}", alert.opened_at, alert.subject, *_words(alert), retry, stays, alert)


_FOUND: Final[Mapping[str, Callable[[Desk], Iterator[Item]]]] = {
    "message": _messages,
    "notice": _notices,
    "file": _files,
    "receipt": _receipts,
    "run": _runs,
    "alert": _others,
}
KINDS: Final = tuple(_FOUND)


def _words(alert: AlertRow) -> tuple[str, Mapping[str, str]]:
    return alert.code, _both(alert.code, alert.values)


def _first(reason: Any) -> tuple[str, Mapping[str, str]]:
    """Return the first of the violations that stand with a row."""
    found = (reason or {}).get("violations")
    if not found:
        return "operating.parked", _both("operating.parked")
    return found[0]["code"], {"en": found[0]["text_en"], "zh": found[0]["text_zh"]}


def _both(code: str, values: Mapping[str, object] | None = None) -> Mapping[str, str]:
    told = Violation(code, values=values or {})
    return {"en": told.text("en"), "zh": told.text("zh")}
