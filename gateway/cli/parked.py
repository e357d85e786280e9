"""Commands about what needs a person: one list, and what is done about each of its items."""

from __future__ import annotations

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.steps.operating import DROP, RETRY
from gateway.steps.parked import KINDS, Desk, Item, items, of_kind
from gateway.steps.unparking import drop as put_away
from gateway.steps.unparking import retry as try_again

_COLUMNS = ("id", "since", "about", "code", "retry", "drop", "text")


@click.command()
@click.option("--kind", type=click.Choice(KINDS), default=None)
@command
def parked(session: Session, /, *, kind: str | None) -> int:
    """List everything that needs a person.

    Each with its ID for `retry` and `drop`, why it waits, and what either of them would do.
    """
    with session.readable.read() as unit:
        desk = Desk(session.world, unit)
        found = items(desk) if kind is None else list(of_kind(desk, kind))
    session.show.rows("parked", _COLUMNS, [_told(session, item) for item in found])
    return DONE


@click.command()
@click.argument("given", metavar="ID")
@command
def retry(session: Session, /, *, given: str) -> int:
    """Try something again from where it stopped.

    ID is one that `gateway parked` lists. The running gateway does the work.
    """
    with session.store.begin() as unit:
        item, now = try_again(Desk(session.world, unit), given)
        renamed = {"now": now} if now != item.id else {}
        session.note_act(unit, RETRY, item.subject, item=item.id, code=item.code, **renamed)
    return _done(session, item, item.retry, **renamed)


@click.command()
@click.argument("given", metavar="ID")
@click.option("--reason", default="", help="Why; needed where something would be lost.")
@command
def drop(session: Session, /, *, given: str, reason: str) -> int:
    """Put something away for good.

    ID is one that `gateway parked` lists. It stays in the database and in the audit trail.
    """
    with session.store.begin() as unit:
        item = put_away(Desk(session.world, unit), given, reason.strip())
        session.note_act(unit, DROP, item.subject, item=item.id, code=item.code, reason=reason)
    return _done(session, item, item.drop)


def _done(session: Session, item: Item, what: str, **renamed: str) -> int:
    show = session.show
    if show.json:
        show.data({"id": item.id, "done": what.partition(".")[0], **renamed})
    else:
        show.line("done-with", id=item.id, what=show.word(what))
    if renamed:
        show.line("has-new-id", **renamed)
    return DONE


def _told(session: Session, item: Item) -> dict[str, object]:
    """Return an item as it is listed: a person reads what would be done, a program whether it can be."""
    show = session.show
    retries, drops = item.retry.startswith("retry."), item.drop.startswith("drop.")
    return {
        "id": item.id,
        "since": f"{item.since:%F %T}",
        "about": item.about,
        "code": item.code,
        "text": item.reason[show.language],
        "retry": retries if show.json else show.word(item.retry) if retries else "–",
        "drop": drops if show.json else show.word(item.drop) if drops else "–",
    }
