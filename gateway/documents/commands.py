"""What an ERP's command makes of a document: save, declare, both, edit, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from gateway.documents import aggregation
from gateway.documents.core import Change, Command, Decision, Document, Facts, Outgoing
from gateway.documents.draft import Draft, Level, Outline, copy
from gateway.documents.forms import FORMS, effects
from gateway.documents.lives import after, first_state
from gateway.documents.states import Event
from gateway.errors import refuse
from gateway.fields import Fields, walk

_HEAD: Final = "MessageHead"


def decide(command: Command, facts: Facts) -> Decision:
    """Decide what a command does; nothing is changed here.

    Raises:
        RejectedError: With every violation found.
    """
    if command.message_type == aggregation.MESSAGE:
        return aggregation.request_aggregation(command, facts)
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
    return _HANDLERS[command.operation](command, facts)


def _save(command: Command, facts: Facts) -> Decision:
    return _make(command, facts, Event.SAVE)


def _save_and_declare(command: Command, facts: Facts) -> Decision:
    return _make(command, facts, Event.SAVE_DECLARE)


def _make(command: Command, facts: Facts, event: Event) -> Decision:
    """Make a document and give it its unified number (QF-04, MF-02)."""
    form = FORMS[command.message_type]
    kind = form.kind
    taken = facts.by_client_number(command.partner, kind, command.client_number)
    if taken is not None:
        raise refuse(
            "rule.client-number-taken",
            _HEAD + "/ClientSeqNo",
            given=command.client_number,
            number=taken.number,
            state=taken.state,
        )
    level = Level.SAVE if event is Event.SAVE else Level.DECLARE
    draft = Draft.of(command, command.body, level, facts)
    draft.fill(draft.head, "SeqNo", "")
    draft.fill(draft.head, "CustomsNo", "")
    outline = form.complete(draft)
    draft.settle()
    number = facts.new_number(kind)
    draft.fill(draft.head, "SeqNo", number)
    document = Document(
        number=number,
        kind=kind,
        message_type=command.message_type,
        state=first_state(kind),
        version=0,
        enterprise=outline.enterprise,
        partner=command.partner,
        office=outline.office,
        nature=outline.nature,
        ie_flag=outline.ie_flag,
        client_number=command.client_number,
        customs_number=None,
        parent=outline.parent,
        period=outline.period,
        valid_until=None,
        content=draft.head.fields,
    )
    made = replace(document, state=after(document, event), version=1)
    return _decision(Change(made, None, 0, event), draft, outline)


def _declare(command: Command, facts: Facts) -> Decision:
    """Declare a saved document as it stands; what the command repeats must be the same."""
    present = _find(command, facts)
    state = after(present, Event.DECLARE)
    body = copy(present.content)
    # The declaration date is the day of declaring, not of saving (MF-06).
    if "DeclDate" not in command.body:
        body.pop("DeclDate", None)
    else:
        body["DeclDate"] = command.body["DeclDate"]
    draft = Draft.of(command, body, Level.DECLARE, facts, present)
    outline = FORMS[command.message_type].complete(draft)
    _compare(command, draft)
    draft.settle()
    changed = _outlined(present, outline, draft.head.fields, state)
    return _decision(Change(changed, present.state, present.version, Event.DECLARE), draft, outline)


def _edit(command: Command, facts: Facts) -> Decision:
    """Replace the content of a document that is not with customs; it is saved again, under its number."""
    present = _find(command, facts)
    state = after(present, Event.EDIT)
    draft = Draft.of(command, command.body, Level.SAVE, facts, present)
    draft.fill(draft.head, "SeqNo", present.number)
    draft.fill(draft.head, "CustomsNo", "")
    outline = FORMS[command.message_type].complete(draft)
    draft.settle()
    changed = _outlined(present, outline, draft.head.fields, state)
    changed = replace(changed, customs_number=None, valid_until=None)
    return _decision(Change(changed, present.state, present.version, Event.EDIT), draft, outline)


def _delete(command: Command, facts: Facts) -> Decision:
    """End a document for good; its history stays (QF-09, GF-06, MF-11)."""
    present = _find(command, facts)
    changed = replace(present, state=after(present, Event.DELETE), version=present.version + 1)
    return effects(Change(changed, present.state, present.version, Event.DELETE), facts)


_HANDLERS: Final[Mapping[str, Callable[[Command, Facts], Decision]]] = {
    "save": _save,
    "declare": _declare,
    "save-declare": _save_and_declare,
    "edit": _edit,
    "delete": _delete,
}


def _find(command: Command, facts: Facts) -> Document:
    """Find the document that a command is about; a foreign one is as unknown as none (QR-08)."""
    kind = FORMS[command.message_type].kind
    given = command.number or command.body.get("SeqNo") or ""
    if given and isinstance(given, str):
        found = facts.document(given)
        path = f"{command.message_type}/SeqNo"
    else:
        given = command.client_number
        found = facts.by_client_number(command.partner, kind, given)
        path = _HEAD + "/ClientSeqNo"
    own = facts.enterprises_of(command.partner)
    if found is None or found.message_type != command.message_type or found.enterprise not in own:
        raise refuse("rule.unknown-document", path, given=given)
    return found


def _compare(command: Command, draft: Draft) -> None:
    """Refuse a declare command that says something else than what was saved; names and codes are the same."""
    repeated = Draft.of(command, command.body, Level.DECLARE, draft.facts, draft.present)
    for name in ("QualificationClientNo", "VolumeClientNo", "ManifestClientNo"):
        repeated.take(name)
    for name in list(repeated.head.fields):
        if name not in {"SeqNo", "DeclDate"}:
            _compare_field(draft, name, repeated.head.fields[name])


def _compare_field(draft: Draft, name: str, given: str | Fields | list[Fields]) -> None:
    prefix = draft.message_type
    kept = dict(walk(draft.head.fields, prefix))
    codes = draft.facts.codes
    for path, text in walk({name: given}, prefix):
        spec = draft.facts.dictionary.find(path)
        table = spec.table if spec else ""
        same = (codes.code(table, text) if table and codes.has(table) else None) or text
        if kept.get(path) != same:
            draft.fault("rule.differs-from-saved", path, given=text, expected=kept.get(path, ""))


def _outlined(present: Document, outline: Outline, content: Fields, state: str) -> Document:
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


def _decision(change: Change, draft: Draft, outline: Outline) -> Decision:
    document = change.document
    outgoing: tuple[tuple[str, Outgoing], ...] = ()
    if draft.declaring:
        message = Outgoing(draft.message_type, document.content, hold=outline.hold is not None)
        outgoing = ((document.number, message),)
    return Decision(
        changes=(change, *outline.moved),
        outgoing=outgoing,
        filled=draft.filled,
        warnings=tuple(draft.warnings),
        news=(replace(outline.hold, number=document.number),) if outline.hold else (),
        uses={document.number: outline.uses} if draft.declaring and outline.uses else {},
        shown=outline.shown,
    )
