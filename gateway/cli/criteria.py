"""The criteria of queries as options, each the field of a query that an ERP would send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import reduce
from typing import Any, Final, TypeVar

import click

from gateway.cli.dates import Day
from gateway.cli.session import Session
from gateway.errors import RejectedError, refuse
from gateway.fields import Fields
from gateway.messages import Head, build
from gateway.steps.asking import QUERY as ASKED
from gateway.steps.questions import MESSAGE, Question, name_codes, read_question

F = TypeVar("F", bound=Callable[..., Any])

_ROLES: Final = {"consignee": "1", "agent": "2", "entering": "3"}
_TYPES: Final = {"modification": "1", "withdrawal": "2"}
_RELATIONS: Final = {"general": "0", "transit": "1"}


class Choice(click.ParamType[str]):
    """A word for a code, or the code itself."""

    name = "choice"

    def __init__(self, words: dict[str, str]) -> None:
        self.words = words

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the word."""
        text = str(value)
        if text in self.words.values():
            return text
        if text not in self.words:
            self.fail(f"{text} is none of {', '.join(self.words)}", param, ctx)
        return self.words[text]


# Each option is called as the field that it stands for, which faults name.
_ABOUT: Final = (
    click.option(
        "--number", "SeqNo", metavar="SeqNo", help="Unified number of the document, its parent or child."
    ),
    click.option("--customs-number", "CustomsNo", metavar="CustomsNo", help="Customs' number of the same."),
    click.option("--client-number", "ClientSeqNo", metavar="ClientSeqNo", help="The ERP's own number."),
)
_PLACE: Final = (
    click.option("--enterprise", "TradeCode", metavar="TradeCode", help="Customs code of the enterprise."),
    click.option("--office", "CustomMaster", metavar="CustomMaster", help="Declaring customs, code or name."),
    click.option("--nature", "GoodsNature", metavar="GoodsNature", help="Goods nature, code or name."),
    click.option("--ie", "IEFlag", type=click.Choice(["I", "E"]), help="Import or export."),
    click.option("--state", "State", metavar="State", help="Code, name or official number of a state."),
    click.option("--filing-number", "ManualNo", metavar="ManualNo", help="Filing number of the goods."),
    click.option("--bill", "BillNo", metavar="BillNo", help="Bill of lading."),
    click.option("--from", "DateFrom", type=Day(), help="First day: of declaring, else of saving."),
    click.option("--to", "DateTo", type=Day(), help="Last day."),
)
_DECLARATIONS: Final = (
    click.option(
        "--declaration-type",
        "DeclTrnRel",
        metavar="DeclTrnRel",
        type=Choice(_RELATIONS),
        help="general or transit.",
    ),
    click.option("--cleared/--not-cleared", "Cleared", default=None, help="Cleared ones or others."),
)
_ROLE: Final = (
    click.option(
        "--role",
        "EnterpriseRole",
        metavar="EnterpriseRole",
        type=Choice(_ROLES),
        help="consignee, agent or entering.",
    ),
)
_AMENDMENTS: Final = (
    click.option(
        *("--type", "AmendmentType"),
        metavar="AmendmentType",
        type=Choice(_TYPES),
        help="modification or withdrawal; of amendments.",
    ),
)
_GROUPS: Final = (
    click.option(
        "--by", "GroupBy", metavar="GroupBy", help="kind, office, state, month: some of them, with commas."
    ),
)
_PAGES: Final = (
    click.option(
        "--sort", "SortBy", metavar="SortBy", help="A field, with a hyphen before it for falling order."
    ),
    click.option("--page", "Page", type=click.IntRange(1, 999_999), help="Which page, from 1."),
    click.option("--page-size", "PageSize", type=click.IntRange(1, 1000), help="Default: 100."),
)
_PARTNER: Final = click.option("--partner", help="Only what this partner sees; default: all.")

QUERY = (*_ABOUT, *_PLACE, *_DECLARATIONS, *_ROLE, *_AMENDMENTS, *_PAGES)
STATISTICS = (*_PLACE, *_GROUPS)
EXPORT = (*_ABOUT, *_PLACE, *_DECLARATIONS)


def options(named: Sequence[Callable[[Any], Any]]) -> Callable[[F], F]:
    """Give a command the options of these fields, and `--partner`."""

    def give(function: F) -> F:
        given: F = reduce(lambda made, option: option(made), (_PARTNER, *reversed(named)), function)
        return given

    return give


def read_options(
    session: Session, kind: str, asked: dict[str, Any]
) -> tuple[Question, Collection[str] | None]:
    """Return what the options ask, and whose documents may be seen (QR-08).

    Raises:
        RejectedError: `cli.unknown-partner`, or every fault of the criteria.
    """
    own = _own(session, asked.get("partner"))
    body = {"QueryKind": kind}
    for name, value in asked.items():
        if name[0].isupper() and value not in {None, ""}:
            body[name] = ("0", "1")[value] if isinstance(value, bool) else str(value)
    named: Fields = {**name_codes(session.world, body)}
    _check_form(session, named)
    return read_question(session.world, named, own), own


def _check_form(session: Session, body: Fields) -> None:
    """Hold what was typed against the schema, as a message that says the same.

    Raises:
        RejectedError: Every value that could never be found, with what would be right.
    """
    world, sender = session.world, session.settings.sender
    head = Head(world.new_message_id(), MESSAGE, sender, sender, session.clock.now(), "-", operation=ASKED)
    if faults := world.catalogue.check(build(world.catalogue, head, body), command=True):
        raise RejectedError(faults)


def _own(session: Session, partner: str | None) -> Collection[str] | None:
    if partner is None:
        return None
    found = next((each for each in session.settings.partner if each.name == partner), None)
    if found is None:
        known = ", ".join(each.name for each in session.settings.partner)
        raise refuse("cli.unknown-partner", given=partner, expected=known)
    return found.enterprises
