"""The books of a run: what became of every file of a partner, and how often customs had each document."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.laying import PARTNERS
from tests.chaos.partners import Input
from tests.chaos.site import Place
from tests.services.amqp import Client

ANSWERED, REFUSED, QUARANTINED = "answered", "refused", "quarantined"
PARKED, IN_DOUBT, LOST = "parked", "in doubt", "lost"
FATES = (ANSWERED, REFUSED, QUARANTINED, PARKED, IN_DOUBT, LOST)
# What must become of a file of each kind; of several contents under one number the first to come is accepted.
_EXPECTED = {
    "right": {ANSWERED, REFUSED},
    "again": {ANSWERED, REFUSED},
    "changed": {ANSWERED, REFUSED},
    "wrong": {REFUSED},
    "broken": {QUARANTINED},
}
# What a manifest comes to by the letter of its number; without one it is cleared.
_REPLY = re.compile(r"(.+)\.\d{6,}\.reply\.json")
_FINAL = {"R": "rejected", "F": "receive_failed"}


@dataclass
class Books:
    """What was found, and every way in which it does not balance.

    Attributes:
        fates: How many files came to what.
        duplicated: What happened twice that must happen once.
        unexpected: What else must not be so.
        repeats: Answers that came a second time with the same id and the same bytes, as AMQP allows.
    """

    fates: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    repeats: int = 0

    @property
    def balanced(self) -> bool:
        """Whether nothing is lost, twice or unexpected."""
        return not (self.lost or self.duplicated or self.unexpected)


def make_books(place: Place, files: Sequence[Input]) -> Books:
    """Compare what the partners sent with what they were told and with what customs has."""
    books = Books()
    told = {partner: _told(place, partner, books) for partner in PARTNERS}
    _notices(place, told, books)
    outcomes = _fates(place, files, told, books)
    _contents(files, outcomes, books)
    _customs(place, books)
    books.unexpected += [*_left_over(place), *_open(place)]
    return books


def _told(place: Place, partner: str, books: Books) -> dict[str, bytes]:
    """Return what a partner was told, by name; over AMQP the same may come once more, and is counted."""
    if partner != "queue":
        folder = place.installation.folder / "receipts" / partner
        return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.startswith(".")}
    found: dict[str, bytes] = {}
    for message in Client(place.services.broker).take(place.services.queues.answers):
        name = str(message.message_id)
        if found.setdefault(name, message.body) != message.body:
            books.duplicated.append(f"{name} came with other bytes")
        else:
            books.repeats += 1
    books.repeats -= len(found)
    return found


def _notices(place: Place, told: Mapping[str, Mapping[str, bytes]], books: Books) -> None:
    """Each notice reached its partner, under its one name, and nothing else did."""
    written: dict[str, list[str]] = defaultdict(list)
    question = "SELECT partner, name, state FROM notices WHERE partner <> ''"
    for partner, name, state in place.ask(question):
        written[partner].append(name)
        if state != "delivered":
            books.unexpected.append(f"notice {name} is {state}")
    for partner, names in written.items():
        books.lost += [f"{name} never reached {partner}" for name in set(names) - told[partner].keys()]
        books.duplicated += [f"{name} for {partner}" for name, n in Counter(names).items() if n > 1]
        strange = told[partner].keys() - set(names)
        books.unexpected += [f"{partner} was told {name}, of which nothing is known" for name in strange]


def _fates(
    place: Place, files: Sequence[Input], told: Mapping[str, Mapping[str, bytes]], books: Books
) -> dict[str, str]:
    """Say what became of each file, by its name."""
    replies = {partner: _replies(told[partner]) for partner in PARTNERS}
    states = _states(place)
    outcomes: dict[str, str] = {}
    for file in files:
        found = replies[file.partner].get(file.name, [])
        if len(found) > 1:
            books.duplicated.append(f"{file.name} has {len(found)} replies")
        fate = _fate(file, found[0], states) if found else LOST
        outcomes[file.name] = fate
        books.fates[fate] += 1
        if fate == LOST:
            books.lost.append(f"{file.name}: {found[0] if found else 'no reply'}")
        elif fate not in _EXPECTED[file.kind]:
            books.unexpected.append(f"{file.name} is {fate}: {str(found)[:400]}")
    return outcomes


def _replies(told: Mapping[str, bytes]) -> dict[str, list[dict[str, Any]]]:
    """Return the replies to each file: a reply has the name of its file."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, data in told.items():
        if reply := _REPLY.fullmatch(name):
            found[reply[1]].append(json.loads(data))
    return found


def _states(place: Place) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the state of each manifest and of its newest message, by partner and client number."""
    question = """
        SELECT d.partner, d.client_number, d.state, s.state FROM documents d
        LEFT JOIN submissions s ON s.number = d.number WHERE d.kind = 'manifest' ORDER BY s.seq"""
    return {(partner, number): (state, sent) for partner, number, state, sent in place.ask(question)}


def _fate(file: Input, reply: Mapping[str, Any], states: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    if reply["outcome"] == QUARANTINED:
        return QUARANTINED if reply.get("violations") else LOST
    (entry,) = reply["messages"]
    if entry["outcome"] == REFUSED:
        return REFUSED if entry.get("violations") else LOST
    state, sent = states.get((file.partner, file.number), ("", ""))
    if state == _FINAL.get(file.letter, "cleared"):
        return ANSWERED
    return {"in_doubt": IN_DOUBT, "failed": PARKED}.get(sent, LOST)


def _contents(files: Sequence[Input], outcomes: Mapping[str, str], books: Books) -> None:
    """Of several contents under one number one is accepted, the same bytes have the same outcome."""
    numbers: dict[str, dict[bytes, set[str]]] = defaultdict(lambda: defaultdict(set))
    for file in files:
        if file.kind in {"right", "again", "changed"}:
            numbers[file.number][file.data].add(outcomes[file.name])
    for number, contents in numbers.items():
        if any(len(each) > 1 for each in contents.values()):
            books.unexpected.append(f"{number}: the same bytes came to different ends")
        accepted = sum(REFUSED not in each for each in contents.values())
        if accepted != 1:
            books.unexpected.append(f"{number}: {accepted} of {len(contents)} contents were accepted")


def _customs(place: Place, books: Books) -> None:
    """Each message reached customs as one content, and no document as two messages."""
    question = "SELECT id, number, message_type, state FROM submissions"
    sent = {message: (number, kind, state) for message, number, kind, state in place.ask(question)}
    books.duplicated += [
        f"{document} went as {n} messages"
        for document, n in Counter((number, kind) for number, kind, _ in sent.values()).items()
        if n > 1
    ]
    with closing(sqlite3.connect(place.installation.folder / "var/customs/stub.db")) as customs:
        had = Counter(each for (each,) in customs.execute("SELECT message_id FROM message"))
        filed = Counter(customs.execute("SELECT kind, client_number FROM document").fetchall())
        waiting = customs.execute("SELECT count(*) FROM receipt WHERE stage <> 'done'").fetchone()
    books.duplicated += [f"customs has {n} contents of {message}" for message, n in had.items() if n > 1]
    books.duplicated += [f"customs has {n} of {document}" for document, n in filed.items() if n > 1]
    books.unexpected += [f"customs has {message}, which nobody sent" for message in had.keys() - sent.keys()]
    for message, (number, _, state) in sent.items():
        if state == "sent" and message not in had:
            books.lost.append(f"customs never had {message} of {number}")
    if waiting != (0,):
        books.unexpected.append(f"customs still has {waiting} receipts to give")


def _left_over(place: Place) -> Iterator[str]:
    """Yield files that are in somebody's hands, half written, or never taken."""
    home = place.installation.folder
    for root in ("inbox", "outbox", "receipts"):
        for file in (home / root).rglob("*"):
            inner = file.relative_to(home / root).parts[1:]
            if file.is_dir() or file.name.endswith(".lock"):
                continue
            if ".claimed" in inner or file.name.endswith((".tmp", ".part")):
                yield f"left over: {file.relative_to(home)}"
            elif root == "inbox" and len(inner) == 1 and not file.name.startswith("."):
                yield f"never taken: {file.relative_to(home)}"


def _open(place: Place) -> Iterator[str]:
    """Yield what is unfinished in the database, and what must never be logged."""
    for table, condition in {
        "attempts": "ended_at IS NULL",
        "submissions": "state NOT IN ('sent', 'held', 'recalled')",
        "receipts": "state IN ('stored', 'orphan', 'unexpected')",
        "interchanges": "state NOT IN ('understood', 'quarantined') OR settled_at IS NULL",
        "alerts": "closed_at IS NULL AND code NOT LIKE 'verify.%' AND code NOT LIKE 'receipt.%'",
    }.items():
        if place.ask(f"SELECT count(*) FROM {table} WHERE {condition}") != [(0,)]:
            rows = place.ask(f"SELECT * FROM {table} WHERE {condition}")
            yield f"{len(rows)} {table} are open: {str(rows[0])[:300]}"
    log = place.site.beside("gateway.log").read_text("utf-8", "replace").splitlines()
    yield from (f"logged: {line}" for line in log if '"code": "worker.unexpected"' in line)
