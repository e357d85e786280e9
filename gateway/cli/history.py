"""The history of a document: each change with its cause, and how each content differs from the last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from gateway.cli.changes import made_by, sentence, told_of
from gateway.cli.show import Show
from gateway.documents import differences
from gateway.errors import Place
from gateway.fields import FieldDictionary, Fields
from gateway.steps.operating import ABOUT_MESSAGES
from gateway.steps.replies import RECEIPT
from gateway.store import DocumentRow, HistoryRow, MessageRow, Unit


def show_history(show: Show, unit: Unit, row: DocumentRow, dictionary: FieldDictionary) -> None:
    """Show every change of a document, its differences by field names and item numbers."""
    lines = sorted([*_changes(unit, row, dictionary), *_acts(unit, row.number)], key=itemgetter("at"))
    if not show.json:
        for line in lines:
            kind, _, name = line["cause"].partition(" ")
            line["cause"] = f"{show.word(kind)} {name}"
            faults = [_fault_sentence(show, each) for each in line.get("faults", ())]
            found = [sentence(show, each) for each in line["differences"]]
            line["differences"] = "\n".join([*found, *faults])
    show.rows("history", ("version", "at", "event", "from", "to", "cause", "made_by", "differences"), lines)


def _changes(unit: Unit, row: DocumentRow, dictionary: FieldDictionary) -> Iterator[dict[str, Any]]:
    contents = {version.version: version.content for version in unit.documents.versions(row.number)}
    previous: Fields = {}
    faults = _faults(unit, row.number)
    for change in unit.documents.history(row.number):
        content = contents.get(change.version, previous)
        different = differences(previous, content) if previous else []
        yield {
            "version": change.version,
            "at": f"{change.at:%F %T}",
            "event": change.event,
            "from": change.from_state,
            "to": change.to_state,
            "cause": f"{change.cause_kind} {change.cause_id}",
            "made_by": made_by(_message(unit, change)),
            "differences": [told_of(each, row.message_type, dictionary) for each in different],
            **(
                {"faults": faults[cause]} if (cause := (change.cause_kind, change.cause_id)) in faults else {}
            ),
        }
        previous = content


def _acts(unit: Unit, number: str) -> Iterator[dict[str, Any]]:
    """Yield what operators did to its messages, which changes no version of it."""
    for act in unit.audit.acts_about(number):
        if act.act in ABOUT_MESSAGES:
            yield {
                "version": None,
                "at": f"{act.at:%F %T}",
                "event": act.act,
                "from": None,
                "to": None,
                "cause": f"operator {act.operator}",
                "made_by": None,
                "differences": [],
            }


def _faults(unit: Unit, number: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what customs found wrong by the receipt that said so, as the ERP was told (EN-05)."""
    notices = unit.notices.about(number, RECEIPT)
    told = [json.loads(data) for _, data in unit.raw.many((each.id, each.digest) for each in notices)]
    return {(RECEIPT, str(n["receipt"]["id"])): n["said"]["faults"] for n in told if n["said"]["faults"]}


def _message(unit: Unit, change: HistoryRow) -> MessageRow | None:
    interchange, _, position = change.cause_id.partition("/")
    return unit.messages.at(int(interchange), int(position)) if change.cause_kind == "message" else None


def _fault_sentence(show: Show, fault: dict[str, Any]) -> str:
    """Say what customs found wrong, and where the ERP's file has it, or why it is in none."""
    field = fault.get(f"field_{show.language}") or fault.get("pointer") or "–"
    source, because = fault.get("source"), fault.get("because", {}).get(f"text_{show.language}", "")
    place = "–"
    if source is not None:
        named = Place(source["file"], source.get("row"), source.get("column"), source.get("path"))
        place = f"{named} {source['given']!r}" if source["given"] else str(named)
    values = {"code": fault["code"], "text": fault["text"], "field": field, "place": place}
    return f"{show.word('fault-of-customs', **values)} {because}".rstrip()
