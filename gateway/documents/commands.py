"""What an ERP's command makes of a document: which operation it asks for, and of which document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from gateway.documents import aggregation, declaring
from gateway.documents.copying import copied
from gateway.documents.core import Command, Decision, Document, Facts
from gateway.documents.draft import Draft, Level, copy
from gateway.documents.forms import FORMS, effects
from gateway.documents.items import OPERATIONS, Work, lines_of, renumbered
from gateway.documents.lives import after, moved
from gateway.documents.repeating import compare
from gateway.documents.states import Event
from gateway.documents.writing import Plan, Task, redeclare, write
from gateway.errors import refuse
from gateway.fields import Fields

_HEAD: Final = "MessageHead"


def decide(command: Command, facts: Facts) -> Decision:
    """Decide what a command does; nothing is changed here.

    Raises:
        RejectedError: With every violation found.
    """
    if command.message_type == aggregation.MESSAGE:
        return aggregation.request_aggregation(command, facts)
    if command.message_type == declaring.MESSAGE:
        return declaring.decide_declaration(command, facts)
    form = FORMS.get(command.message_type)
    if form is None:
        raise refuse(
            "command.unknown-message",
            _HEAD + "/MessageType",
            given=command.message_type,
            expected=", ".join(FORMS),
        )
    if command.operation not in form.operations:
        raise refuse(
            "command.unknown-operation",
            _HEAD + "/Operation",
            given=command.operation,
            message=command.message_type,
            expected=", ".join(form.operations),
        )
    return _HANDLERS[command.operation](Task(command, facts, form))


def _save(task: Task) -> Decision:
    return write(task, Plan.of(Event.SAVE, Level.SAVE, task.command.body))


def _save_and_declare(task: Task) -> Decision:
    return write(task, Plan.of(Event.SAVE_DECLARE, Level.DECLARE, task.command.body))


def _edit(task: Task) -> Decision:
    """Replace the content of a document that is not with customs; it is saved again, under its number."""
    return write(task, Plan.of(Event.EDIT, Level.SAVE, task.command.body, _find(task)))


def _disable(task: Task) -> Decision:
    """Declare a change that only disables items (CH-03)."""
    if "Item" in task.command.body:
        raise refuse("command.disable-only", f"{task.command.message_type}/Item")
    return _save_and_declare(task)


def _copy(task: Task) -> Decision:
    """Save a new document with the content of another one, in whatever state that is (GF-06, MF-11)."""
    body = task.command.body
    number = body.get("SeqNo")
    if not isinstance(number, str):
        raise refuse("command.copy-of-what", f"{task.command.message_type}/SeqNo")
    source = _find(task)
    after(source, Event.COPY)
    head, lines = copied(source, body, task.facts.dictionary)
    return write(task, Plan(Event.COPY, Level.SAVE, head, lines))


def _work_on_items(task: Task) -> Decision:
    """Append, insert, delete or reclassify items of a document that can be edited (GF-03, GF-05, MF-10)."""
    command = task.command
    present = _find(task)
    event = Event(command.operation)
    after(present, event)
    given = lines_of(command.body)
    if not given:
        raise refuse("item.none-given", f"{command.message_type}/Item", operation=command.operation)
    kept = lines_of(present.content, kept=True)
    work = Work(command.message_type, kept, given, task.form.reclassified)
    lines = renumbered(OPERATIONS[command.operation](work))
    draft = Draft.of(command, present.content, Level.SAVE, task.facts, present)
    compare(draft, {name: value for name, value in command.body.items() if name != "Item"})
    draft.settle()
    return write(task, Plan(event, Level.SAVE, _anew(present.content), lines, present))


def _declare(task: Task) -> Decision:
    """Declare a saved document as it stands; what the command repeats must be the same."""
    command = task.command
    present = _find(task)
    after(present, Event.DECLARE)
    body = _anew(present.content)
    if "DeclDate" in command.body:
        body["DeclDate"] = command.body["DeclDate"]
    draft = Draft.of(command, body, Level.DECLARE, task.facts, present)
    outline = task.form.complete(draft)
    compare(draft, task.form.compare(draft, command.body))
    draft.settle()
    return redeclare(present, draft, outline)


def _delete(task: Task) -> Decision:
    """End a document for good; its history stays (QF-09, GF-06, MF-11)."""
    return effects(moved(_find(task), Event.DELETE), task.facts)


def _show(task: Task) -> Decision:
    """Show a document as it is; items with their declaration elements (GF-05)."""
    subject = _find(task)
    after(subject, Event.SHOW)
    return Decision(subject=subject, shown={"content": subject.content})


def _print(task: Task) -> Decision:
    """Name the document that is to be printed (QF-10, GF-06, MF-11)."""
    subject = _find(task)
    after(subject, Event.PRINT)
    return Decision(subject=subject)


_HANDLERS: Final[Mapping[str, Callable[[Task], Decision]]] = {
    "save": _save,
    "declare": _declare,
    "save-declare": _save_and_declare,
    "edit": _edit,
    "delete": _delete,
    "copy": _copy,
    "show": _show,
    "print": _print,
    "disable": _disable,
    "extend": _save_and_declare,
    **dict.fromkeys(OPERATIONS, _work_on_items),
}


def _find(task: Task) -> Document:
    """Find the document that a command is about; a foreign one is as unknown as none (QR-08)."""
    command, facts = task.command, task.facts
    given = command.number or command.body.get("SeqNo") or ""
    if given and isinstance(given, str):
        found = facts.document(given)
        path = f"{command.message_type}/SeqNo"
    else:
        given = command.client_number
        found = facts.by_client_number(command.partner, task.form.kind, given)
        path = _HEAD + "/ClientSeqNo"
    own = facts.enterprises_of(command.partner)
    if found is None or found.message_type != command.message_type or found.enterprise not in own:
        raise refuse("rule.unknown-document", path, given=given)
    return found


def _anew(content: Fields) -> Fields:
    """Return a copy of a content without what the next attempt brings anew.

    The declaration date is the day of declaring, not of saving (MF-06); what customs gave to an attempt
    that it refused is no longer true; items are numbered again.
    """
    body = copy(content)
    for name in ("CustomsNo", "ApprovedValidDate", "DeclDate"):
        body.pop(name, None)
    return body
