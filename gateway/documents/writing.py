"""Documents made or changed by a command: completed, checked, numbered, split, and put into one decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.documents.core import Change, Command, Decision, Document, Facts, News, Outgoing
from gateway.documents.draft import Draft, Level, Outline
from gateway.documents.forms import Form
from gateway.documents.items import Line, lines_of, split
from gateway.documents.lives import after, already_used, first_state
from gateway.documents.states import Event
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields


@dataclass(frozen=True, slots=True)
class Task:
    """A command on its way to a decision."""

    command: Command
    facts: Facts
    form: Form


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written.

    Attributes:
        event: What happens, for the history.
        level: How complete the body must be.
        head: The body; its items are put in from `lines`.
        lines: The items in order.
        present: The document as it is, None when it is made anew.
    """

    event: Event
    level: Level
    head: Mapping[str, str | Fields | list[Fields]]
    lines: Sequence[Line]
    present: Document | None = None

    @classmethod
    def of(cls, event: Event, level: Level, body: Fields, present: Document | None = None) -> Plan:
        """Plan to write a body as a command brought it."""
        return cls(event, level, body, lines_of(body), present)


@dataclass(frozen=True, slots=True)
class _Step:
    """One document that is written."""

    change: Change
    draft: Draft
    outline: Outline


def write(task: Task, plan: Plan) -> Decision:
    """Make a document, or change the one that is there; too many goods become further volumes (GF-02).

    Raises:
        RejectedError: With every violation found.
    """
    if plan.present is None:
        _check_new(task)
    state = "" if plan.present is None else after(plan.present, plan.event)
    parts = _parts(task, plan)
    begun = [_complete(task, plan, lines, first=not count) for count, lines in enumerate(parts)]
    _settle(draft for draft, _ in begun)
    steps: list[_Step] = []
    for draft, outline in begun:
        if plan.present is not None and not steps:
            changed = replace(
                outlined(plan.present, outline, draft.head.fields, state),
                customs_number=None,
                valid_until=None,
            )
            change = Change(changed, plan.present.state, plan.present.version, plan.event)
        else:
            change = _made(task, plan, draft, outline, further=bool(steps))
        steps.append(_Step(change, draft, outline))
    return _decision(steps)


def redeclare(present: Document, draft: Draft, outline: Outline) -> Decision:
    """Declare a document that is there, as its completed draft has it."""
    changed = outlined(present, outline, draft.head.fields, after(present, Event.DECLARE))
    return _decision([_Step(Change(changed, present.state, present.version, Event.DECLARE), draft, outline)])


def outlined(present: Document, outline: Outline, content: Fields, state: str) -> Document:
    """Return a document with new content and what is shown of it."""
    return replace(
        present,
        state=state,
        version=present.version + 1,
        enterprise=outline.enterprise,
        office=outline.office,
        nature=outline.nature,
        ie_flag=outline.ie_flag,
        parent=outline.parent,
        period=outline.period,
        content=content,
    )


def _check_new(task: Task) -> None:
    command = task.command
    taken = task.facts.by_client_number(command.partner, task.form.kind, command.client_number)
    if taken is not None:
        raise already_used(command.client_number, taken)


def _parts(task: Task, plan: Plan) -> list[list[Line]]:
    limit = task.facts.settings.rules.volume_items
    # An item that is put between others belongs between them, not into a further volume.
    if task.form.splits and plan.event is not Event.INSERT_ITEM:
        return split(plan.lines, limit)
    return [list(plan.lines)]


def _complete(task: Task, plan: Plan, lines: Sequence[Line], *, first: bool) -> tuple[Draft, Outline]:
    body: Fields = {name: value for name, value in plan.head.items() if name != "Item"}
    present = plan.present if first else None
    if not first:
        body.pop("SeqNo", None)
    draft = Draft.of(task.command, body, plan.level, task.facts, present)
    if lines:
        draft.head.fields["Item"] = [line.fields for line in lines]
    draft.item_steps = tuple(line.step for line in lines)
    draft.fill(draft.head, "SeqNo", present.number if present else "")
    draft.fill(draft.head, "CustomsNo", "")
    return draft, task.form.complete(draft)


def _settle(drafts: Iterable[Draft]) -> None:
    """Refuse what is wrong in any part; what is wrong with the head stands in each of them and is told once.

    Raises:
        RejectedError: With every violation found (EN-01).
    """
    found = list(drafts)
    faults = _once(each for draft in found for each in draft.violations)
    if faults:
        raise RejectedError([*faults, *_once(each for draft in found for each in draft.warnings)])


def _once(violations: Iterable[Violation]) -> list[Violation]:
    """Return each violation once, in order; there may be many of them, and their values have no hash."""
    return list({(each.code, each.path, repr(each.values)): each for each in violations}.values())


def _made(task: Task, plan: Plan, draft: Draft, outline: Outline, *, further: bool) -> Change:
    """Make a document and give it its unified number (QF-04, MF-02); a further volume goes by that alone."""
    number = task.facts.new_number(task.form.kind)
    draft.fill(draft.head, "SeqNo", number)
    document = Document(
        number=number,
        kind=task.form.kind,
        message_type=task.form.message,
        state=first_state(task.form.kind),
        version=0,
        enterprise=outline.enterprise,
        partner=task.command.partner,
        office=outline.office,
        nature=outline.nature,
        ie_flag=outline.ie_flag,
        client_number=number if further else task.command.client_number,
        customs_number=None,
        parent=outline.parent,
        period=outline.period,
        valid_until=None,
        content=draft.head.fields,
    )
    event = Event.SAVE_DECLARE if plan.level is Level.DECLARE else Event.SAVE
    made = replace(document, state=after(document, event), version=1)
    # What a copy was made of is seen from its history; a further volume is simply saved.
    return Change(made, None, 0, plan.event if plan.event is Event.COPY else event)


def _decision(steps: Sequence[_Step]) -> Decision:
    filled: dict[str, str] = {}
    warnings: list[Violation] = []
    outgoing: list[tuple[str, Outgoing]] = []
    news: list[News] = []
    uses = {}
    for step in steps:
        number = step.change.document.number
        # The head of a further volume is filled like that of the first.
        filled = {**step.draft.filled, **filled}
        warnings += (each for each in step.draft.warnings if each not in warnings)
        if step.outline.hold is not None:
            news.append(replace(step.outline.hold, number=number))
        if step.draft.declaring:
            hold = step.outline.hold is not None
            body = step.change.document.content
            outgoing.append((number, Outgoing(step.draft.message_type, body, hold=hold)))
            if step.outline.uses:
                uses[number] = step.outline.uses
    return Decision(
        changes=(*(step.change for step in steps), *(each for step in steps for each in step.outline.moved)),
        outgoing=tuple(outgoing),
        filled=filled,
        warnings=tuple(warnings),
        news=tuple(news),
        uses=uses,
        shown=steps[0].outline.shown,
    )
