"""The aggregation of a month, 汇总: request, the making of declarations, rehearsal (AG-04 to AG-11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from string import ascii_uppercase, digits
from typing import Final

from gateway.config import Enterprise
from gateway.documents.aggregation_states import RunState
from gateway.documents.balance import prove
from gateway.documents.core import Change, Command, Decision, Document, Facts, Kind, News, Outgoing, Relation
from gateway.documents.declaration import MESSAGE as DECLARATION_MESSAGE
from gateway.documents.declaration import Frame, compose
from gateway.documents.declaration_states import DeclarationState
from gateway.documents.draft import Draft
from gateway.documents.manifest_states import ManifestState
from gateway.documents.merging import Part, items_of, merge, text_of
from gateway.documents.selection import Selection, read_request
from gateway.documents.states import Event
from gateway.errors import ParkedError, Violation, refuse
from gateway.fields import Fields

MESSAGE: Final = "AggregationRequest"
MAX_CLIENT_NUMBER: Final = 16


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run would make, without making it (AG-11).

    Attributes:
        manifests: How many manifests it would take.
        declarations: The declarations, without numbers.
        left_out: What it would not take, and why.
        warnings: What else should be known, such as a deadline.
    """

    manifests: int
    declarations: tuple[Fields, ...]
    left_out: tuple[Violation, ...]
    warnings: tuple[Violation, ...]


def request_aggregation(command: Command, facts: Facts) -> Decision:
    """Accept a run: its manifests await aggregation from now on, the declarations are made later (AG-04).

    Raises:
        RejectedError: With every violation found.
    """
    taken = facts.by_client_number(command.partner, Kind.AGGREGATION, command.client_number)
    path = "MessageHead/ClientSeqNo"
    if taken is not None:
        raise refuse(
            "rule.client-number-taken",
            path,
            given=command.client_number,
            number=taken.number,
            state=taken.state,
        )
    draft, selection = read_request(command, facts)
    if len(command.client_number) > MAX_CLIENT_NUMBER:
        draft.fault(
            "aggregation.client-number-long", path, given=command.client_number, limit=MAX_CLIENT_NUMBER
        )
    draft.settle()
    manifests = list(selection.offered(facts))
    if not manifests:
        raise refuse("aggregation.nothing-cleared", f"{MESSAGE}/Month", month=selection.period)
    run = _run(command, facts, draft, selection)
    changes = [Change(run, None, 0, Event.SAVE)]
    changes += (_moved(manifest, ManifestState.AWAITING, Event.AWAIT, run.number) for manifest in manifests)
    news = News(
        run.number, "news.aggregation-accepted", {"manifests": len(manifests), "month": selection.period}
    )
    return Decision(tuple(changes), filled=draft.filled, warnings=tuple(draft.warnings), news=(news,))


def make_declarations(run: Document, facts: Facts) -> Decision:
    """Make the declarations of a run; made again, it is the same set and nothing new (AG-10).

    Raises:
        ParkedError: `aggregation.invariant`, `aggregation.too-many` or `aggregation.no-profile`.
    """
    states = {ManifestState.AWAITING, ManifestState.AGGREGATED}
    found = facts.manifests(run.enterprise, run.period or "", states)
    manifests = [manifest for manifest in found if manifest.parent == run.number]
    made = [_document(run, part, index, facts) for index, part in enumerate(_parts(manifests, facts), 1)]
    relations = [relation for _, rows, _ in made for relation in rows]
    prove(run.number, manifests, [document for document, _, _ in made], relations)
    fresh = [(document, rows) for document, rows, is_new in made if is_new]
    changes: list[Change] = []
    if run.state == RunState.REQUESTED:
        changes.append(_moved(run, RunState.DONE, Event.FINISH, run.parent))
    for document, _ in fresh:
        declared = document.state == DeclarationState.DECLARED
        changes.append(Change(document, None, 0, Event.SAVE_DECLARE if declared else Event.SAVE))
    changes += (
        _moved(manifest, ManifestState.AGGREGATED, Event.AGGREGATE, run.number)
        for manifest in manifests
        if manifest.state == ManifestState.AWAITING
    )
    values = {"manifests": len(manifests), "declarations": len(made), "month": run.period}
    # Amendments may have taken every manifest out of the run (AM-07): it has nothing left to make.
    told = "news.aggregation-done" if manifests else "news.aggregation-empty"
    return Decision(
        changes=tuple(changes),
        outgoing=tuple(
            (document.number, Outgoing(DECLARATION_MESSAGE, document.content))
            for document, _ in fresh
            if document.state == DeclarationState.DECLARED
        ),
        news=(News(run.number, told, values),) if changes else (),
        relations=tuple(relation for _, rows in fresh for relation in rows),
    )


def rehearse(command: Command, facts: Facts) -> Rehearsal:
    """Show what a run would make and what it would leave out, changing nothing (AG-11).

    Raises:
        RejectedError: The request itself is wrong.
    """
    draft, selection = read_request(command, facts)
    draft.settle()
    manifests = list(selection.offered(facts))
    run = _draft_run("", command, draft, selection)
    bodies = tuple(
        compose(part, _frame(run, part, "", _client_number(run, index), facts))
        for index, part in enumerate(_parts(manifests, facts), 1)
    )
    return Rehearsal(len(manifests), bodies, tuple(selection.left_out(facts)), tuple(draft.warnings))


def _parts(manifests: Sequence[Document], facts: Facts) -> list[Part]:
    return merge(manifests, facts.settings.aggregation)


def _run(command: Command, facts: Facts, draft: Draft, selection: Selection) -> Document:
    return _draft_run(facts.new_number(Kind.AGGREGATION), command, draft, selection)


def _draft_run(number: str, command: Command, draft: Draft, selection: Selection) -> Document:
    head = draft.head
    return Document(
        number=number,
        kind=Kind.AGGREGATION,
        message_type=MESSAGE,
        state=RunState.REQUESTED,
        version=1,
        enterprise=selection.enterprise,
        partner=command.partner,
        office=head.text("CustomMaster"),
        nature=head.text("GoodsNature"),
        ie_flag=head.text("IEFlag"),
        client_number=command.client_number,
        customs_number=None,
        parent=None,
        period=selection.period,
        valid_until=None,
        content=head.fields,
    )


def _document(run: Document, part: Part, index: int, facts: Facts) -> tuple[Document, list[Relation], bool]:
    """Make one declaration, or find it where it was made before."""
    client_number = _client_number(run, index)
    made = facts.by_client_number(run.partner, Kind.DECLARATION, client_number)
    if made is not None:
        return made, list(_relations(part, made.number)), False
    number = facts.new_number(Kind.DECLARATION)
    frame = _frame(run, part, number, client_number, facts)
    state = DeclarationState.DECLARED if frame.profile.declare_declarations else DeclarationState.SAVED
    first = part.manifests[0]
    document = Document(
        number=number,
        kind=Kind.DECLARATION,
        message_type=DECLARATION_MESSAGE,
        state=state,
        version=1,
        enterprise=run.enterprise,
        partner=run.partner,
        office=first.office,
        nature=first.nature,
        ie_flag=first.ie_flag,
        client_number=client_number,
        customs_number=None,
        parent=run.number,
        period=run.period,
        valid_until=None,
        content=compose(part, frame),
    )
    return document, list(_relations(part, number)), True


def _relations(part: Part, declaration: str) -> Iterator[Relation]:
    for count, lines in enumerate(part.items, 1):
        for line in lines:
            yield Relation(line.manifest.number, line.position, declaration, count, line.quantity, line.total)


def _frame(run: Document, part: Part, number: str, client_number: str, facts: Facts) -> Frame:
    profile = facts.enterprise(run.enterprise)
    if profile is None:
        raise ParkedError("aggregation.no-profile", run=run.number, enterprise=run.enterprise)
    volume = facts.volume(text_of(part.manifests[0].content, "ManualNo"))
    filed = items_of(volume.content) if volume else []
    return Frame(
        number=number,
        client_number=client_number,
        profile=profile,
        agent=_agent(run, part, profile, facts),
        now=facts.now,
        inspection_codes={text_of(item, "GNo"): text_of(item, "CiqCode") for item in filed},
    )


def _agent(run: Document, part: Part, profile: Enterprise, facts: Facts) -> tuple[str, str]:
    """Return who declares: whom the run names, else whom its manifests name, else the enterprise (AG-03)."""
    named = facts.enterprise(text_of(run.content, "AgentCode"))
    if named is not None:
        return named.code, named.name
    manifest = part.manifests[0].content
    code, name = text_of(manifest, "AgentCode"), text_of(manifest, "AgentName")
    return (code, name) if code and name else (profile.code, profile.name)


def _client_number(run: Document, index: int) -> str:
    """Return the run's client number and two characters: 01 to 99, then A0 to ZZ."""
    if index < 100:
        return f"{run.client_number}{index:02}"
    tens, ones = divmod(index - 100, 36)
    if tens >= len(ascii_uppercase):
        raise ParkedError("aggregation.too-many", run=run.number)
    return f"{run.client_number}{ascii_uppercase[tens]}{(digits + ascii_uppercase)[ones]}"


def _moved(document: Document, state: str, event: Event, parent: str | None) -> Change:
    changed = replace(document, state=state, version=document.version + 1, parent=parent)
    return Change(changed, document.state, document.version, event)
