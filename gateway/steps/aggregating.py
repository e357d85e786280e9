"""A month's aggregation by an operator's word: requested, repeated, and its declarations declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

from gateway.documents import (
    Command,
    Decision,
    Document,
    Kind,
    declare_declaration,
    request_aggregation,
)
from gateway.errors import refuse
from gateway.fields import Fields
from gateway.steps.kept import to_document
from gateway.steps.records import Cause, StoredFacts, World, carry_out
from gateway.store import Unit


@dataclass(frozen=True, slots=True)
class MonthRequest:
    """A request that no ERP has sent.

    Attributes:
        enterprise: Whose month.
        month: `yyyyMM`.
        client_number: The run's own number, or empty for `AGG<month>-<n>`.
        criteria: Further fields, as a message of an ERP would have them (AG-02).
        forced: Why what is late is aggregated nevertheless, by an operator's word (AG-01).
    """

    enterprise: str
    month: str
    client_number: str = ""
    criteria: Fields = field(default_factory=dict)
    forced: str = ""


def aggregate_month(
    world: World, unit: Unit, enterprise: str, month: str, client_number: str = ""
) -> Decision:
    """Request the aggregation of a month's cleared manifests by an operator's word (AG-04).

    Raises:
        RejectedError: With every violation found.
    """
    request = MonthRequest(enterprise, month, client_number)
    return request_month(world, unit, request, Cause("operator", "aggregate"))


def request_month(world: World, unit: Unit, request: MonthRequest, cause: Cause) -> Decision:
    """Request the aggregation of a month; the clock makes the declarations (AG-04).

    Raises:
        RejectedError: With every violation found.
    """
    command = command_of(world, unit, request)
    decision = request_aggregation(command, StoredFacts(world, unit))
    carry_out(world, unit, decision, cause)
    return decision


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


def month_command(world: World, unit: Unit, enterprise: str, month: str, client_number: str) -> Command:
    """Return the command that asks for a month of an enterprise.

    Raises:
        RejectedError: `aggregation.no-partner`.
    """
    return command_of(world, unit, MonthRequest(enterprise, month, client_number))


def command_of(world: World, unit: Unit, request: MonthRequest) -> Command:
    """Return a request as the command of the first ERP that speaks for the enterprise.

    Raises:
        RejectedError: `aggregation.no-partner`.
    """
    enterprise, month = request.enterprise, request.month
    partners = (each.name for each in world.settings.partner if enterprise in each.enterprises)
    partner = next(partners, None)
    if partner is None:
        raise refuse("aggregation.no-partner", enterprise=enterprise)
    return Command(
        message_type="AggregationRequest",
        operation="aggregate",
        client_number=request.client_number or _free_number(unit, partner, month),
        partner=partner,
        body={"Month": month, "TradeCode": enterprise, **request.criteria},
        forced=request.forced,
    )


def _free_number(unit: Unit, partner: str, month: str) -> str:
    """Return the first of `AGG202610-1`, `AGG202610-2` … that no run of the partner has."""
    for n in count(1):
        number = f"AGG{month}-{n}"
        if unit.documents.by_client_number(partner, Kind.AGGREGATION, number) is None:
            break
    return number
