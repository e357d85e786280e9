"""What may be asked of a declaration: declare, correct what is not of its manifests, show, print (DC-01)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from gateway.documents.agents import named_agent
from gateway.documents.checks import check_values
from gateway.documents.core import Change, Command, Decision, Document, Facts, Kind
from gateway.documents.declaration import declare_declaration
from gateway.documents.draft import Draft, Group, Level, copy
from gateway.documents.lives import after
from gateway.documents.states import Event
from gateway.errors import refuse
from gateway.fields import Fields

MESSAGE: Final = "Declaration"
# What names the declaration or its items, and is never corrected.
_NAMES: Final = ("SeqNo", "GNo")
_AGENT: Final = "AgentCode"


def decide_declaration(command: Command, facts: Facts) -> Decision:
    """Decide what is asked of a declaration.

    Raises:
        RejectedError: With every violation found.
    """
    handler = _HANDLERS.get(command.operation)
    if handler is None:
        raise refuse(
            "command.unknown-operation",
            "MessageHead/Operation",
            given=command.operation,
            message=MESSAGE,
            expected=", ".join(_HANDLERS),
        )
    return handler(command, _find(command, facts), facts)


def _declare(command: Command, present: Document, facts: Facts) -> Decision:
    """Declare it, corrected first by what the command brings beside its number."""
    after(present, Event.DECLARE)
    if all(name in _NAMES for name in command.body):
        return declare_declaration(present, facts)
    content, shown = _corrected(command, present, facts)
    return replace(declare_declaration(replace(present, content=content), facts), shown={"changes": shown})


def _correct(command: Command, present: Document, facts: Facts) -> Decision:
    """Correct a declaration that is saved or was not accepted; it is saved, and goes nowhere yet."""
    state = after(present, Event.EDIT)
    content, shown = _corrected(command, present, facts)
    # What customs gave to an attempt that it did not accept is no longer true.
    changed = replace(present, state=state, version=present.version + 1, customs_number=None, content=content)
    change = Change(changed, present.state, present.version, Event.EDIT)
    return Decision((change,), shown={"changes": shown})


def _show(_command: Command, present: Document, _facts: Facts) -> Decision:
    after(present, Event.SHOW)
    return Decision(subject=present, shown={"content": present.content})


def _print(_command: Command, present: Document, _facts: Facts) -> Decision:
    after(present, Event.PRINT)
    return Decision(subject=present)


_HANDLERS: Final[Mapping[str, Callable[[Command, Document, Facts], Decision]]] = {
    "declare": _declare,
    "edit": _correct,
    "show": _show,
    "print": _print,
}


def _find(command: Command, facts: Facts) -> Document:
    """Find the declaration by its unified or client number; a foreign one is as unknown as none (QR-08)."""
    given = command.number or command.body.get("SeqNo") or ""
    if given and isinstance(given, str):
        found, path = facts.document(given), f"{MESSAGE}/SeqNo"
    else:
        given = command.client_number
        found = facts.by_client_number(command.partner, Kind.DECLARATION, given)
        path = "MessageHead/ClientSeqNo"
    own = facts.enterprises_of(command.partner)
    if found is None or found.kind is not Kind.DECLARATION or found.enterprise not in own:
        raise refuse("rule.unknown-document", path, given=given)
    return found


def _corrected(command: Command, present: Document, facts: Facts) -> tuple[Fields, list[dict[str, str]]]:
    """Return the content with its corrections, and what they change.

    Raises:
        RejectedError: With every violation found.
    """
    draft = Draft.of(command, command.body, Level.SAVE, facts, present)
    agent = draft.take(_AGENT)
    check_values(draft)
    profile = facts.enterprise(present.enterprise)
    named = named_agent(draft, agent, profile) if agent else None
    content = copy(present.content)
    head = content["DecHead"]
    assert isinstance(head, dict), "a declaration has a head"
    given: Fields = {
        name: value for name, value in draft.head.fields.items() if name not in {"Item", *_NAMES}
    }
    if named is not None:
        given |= {_AGENT: named[0], "AgentName": named[1], "DeclareName": named[1][:50]}
    shown = list(_put(draft, Group(head, MESSAGE), given))
    items = _items(content)
    for group in draft.items():
        number = group.text("GNo")
        if number in items:
            changed = {name: value for name, value in group.fields.items() if name not in _NAMES}
            shown += _put(draft, Group(items[number], f"{MESSAGE}/Item"), changed, number)
        else:
            draft.fault("declaration.no-item", group.at("GNo"), given=number, count=len(items))
    if not shown and not draft.violations:
        draft.fault("declaration.nothing-corrected", draft.head.path, number=present.number)
    draft.settle()
    return content, shown


def _put(draft: Draft, target: Group, given: Fields, item: str = "") -> Iterator[dict[str, str]]:
    """Put corrected fields into a group, and yield each that changes, told as amendments tell it."""
    for name, value in given.items():
        assert isinstance(value, str), "below head and items there are fields only"
        old = target.text(name)
        if old == value:
            continue
        target.fields[name] = value
        spec = draft.facts.dictionary.find(target.at(name))
        told = {"field": name, "en": spec.en if spec else name, "zh": spec.zh if spec else name}
        yield {**told, **({"item": item} if item else {}), "old": old, "new": value}


def _items(content: Fields) -> dict[str, Fields]:
    lists = content["DecLists"]
    assert isinstance(lists, dict), "a declaration has items"
    items = lists["DecList"]
    return {str(item["GNo"]): item for item in items} if isinstance(items, list) else {}
