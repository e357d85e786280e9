"""Shows what the office has on file: lines for people in either language, or JSON for programs."""

from __future__ import annotations

import json
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from customs_stub.scenarios import SCENARIOS, Scenario
from customs_stub.store import Store

Row = Mapping[str, str]
DOCUMENTS = (
    *("kind", "number", "customs_number", "client_number"),
    *("enterprise", "office", "state", "valid_until", "of"),
)
REFERENCES = ("kind", "key", "updated")
_TEXTS = ("en", "zh", "gateway_en", "gateway_zh")
RECEIVED = (
    *("message_id", "number", "document_type", "client_number"),
    *("digest", "door", "times", "answered"),
)


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(resources.files("customs_stub").joinpath("words.toml").read_text("utf-8"))


def word(key: str, language: str, **values: object) -> str:
    """Return a word of the listings; what is none is shown as it is."""
    return _words()[key][language].format(**values) if key in _words() else key


def documents(store: Store) -> list[Row]:
    """Return what enterprises have filed, oldest first, with what an application was made against."""
    rows = store.db.execute(
        "SELECT d.kind, d.unified_number, d.customs_number, d.client_number, d.enterprise, d.office, d.state,"
        " d.valid_until, coalesce(p.unified_number, '')"
        " FROM document d LEFT JOIN document p ON p.id = d.parent ORDER BY d.id"
    )
    return [dict(zip(DOCUMENTS, row, strict=True)) for row in rows]


def references(store: Store) -> list[Row]:
    """Return the account books, cargo manifests and licences that the office keeps."""
    rows = store.db.execute("SELECT kind, key, updated FROM reference ORDER BY kind, key")
    return [dict(zip(REFERENCES, row, strict=True)) for row in rows]


def received(store: Store) -> list[Mapping[str, object]]:
    """Return how often each message came, by id, bytes and door, and the answers to its id that have left."""
    answers: dict[str, list[str]] = defaultdict(list)
    left = "SELECT message_id, summary FROM receipt WHERE stage = 'done' ORDER BY due, seq"
    for message_id, summary in store.db.execute(left):
        answers[message_id].append(summary.split(" for ")[0])
    rows = store.db.execute(
        "SELECT a.message_id, a.number, m.type, a.client_number, a.digest, a.door, a.times"
        " FROM arrival a JOIN message m USING (message_id, digest)"
        " ORDER BY m.received, a.message_id, a.digest, a.door"
    )
    return [dict(zip(RECEIVED, (*row, answers[row[0]]), strict=True)) for row in rows]


def scenarios() -> list[Row]:
    """Return every scenario: how it is chosen, what happens, and what the gateway should make of it."""
    return [
        {"name": each.name, "letter": each.letter, **{name: getattr(each, name) for name in _TEXTS}}
        for each in SCENARIOS.values()
    ]


def scenarios_told(language: str) -> str:
    """Return the scenarios for a person."""
    return "\n".join(
        [word("scenarios", language), *(scenario_told(each, language) for each in SCENARIOS.values())]
    )


def scenario_told(scenario: Scenario, language: str) -> str:
    """Return one scenario for a person."""
    head = f"  {scenario.letter}  {scenario.name}: {getattr(scenario, language)}"
    return f"{head}\n     {word('gateway', language)} {getattr(scenario, f'gateway_{language}')}"


def in_words(rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """Return rows of values as rows of words."""
    return [
        {name: ", ".join(value) if isinstance(value, list) else str(value) for name, value in row.items()}
        for row in rows
    ]


def as_json(rows: Sequence[Mapping[str, object]]) -> str:
    """Return the rows for a program."""
    return json.dumps(rows, ensure_ascii=False, indent=2)


def as_table(rows: Sequence[Row], columns: Sequence[str], language: str) -> str:
    """Return the rows for a person, without columns that are empty throughout."""
    if not rows:
        return word("nothing", language)
    shown = [column for column in columns if any(row[column] for row in rows)]
    lines = [[word(column, language) for column in shown]]
    lines += [[word(row[column], language) for column in shown] for row in rows]
    widths = [max(map(_width, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    # Chinese characters take two places on a terminal.
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
