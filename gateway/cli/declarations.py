"""Commands about a declaration: correct what does not come from its manifests, and declare it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from gateway.cli.lookups import find_document
from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.fields import Fields
from gateway.steps.declaring import correct_declaration

_COLUMNS: Final = ("item", "field", "old", "new")


class Correction(click.ParamType[tuple[str, str, str]]):
    """A field and its value, `EntyPortCode=470201`, of an item with its number before it, `2/CiqCode=101`."""

    name = "correction"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str, str]:
        """Read the item's number, empty for the head, the field, and the value."""
        name, given, text = str(value).partition("=")
        item, _, field = name.rpartition("/")
        if not (given and field and text):
            self.fail(f"{value} is no correction such as EntyPortCode=470201 or 2/CiqCode=101", param, ctx)
        return item, field, text


@click.command()
@click.argument("number")
@click.argument("corrections", type=Correction(), nargs=-1, required=True)
@click.option("--declare", is_flag=True, help="Declare it at once.")
@command
def correct(
    session: Session, /, *, number: str, corrections: Sequence[tuple[str, str, str]], declare: bool
) -> int:
    """Correct a declaration.

    It is saved, or customs did not accept it. Each correction is FIELD=VALUE or ITEM/FIELD=VALUE.
    """
    with session.store.begin() as unit:
        row = find_document(unit, number)
        decision = correct_declaration(session.world, unit, row.number, _fields(corrections), declare=declare)
        given = ", ".join("/".join(filter(None, (item, field))) for item, field, _ in corrections)
        session.note_act(unit, "correct", row.number, fields=given, declare=declare)
    changes = decision.shown["changes"]
    assert isinstance(changes, list), "a correction tells what it changes"
    document = decision.document
    state = {"number": document.number, "client_number": document.client_number, "state": document.state}
    if session.show.json:
        session.show.data({**state, "changes": changes})
        return DONE
    session.show.rows("documents", ("number", "client_number", "state"), [state])
    session.show.rows("corrected", _COLUMNS, changes)
    return DONE


def _fields(corrections: Sequence[tuple[str, str, str]]) -> Fields:
    head: Fields = {}
    items: dict[str, Fields] = {}
    for item, field, text in corrections:
        if item:
            items.setdefault(item, {"GNo": item})[field] = text
        else:
            head[field] = text
    return {**head, "Item": list(items.values())} if items else head
