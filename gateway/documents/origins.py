"""Where a field of a document comes from: the command that made its content, or the content before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from gateway.documents.changes import CHANGEABLE, items_of
from gateway.documents.copying import copied
from gateway.documents.core import Command, Document, Facts
from gateway.documents.corrections import (
    ITEM_NUMBER,
    assemble,
    changes_of,
    groups_of,
    patch,
    sheet_of,
)
from gateway.documents.draft import Draft, Level
from gateway.documents.forms import FORMS
from gateway.documents.items import OPERATIONS, Line, Work, lines_of
from gateway.documents.wanted import Wanted, read_corrected, read_rows
from gateway.fields import FieldDictionary, Fields

_WHOLE: Final = frozenset({"save", "save-declare", "edit", "extend", "disable"})
_ITEM: Final = re.compile(r"(\w+)/Item\[(\d+)\](?:/(\w+))?")
_STEP: Final = re.compile(r"Item\[(GNo=)?(\d+)\]")
_ROW: Final = re.compile(r"ManifestModification/Change\[(\d+)\](?:/(\w+))?")
_CORRECTED: Final = re.compile(r"ManifestModification/Corrected/(?:Item\[(\d+)\])?/?(\w+)?")


class Where(Enum):
    """Where to look next for a field."""

    COMMAND = "command"  # in what the ERP sent
    BEFORE = "before"  # in the document's content before
    COPIED = "copied"  # in the document of which it is a copy
    DECIDED = "decided"  # in the application that customs approved
    PARENT = "parent"  # in the document that it was made against
    FILLED = "filled"  # the gateway put it in
    CUSTOMS = "customs"  # customs told it


@dataclass(frozen=True, slots=True)
class Trail:
    """One step back: where a field is to be looked for, and under which path it stands there."""

    where: Where
    path: str


@dataclass(frozen=True, slots=True)
class Making:
    """How a command made a content.

    Attributes:
        message_type: The body's element name.
        operation: What was asked for.
        body: What the ERP sent.
        before: The document's content before; empty where it was made anew.
        copied: The document of which it is a copy, as it was then.
        earlier: How many items went into earlier volumes, where one command made several (GF-02).
        dictionary: What the schema says of each field.
    """

    message_type: str
    operation: str
    body: Fields
    before: Fields
    copied: Document | None
    earlier: int
    dictionary: FieldDictionary

    def trail(self, path: str) -> Trail:
        """Return where the field of a path comes from: the last message that set it counts."""
        if self.operation in _WHOLE:
            return self._of_item(path, lines_of(self.body)) if _ITEM.fullmatch(path) else _sent(path)
        if self.operation == "copy" and self.copied is not None:
            return self._of_copy(path, self.copied)
        if self.operation in OPERATIONS:
            return self._of_item(path, self._worked()) if _ITEM.fullmatch(path) else _before(path)
        if path == f"{self.message_type}/DeclDate":
            return _sent(path)
        return _before(path)

    def _of_copy(self, path: str, source: Document) -> Trail:
        head, lines = copied(source, self.body, self.dictionary)
        if _ITEM.fullmatch(path):
            return self._of_item(path, lines, Where.COPIED)
        name = path.partition("/")[2]
        if name in self.body or not name:
            return _sent(path)
        return Trail(Where.COPIED if name in head else Where.FILLED, path)

    def _of_item(self, path: str, lines: Sequence[Line], kept: Where = Where.BEFORE) -> Trail:
        """Follow an item to where it was sent, or to where it stood before."""
        found = _ITEM.fullmatch(path)
        assert found is not None, "it is the path of an item"
        place, name = self.earlier + int(found[2]) - 1, found[3]
        if place >= len(lines):
            return Trail(Where.FILLED, path)
        line = lines[place]
        step = _STEP.fullmatch(line.step)
        assert step is not None, "the steps of items are of this form"
        below = f"/{name}" if name else ""
        if step[1]:
            # Items that were there are counted anew.
            return Trail(Where.FILLED if name == ITEM_NUMBER else kept, f"{found[1]}/Item[{step[2]}]{below}")
        if line.kept and name not in {None, *items_of(self.body)[int(step[2]) - 1]}:
            return Trail(kept, f"{found[1]}/Item[{place + 1}]{below}")
        return _sent(f"{found[1]}/Item[{step[2]}]{below}")

    def _worked(self) -> list[Line]:
        form = FORMS[self.message_type]
        kept, given = lines_of(self.before, kept=True), lines_of(self.body)
        return OPERATIONS[self.operation](Work(self.message_type, kept, given, form.reclassified))


def trail_of_decision(path: str, before: Fields, application: Document) -> Trail:
    """Return where a field comes from that an approved application may have brought (CH-04, AM-06)."""
    content, name = application.content, path.partition("/")[2]
    if application.message_type == "QualificationChange":
        given = name in CHANGEABLE and name in content
        return Trail(Where.DECIDED, f"QualificationChange/{name}") if given else _before(path)
    found = _ITEM.fullmatch(path)
    if application.message_type == "GoodsFilingChange" and found is not None:
        place = int(found[2]) - len(items_of(before))
        if place <= 0:
            return _before(path)
        return Trail(Where.DECIDED, "/".join(filter(None, (f"GoodsFilingChange/Item[{place}]", found[3]))))
    if application.message_type != "ManifestModification":
        return _before(path)
    changes = changes_of(groups_of(content, "Change"))
    _, numbers = assemble(patch(sheet_of(before), changes))
    place = int(found[2]) if found else 0
    number, field = (numbers[place - 1], found[3]) if found else (0, name)
    for count, change in enumerate(changes, 1):
        if change.item == number and change.field == (field or ITEM_NUMBER):
            return Trail(Where.DECIDED, f"ManifestModification/Change[{count}]/NewValue")
    return _before(
        "/".join(filter(None, (f"Manifest/Item[{number}]" if found else path, field if found else "")))
    )


def trail_of_modification(
    path: str, content: Fields, command: Command, manifest: Document, facts: Facts
) -> Trail:
    """Return where a field of a modification comes from, whichever way the ERP told what it wants (AM-02).

    Args:
        path: Into the modification as it was sent to customs, which holds changes and corrected manifest.
        content: That modification.
        command: What the ERP sent.
        manifest: The manifest as it was then.
        facts: What the rules may ask.
    """
    row, corrected = _ROW.fullmatch(path), _CORRECTED.fullmatch(path)
    changes = changes_of(groups_of(content, "Change"))
    if row is not None and int(row[1]) <= len(changes):
        change = changes[int(row[1]) - 1]
        if row[2] == "OldValue":
            return Trail(Where.PARENT, _manifest_path(change.item, change.field))
        number, field = change.item, change.field
    elif corrected is not None:
        _, numbers = assemble(patch(sheet_of(manifest.content), changes))
        place = int(corrected[1] or 0)
        number, field = numbers[place - 1] if place else 0, corrected[2] or ITEM_NUMBER
    else:
        return _sent(path)
    sent = _told_at(_wanted(command, manifest, facts), command.body, number, field)
    if sent is not None:
        return _sent(sent)
    changed = any(change.item == number and change.field == field for change in changes)
    return Trail(Where.FILLED, path) if changed else Trail(Where.PARENT, _manifest_path(number, field))


def _wanted(command: Command, manifest: Document, facts: Facts) -> Wanted | None:
    draft = Draft.of(command, command.body, Level.SAVE, facts)
    rows, corrected = draft.head.fields.get("Change"), draft.head.fields.get("Corrected")
    if isinstance(rows, list):
        return read_rows(draft, manifest, rows)
    return read_corrected(draft, manifest, corrected) if isinstance(corrected, dict) else None


def _told_at(wanted: Wanted | None, body: Fields, number: int, field: str) -> str | None:
    """Return where the command says a field of the manifest, None where it does not."""
    if wanted is None:
        return None
    if not wanted.corrected:
        row = wanted.rows.get((number, field))
        return f"{wanted.items}[{row}]/NewValue" if row else None
    corrected = body.get("Corrected")
    assert isinstance(corrected, dict), "it was read from there"
    place = wanted.positions.get(number, 0)
    group = items_of(corrected)[place - 1] if place else {} if number else corrected
    if field not in group:
        return None
    return f"{wanted.items}[{place}]/{field}" if place else f"{wanted.corrected}/{field}"


def _manifest_path(number: int, field: str) -> str:
    return f"Manifest/Item[{number}]/{field}" if number else f"Manifest/{field}"


def _sent(path: str) -> Trail:
    return Trail(Where.COMMAND, path)


def _before(path: str) -> Trail:
    return Trail(Where.BEFORE, path)
