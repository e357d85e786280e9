"""A month's aggregation: requested by an operator, rehearsed, and made by the clock."""

from __future__ import annotations

from itertools import count

from gateway.documents import (
    Command,
    Decision,
    Document,
    Kind,
    Rehearsal,
    declare_declaration,
    make_declarations,
    rehearse,
    request_aggregation,
)
from gateway.errors import ParkedError, RejectedError, refuse
from gateway.steps.containment import contained
from gateway.steps.records import Cause, StoredFacts, World, carry_out, to_document
from gateway.steps.replies import tell_result
from gateway.steps.trouble import reasons_of
from gateway.store import DocumentFilter, Unit

# Runs are few and large: one a transaction keeps it short.
_RUNS = 1
ALERT = "aggregation.stopped"


def aggregate_month(
    world: World, unit: Unit, enterprise: str, month: str, client_number: str = ""
) -> Decision:
    """Mark a month's cleared manifests; the declarations are made by the clock (AG-04).

    Args:
        world: What stays the same.
        unit: The transaction.
        enterprise: Whose month.
        month: `yyyyMM`.
        client_number: The run's own number, or empty for `AGG<month>-<n>`.

    Raises:
        RejectedError: With every violation found.
    """
    command = _command(world, unit, enterprise, month, client_number)
    decision = request_aggregation(command, StoredFacts(world, unit))
    carry_out(world, unit, decision, Cause("operator", "aggregate"))
    return decision


def rehearse_month(world: World, unit: Unit, enterprise: str, month: str) -> Rehearsal:
    """Show what a month's aggregation would make; nothing changes (AG-11).

    Raises:
        RejectedError: The request itself is wrong.
    """
    return rehearse(_command(world, unit, enterprise, month, ""), StoredFacts(world, unit))


def declare_number(world: World, unit: Unit, number: str) -> Document:
    """Declare a saved or not accepted declaration by an operator's word (DC-01).

    Raises:
        RejectedError: `aggregation.no-declaration`, or `state.not-allowed`.
    """
    row = unit.documents.get(number)
    if row is None or row.kind != Kind.DECLARATION:
        raise refuse("aggregation.no-declaration", number=number)
    decision = declare_declaration(to_document(row), StoredFacts(world, unit))
    carry_out(world, unit, decision, Cause("operator", "declare"))
    return decision.changes[0].document


def make_due_declarations(world: World, unit: Unit) -> int:
    """Make the declarations of a run that was accepted; a run that cannot be balanced waits for a person.

    Either the whole set of a run is committed or nothing of it (AG-09, AG-10).
    """
    asked = DocumentFilter(kind=Kind.AGGREGATION, states=("requested",))
    stopped = {alert.subject for alert in unit.alerts.opened() if alert.code == ALERT}
    due = [row.number for row in unit.documents.listing(asked, limit=_RUNS + len(stopped))]
    done = 0
    for number in due:
        if number in stopped or done == _RUNS:
            continue
        row = unit.documents.get(number)
        assert row is not None, "listed in this transaction"
        try:
            with unit.savepoint(), contained(number):
                decision = make_declarations(to_document(row), StoredFacts(world, unit))
                carry_out(world, unit, decision, Cause("clock", number))
                tell_result(unit, decision)
            done += 1
        except (RejectedError, ParkedError) as fault:
            unit.alerts.open(ALERT, number, reasons_of(fault))
    return done


def _command(world: World, unit: Unit, enterprise: str, month: str, client_number: str) -> Command:
    partners = (each.name for each in world.settings.partner if enterprise in each.enterprises)
    partner = next(partners, None)
    if partner is None:
        raise refuse("aggregation.no-partner", enterprise=enterprise)
    return Command(
        message_type="AggregationRequest",
        operation="save",
        client_number=client_number or _free_number(unit, partner, month),
        partner=partner,
        body={"Month": month, "TradeCode": enterprise},
    )


def _free_number(unit: Unit, partner: str, month: str) -> str:
    """Return the first of `AGG202610-1`, `AGG202610-2` … that no run of the partner has."""
    for n in count(1):
        number = f"AGG{month}-{n}"
        if unit.documents.by_client_number(partner, Kind.AGGREGATION, number) is None:
            break
    return number
