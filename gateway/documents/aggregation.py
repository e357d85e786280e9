"""The aggregation of a month, 汇总: request, the making of declarations, rehearsal (AG-04 to AG-11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from string import ascii_uppercase, digits
from typing import Final

from gateway.documents.agents import NONE, declaring_agent
from gateway.documents.aggregation_states import RunState
from gateway.documents.core import Change, Command, Decision, Document, Facts, Kind, News, Outgoing
from gateway.documents.declaration import MESSAGE as DECLARATION_MESSAGE
from gateway.documents.declaration import Frame, compose, issue
from gateway.documents.declaration_states import DeclarationState
from gateway.documents.draft import Draft
from gateway.documents.lives import already_used, moved
from gateway.documents.merging import Goods, items_of, text_of
from gateway.documents.requesting import check_totals, nothing_to_take, read_request
from gateway.documents.selection import Selection
from gateway.documents.states import Event
from gateway.errors import ParkedError, refuse
from gateway.fields import Fields

MESSAGE: Final = "AggregationRequest"
AGGREGATE: Final = "aggregate"
REHEARSE: Final = "rehearse"
_OPERATIONS: Final = (AGGREGATE, "")
MAX_CLIENT_NUMBER: Final = 16


def request_aggregation(command: Command, facts: Facts) -> Decision:
    """Accept a run: its manifests await aggregation from now on, the declarations are made later (AG-04).

    Raises:
        RejectedError: With every violation found.
    """
    if command.operation not in _OPERATIONS:
        raise refuse(
            "command.unknown-operation",
            "MessageHead/Operation",
            given=command.operation,
            message=MESSAGE,
            expected=f"{AGGREGATE}, {REHEARSE}",
        )
    taken = facts.by_client_number(command.partner, Kind.AGGREGATION, command.client_number)
    path = "MessageHead/ClientSeqNo"
    if taken is not None:
        raise already_used(command.client_number, taken)
    draft, selection = read_request(command, facts)
    if len(command.client_number) > MAX_CLIENT_NUMBER:
        draft.fault(
            "aggregation.client-number-long", path, given=command.client_number, limit=MAX_CLIENT_NUMBER
        )
    draft.settle()
    other = facts.marking(selection.enterprise, selection.period)
    if other is not None:
        raise refuse("aggregation.still-marking", f"{MESSAGE}/Month", month=selection.period, run=other)
    manifests = facts.offered(selection)
    if not manifests:
        raise nothing_to_take(draft, selection)
    check_totals(draft, selection)
    run = _run(command, facts, draft, selection)
    news = News(run.number, "news.aggregation-accepted", {"manifests": manifests, "month": selection.period})
    return Decision(
        changes=(Change(run, None, 0, Event.SAVE),),
        filled=draft.filled,
        warnings=tuple(draft.warnings),
        news=(news,),
        takes=selection,
        shown={"manifests": manifests, **_named(run, facts)},
    )


def rehearsed_run(command: Command, facts: Facts) -> tuple[Document, Selection, Draft]:
    """Return the run that a request would make, without a number, and what it would take (AG-11).

    Raises:
        RejectedError: The request itself is wrong.
    """
    draft, selection = read_request(command, facts)
    draft.settle()
    return _draft_run("", command, draft, selection), selection, draft


def finish(run: Document, *, manifests: int, declarations: int) -> Decision:
    """End a run, and say what the month became."""
    # Amendments may have taken every manifest out of the run (AM-07): it has nothing left to make.
    told = "news.aggregation-done" if manifests else "news.aggregation-empty"
    values = {"manifests": manifests, "declarations": declarations, "month": run.period}
    return Decision((moved(run, Event.FINISH),), news=(News(run.number, told, values),))


def draft_declaration(
    run: Document, piece: Sequence[Goods], manifests: Mapping[str, Document], facts: Facts
) -> Document:
    """Compose one declaration of a run; numbers and dates are given to it when the whole set is proved.

    Args:
        run: The run.
        piece: The goods of the declaration.
        manifests: The manifests of the oldest line of each.
        facts: Profile, agents and volumes.

    Raises:
        ParkedError: `aggregation.no-profile`.
    """
    first = manifests[piece[0].manifest]
    frame = _frame(run, first, facts)
    state = DeclarationState.DECLARED if frame.profile.declare_declarations else DeclarationState.SAVED
    place = (first.office, first.nature, first.ie_flag)
    return unissued(run, place, state, compose(piece, manifests, frame))


def unissued(run: Document, place: tuple[str, str, str], state: str, content: Fields) -> Document:
    """Return a declaration without numbers.

    Args:
        run: The run.
        place: Office, nature and direction.
        state: In which it is to begin.
        content: What was composed.
    """
    office, nature, ie_flag = place
    return Document(
        number="",
        kind=Kind.DECLARATION,
        message_type=DECLARATION_MESSAGE,
        state=state,
        version=1,
        enterprise=run.enterprise,
        partner=run.partner,
        office=office,
        nature=nature,
        ie_flag=ie_flag,
        client_number="",
        customs_number=None,
        parent=run.number,
        period=run.period,
        valid_until=None,
        content=content,
    )


def issued(run: Document, draft: Document, index: int, number: str, moment: datetime) -> Document:
    """Give a composed declaration its numbers and dates; the same every time it is asked for (AG-10).

    Args:
        run: The run.
        draft: The declaration.
        index: Which one of the run, from 1.
        number: Its unified number.
        moment: When the set was proved.
    """
    client_number = _client_number(run, index) or number
    content = issue(draft.content, number, client_number, moment)
    return replace(draft, number=number, client_number=client_number, content=content)


def publish(declarations: Sequence[Document]) -> Decision:
    """Make documents of proved declarations, and declare those that are to be declared by themselves."""
    events = {DeclarationState.DECLARED: Event.SAVE_DECLARE, DeclarationState.SAVED: Event.SAVE}
    return Decision(
        changes=tuple(Change(each, None, 0, events[DeclarationState(each.state)]) for each in declarations),
        outgoing=tuple(
            (each.number, Outgoing(DECLARATION_MESSAGE, each.content))
            for each in declarations
            if each.state == DeclarationState.DECLARED
        ),
    )


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


def _frame(run: Document, first: Document, facts: Facts) -> Frame:
    profile = facts.enterprise(run.enterprise)
    if profile is None:
        raise ParkedError("aggregation.no-profile", run=run.number, enterprise=run.enterprise)
    volume = facts.volume(text_of(first.content, "ManualNo"))
    filed = items_of(volume.content) if volume else []
    return Frame(
        profile=profile,
        agent=declaring_agent(run.content, first.content, profile),
        inspection_codes={text_of(item, "GNo"): text_of(item, "CiqCode") for item in filed},
        form=facts.settings.declaration,
    )


def _named(run: Document, facts: Facts) -> Mapping[str, object]:
    """Tell the agent that a request names, or the enterprise itself where it names none (AG-03)."""
    named = text_of(run.content, "AgentCode")
    profile = facts.enterprise(run.enterprise)
    if not named or profile is None:
        return {}
    code, name = declaring_agent(run.content, {}, profile)
    return {"agent": {"code": code, "name": name, "named": named != NONE}}


def _client_number(run: Document, index: int) -> str:
    """Return the run's client number and two characters: 01 to 99, then A0 to ZZ.

    Further declarations have none of their own: they go by their unified number. Three characters would
    let the numbers of two runs meet.
    """
    if index < 100:
        return f"{run.client_number}{index:02}"
    tens, ones = divmod(index - 100, 36)
    if tens >= len(ascii_uppercase):
        return ""
    return f"{run.client_number}{ascii_uppercase[tens]}{(digits + ascii_uppercase)[ones]}"
