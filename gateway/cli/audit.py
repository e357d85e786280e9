"""Commands about the audit trail: what operators did, and whether anybody changed what is noted."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import refuse

_ACTS: Final = ("at", "operator", "act", "subject", "detail")
_BROKEN: Final = ("seal", "at", "expected_rows", "found_rows", "chained")
_HEAD: Final = re.compile(r"[0-9a-f]{64}")


@click.group()
def audit() -> None:
    """Look at the audit trail and examine it."""


@audit.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True)
@command
def audit_list(session: Session, /, *, limit: int) -> int:
    """List what operators did.

    Newest first, each with the user of the operating system.
    """
    with session.readable.read() as unit:
        found = unit.audit.acts(limit)
    rows = [
        {
            "at": _told(session.show, act.at),
            "operator": act.operator,
            "act": act.act,
            "subject": act.subject,
            "detail": act.detail if session.show.json else _words(act.detail),
        }
        for act in found
    ]
    session.show.rows("acts", _ACTS, rows)
    return DONE


@audit.command("verify")
@click.option("--head", default="", help="The chain must still contain this value, noted earlier.")
@command
def audit_verify(session: Session, /, *, head: str) -> int:
    """Compute every seal anew.

    Any row that was changed, removed or put in behind the gateway's back shows.
    """
    head = head.strip().lower()
    if head and not _HEAD.fullmatch(head):
        raise refuse("cli.no-head", given=head)
    with session.readable.read() as unit:
        trail = unit.audit.verify()
        known = not head or unit.audit.holds(head)
    broken = [
        {
            "seal": each.seal,
            "at": _told(session.show, each.at),
            "expected_rows": each.expected,
            "found_rows": each.found,
            "chained": each.chained,
        }
        for each in trail.broken
    ]
    sound = known and not broken
    show = session.show
    told = {
        "result": "ok" if sound else "fault",
        "seals": trail.seals,
        "sealed_rows": trail.rows,
        "unsealed_rows": trail.unsealed,
        "head": trail.head,
    }
    if show.json:
        show.data({**told, "head_known": known, "broken": broken})
    else:
        show.pairs("audit", told)
        if not known:
            show.line("head-unknown", head=head)
        if broken:
            show.rows("broken", _BROKEN, broken)
    return DONE if sound else REFUSED


def _told(show: Show, at: datetime) -> str:
    """Tell a time: a person in China knows the zone, a program is told."""
    return at.isoformat() if show.json else f"{at:%F %T}"


def _words(detail: object) -> str:
    return ", ".join(f"{name}: {value}" for name, value in detail.items()) if isinstance(detail, dict) else ""
