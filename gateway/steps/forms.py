"""The form of a mapping: its own columns, explained by what the schema says of the fields."""

from __future__ import annotations

from collections.abc import Mapping as Values

from gateway.formats import Source, Table
from gateway.mapping import Asked, Mapping, columns_of
from gateway.messages.model import Element
from gateway.reports import FormColumn
from gateway.steps.records import World

# Of a longer table the codes are looked up in the documentation, not in a list.
_LONGEST_LIST = 300


def form_of(world: World, mapping: Mapping, example: Source | None) -> list[FormColumn]:
    """Return the columns of an empty table for a mapping.

    Args:
        world: Schemas and code tables.
        mapping: A mapping of tables.
        example: A table that fits it, from which the examples are taken; or None.
    """
    parts = (world.catalogue.head, *world.catalogue.bodies.values())
    elements = {element.spec.path: element for part in parts for element in part.walk()}
    shown = _shown(example)
    return [_column(world, asked, elements, shown) for asked in columns_of(mapping)]


def _column(
    world: World, asked: Asked, elements: Values[str, Element], shown: Values[str, str]
) -> FormColumn:
    found = [elements[target] for target in asked.targets if target in elements]
    # A column that makes several fields is explained by the first; the client's number is wanted always.
    element = found[0] if found else None
    spec = element.spec if element else None
    identifies = any(each.spec.path == "MessageHead/ClientSeqNo" for each in found)
    needed = identifies or any(each.spec.save and not each.spec.filled for each in found)
    declared = any(each.spec.declare and not each.spec.filled for each in found)
    expected = element.type.expected if element and element.type else None
    return FormColumn(
        name=asked.name,
        names=(spec.zh, spec.en) if spec else (asked.name, asked.name),
        needed="" if asked.optional else "save" if needed else "declare" if declared else "",
        formats=(expected.zh, expected.en) if expected else ("", ""),
        notes=(element.note.zh, element.note.en) if element else ("", ""),
        table=asked.table,
        choices=_choices(world, asked),
        example=shown.get(asked.name, ""),
        is_number=asked.is_number,
    )


def _choices(world: World, asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return what can be chosen: names, which a person knows, and the codes that they stand for."""
    if asked.allowed:
        # A list holds each value in Chinese and as its code; a person needs it once.
        chinese = [text for text in asked.allowed if not text.isascii()]
        return tuple((text, "") for text in chinese or asked.allowed)
    if not asked.table:
        return ()
    tables = world.codes.today
    entries = tables.entries(asked.table)
    if len(entries) > _LONGEST_LIST:
        return ()
    return tuple((name if tables.code(asked.table, name) == code else code, code) for code, name in entries)


def _shown(example: Source | None) -> dict[str, str]:
    """Return the first value of each column of a table."""
    found: dict[str, str] = {}
    if example is not None and isinstance(example.content, Table):
        for row in example.content.rows:
            for column, cell in zip(example.content.columns, row.cells, strict=True):
                if cell.strip():
                    found.setdefault(column, cell)
    return found
