"""The history of a document: each change with its cause, and how each content differs from the last."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from gateway.cli.show import Show
from gateway.documents import Difference, Kind, differences
from gateway.errors import Place
from gateway.fields import FieldDictionary, Fields
from gateway.steps.operating import ABOUT_MESSAGES
from gateway.steps.replies import RECEIPT
from gateway.store import DocumentRow, HistoryRow, MessageRow, Unit

_GROUP = re.compile(r"(\w+)\[(\d+)\]")


def show_history(show: Show, unit: Unit, row: DocumentRow, dictionary: FieldDictionary) -> None:
    """Show every change of a document, its differences by field names and item numbers."""
    lines = sorted([*_changes(unit, row, dictionary), *_acts(unit, row.number)], key=itemgetter("at"))
    if not show.json:
        for line in lines:
            kind, _, name = line["cause"].partition(" ")
            line["cause"] = f"{show.word(kind)} {name}"
            faults = [_fault_sentence(show, each) for each in line.get("faults", ())]
            found = [_sentence(show, each) for each in line["differences"]]
            line["differences"] = "\n".join([*found, *faults])
    show.rows("history", ("version", "at", "event", "from", "to", "cause", "made_by", "differences"), lines)


def amendments_of(unit: Unit, row: DocumentRow) -> list[dict[str, Any]]:
    """Return the modifications and withdrawals of a manifest, oldest first."""
    return [
        {
            "number": child.number,
            "type": child.message_type,
            "state": child.state,
            "client_number": child.client_number,
            "customs_number": child.customs_number,
            "reason": child.content.get("DecModNote"),
        }
        for child in unit.documents.children(row.number)
        if child.kind == Kind.AMENDMENT
    ]


def changes_told(row: DocumentRow, dictionary: FieldDictionary) -> list[dict[str, Any]]:
    """Return what a modification changes in its manifest, field by field (AM-02)."""
    rows = row.content.get("Change", [])
    found: list[dict[str, Any]] = []
    for change in rows if isinstance(rows, list) else []:
        name, item = str(change["FieldCode"]), change.get("GNo")
        path = f"Item[{item}]/{name}" if item else name
        difference = Difference(path, str(change.get("OldValue", "")), str(change.get("NewValue", "")))
        found.append(_told(difference, "Manifest", dictionary))
    return found


def sentences(show: Show, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was told as lines of a listing."""
    return [{"differences": _sentence(show, each)} for each in told]


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
            "differences": [_told(each, row.message_type, dictionary) for each in different],
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


def made_by(message: MessageRow | None) -> str | None:
    """Return the mapping and version by which a message was made of an ERP's file (ER-03)."""
    if message is None or message.mapping is None:
        return None
    return f"{message.mapping}@{message.mapping_version}"


def _message(unit: Unit, change: HistoryRow) -> MessageRow | None:
    interchange, _, position = change.cause_id.partition("/")
    return unit.messages.at(int(interchange), int(position)) if change.cause_kind == "message" else None


def _told(difference: Difference, message: str, dictionary: FieldDictionary) -> dict[str, Any]:
    spec = dictionary.find(f"{message}/{difference.path}")
    groups = _GROUP.findall(difference.path)
    name = difference.path.rpartition("/")[2]
    return {
        "field": difference.path,
        "en": spec.en if spec and spec.en else name,
        "zh": spec.zh if spec and spec.zh else name,
        "item": int(groups[-1][1]) if groups else None,
        "old": difference.old or None,
        "new": difference.new or None,
    }


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


def _sentence(show: Show, told: dict[str, Any]) -> str:
    """Say a difference in the language: which item, which field, what it was and what it is."""
    values = {"name": told[show.language], "old": told["old"] or "–", "new": told["new"] or "–"}
    if told["item"] is None:
        return show.word("difference-of-head", **values)
    return show.word("difference-of-item", item=told["item"], **values)
