"""What an installation has come to, told so that two of them can be compared and nothing hides."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.faults.killer import CHANCE

# Customs numbers messages in the order in which it finds them, which is that of their ids when the time of
# the files is the same; a declaration names the manifest with the lowest. The numbers themselves are compared
# with those of customs' own records.
_BY_CUSTOMS_ORDER = re.compile(r'(?<=\d{8}I)\d{9}\b|(?<="BillSeqNo":")\w+')
# The one field of a document that tells hundredths of seconds.
_TO_THE_SECOND = re.compile(r'(?<="SignDate":")\d+')

_DOCUMENTS = """
SELECT number, kind, state, version, enterprise, office, client_number, customs_number, parent, period,
       valid_until, content FROM documents ORDER BY number"""
_HISTORY = """
SELECT number, version, event, from_state, to_state, cause_kind FROM history ORDER BY number, version"""
_INTERCHANGES = """
SELECT name, digest, state, mapping, reply_digest IS NOT NULL, same_as IS NOT NULL, settled_at IS NOT NULL,
       reason FROM interchanges ORDER BY name, id"""
_SUBMISSIONS = """
SELECT number, message_type, state, signed_digest IS NOT NULL, sent_at IS NOT NULL, technical_at IS NOT NULL,
       business_at IS NOT NULL FROM submissions ORDER BY number, seq"""
_RECEIPTS = """
SELECT state, receipt_type, code, number, client_number, customs_number FROM receipts ORDER BY number, id"""
_RELATIONS = "SELECT * FROM relations ORDER BY manifest_number, manifest_item"
_NOTICES = "SELECT partner, kind, number, state, count(*) FROM notices GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3"
_ALERTS = "SELECT code, subject FROM alerts WHERE closed_at IS NULL ORDER BY code, subject"
_OPEN = """
SELECT 'attempt', count(*) FROM attempts WHERE ended_at IS NULL UNION ALL
SELECT 'submission', count(*) FROM submissions WHERE state NOT IN ('sent', 'held') UNION ALL
SELECT 'notice', count(*) FROM notices WHERE state <> 'delivered' UNION ALL
SELECT 'receipt', count(*) FROM receipts WHERE state = 'stored' UNION ALL
SELECT 'interchange', count(*) FROM interchanges WHERE state = 'stored'"""
_FILED = """
SELECT kind, enterprise, office, client_number, unified_number, customs_number, state
FROM document ORDER BY kind, client_number, id"""
_TAKEN = "SELECT message_id, count(*) FROM message GROUP BY message_id"
_ANSWERED = "SELECT stage, count(*) FROM receipt GROUP BY stage"


def outcome(folder: Path) -> dict[str, Any]:
    """Tell everything that must be the same however often the gateway was killed on the way."""
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        told = {
            "documents": gateway.execute(_DOCUMENTS).fetchall(),
            "history": gateway.execute(_HISTORY).fetchall(),
            "interchanges": gateway.execute(_INTERCHANGES).fetchall(),
            "submissions": gateway.execute(_SUBMISSIONS).fetchall(),
            "receipts": gateway.execute(_RECEIPTS).fetchall(),
            "relations": gateway.execute(_RELATIONS).fetchall(),
            "notices": gateway.execute(_NOTICES).fetchall(),
            "alerts": gateway.execute(_ALERTS).fetchall(),
            "open": gateway.execute(_OPEN).fetchall(),
        }
    with closing(sqlite3.connect(folder / "var/customs/stub.db")) as customs:
        told["filed at customs"] = customs.execute(_FILED).fetchall()
        told["answered by customs"] = customs.execute(_ANSWERED).fetchall()
    told["files"] = sorted(_files(folder))
    return {name: _plain(value) for name, value in told.items()}


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Say what is missing and what is too much, part by part."""
    told = []
    for part, values in expected.items():
        wanted, got = Counter(map(str, values)), Counter(map(str, found[part]))
        told += [f"{part}: lost {value}" for value in (wanted - got).elements()]
        told += [f"{part}: too much {value}" for value in (got - wanted).elements()]
    return told


def broken_promises(folder: Path) -> list[str]:
    """Say what is wrong in itself, whatever another run came to."""
    return [*_twice(folder), *_numbers(folder), *_log(folder), *_sent(folder), *_replies(folder)]


def _twice(folder: Path) -> Iterator[str]:
    """Each message reached customs as one content; each receipt of customs was stored once."""
    with closing(sqlite3.connect(folder / "var/customs/stub.db")) as customs:
        for message, count in customs.execute(_TAKEN):
            if count != 1:
                yield f"customs has {count} contents of message {message}"
        written = [name for (name,) in customs.execute("SELECT file FROM receipt WHERE stage = 'done'")]
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        stored = [name for (name,) in gateway.execute("SELECT name FROM receipts")]
    for name in written:
        if stored.count(name) != 1:
            yield f"receipt {name} is stored {stored.count(name)} times"


def _numbers(folder: Path) -> Iterator[str]:
    """Gateway and customs know each document by the same customs number, and no two by one."""
    with closing(sqlite3.connect(folder / "var/customs/stub.db")) as customs:
        given = customs.execute("SELECT unified_number, customs_number FROM document").fetchall()
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        known = dict(gateway.execute("SELECT number, customs_number FROM documents").fetchall())
    if len({number for _, number in given}) != len(given):
        yield f"customs has given {given}"
    for number, customs_number in given:
        if known.get(number) != customs_number:
            yield f"{number} is {customs_number} at customs and {known.get(number)} here"


def _log(folder: Path) -> Iterator[str]:
    """The receipt log has one whole line for each receipt."""
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        receipts = {
            number for (number,) in gateway.execute("SELECT id FROM receipts WHERE state <> 'duplicate'")
        }
    file = folder / "receipts/receipts.log"
    data = file.read_bytes() if file.exists() else b""
    if not data.endswith(b"\n") and data:
        yield "the last line of the log is torn"
    lines = [json.loads(line) for line in data.splitlines()]
    logged = Counter(line["receipt"] for line in lines)
    if set(logged) != receipts or set(logged.values()) - {1}:
        yield f"the log has {dict(logged)} for the receipts {sorted(receipts)}"
    numbers = [line["line"] for line in lines]
    if numbers != sorted(set(numbers)):
        yield f"the numbers of the log's lines are {numbers}"


def _sent(folder: Path) -> Iterator[str]:
    """What lies in the outbox is what was signed and stored, each once, under its own id."""
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        stored = dict(
            gateway.execute("SELECT id, bytes FROM submissions JOIN raw ON digest = signed_digest").fetchall()
        )
    found = {file.stem: file.read_bytes() for file in (folder / "outbox/customs").glob("*.xml")}
    if found != stored:
        yield f"the outbox has {sorted(found)}, signed are {sorted(stored)}"


def _replies(folder: Path) -> Iterator[str]:
    """Each interchange has one reply, and it is the one that was decided."""
    query = "SELECT i.id, bytes FROM interchanges i LEFT JOIN raw r ON r.digest = reply_digest"
    with closing(sqlite3.connect(folder / "var/gateway.db")) as gateway:
        stored = gateway.execute(query).fetchall()
    for number, data in stored:
        found = list((folder / "receipts/acme").glob(f"*.{number:06d}.reply.json"))
        if len(found) != 1 or found[0].read_bytes() != data:
            yield f"interchange {number} has the replies {[file.name for file in found]}"


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield every file that the gateway, customs or the ERP put anywhere, and how large it is."""
    for root in ("inbox", "outbox", "receipts"):
        for file in (folder / root).rglob("*"):
            # The log's length and that of messages depend on figures of the run; they are compared as rows.
            size = file.lstat().st_size if root == "inbox" and not file.is_dir() else -1
            if not file.is_dir():
                yield str(file.relative_to(folder)), size


def _plain(value: Any) -> Any:
    """Leave out of names what chance has put into them."""
    return [tuple(_certain(field) if isinstance(field, str) else field for field in row) for row in value]


def _certain(text: str) -> str:
    if re.match(r"(inbox|outbox|receipts)/|R\d{14}", text):
        return CHANCE.sub("*", text)
    return _BY_CUSTOMS_ORDER.sub("…", _TO_THE_SECOND.sub("…", text))
