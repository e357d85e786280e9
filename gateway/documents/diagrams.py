"""The page of state diagrams, drawn from the tables; `python -m gateway.documents.diagrams` writes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from gateway.documents import aggregation_states, application, declaration_states, filing, manifest_states
from gateway.documents.states import RECEIPTS, Event, Machine, State

PAGE: Final = Path("docs/states.md")

_MACHINES = (
    ("Qualification filing 企业资质备案", filing.QUALIFICATION),
    ("Goods filing, volume 企业商品信息备案", filing.VOLUME),
    ("Filing change, extension, amendment 备案变更、延期、修撤单", application.MACHINE),
    ("Manifest 集报清单", manifest_states.MACHINE),
    ("Manifest, bonded by road 公路保税集报清单", manifest_states.BONDED_ROAD_MACHINE),
    ("Aggregation run 汇总", aggregation_states.MACHINE),
    ("Declaration 集报报关单", declaration_states.MACHINE),
)
_PREFACE = """# States

Drawn from the tables in `gateway/documents/` by `python -m gateway.documents.diagrams`; do not edit.
Commands are what an ERP or operator asks for, *receipts* what customs answers, the rest happens here.
A receipt that overtook others is taken too: the second list of each section. A receipt that was
overtaken or repeated changes nothing; any other that is not listed is parked for a person.
"""


def draw() -> str:
    """Return the whole page."""
    return _PREFACE + "".join(f"\n## {title}\n\n{_section(machine)}" for title, machine in _MACHINES)


def _section(machine: Machine) -> str:
    states = "\n".join(_state_rows(machine))
    diagram = "\n".join(_diagram(machine))
    always = "".join(f"{line}\n\n" for line in _always(machine))
    overtaking = "\n".join(_overtaking(machine)) or "- none"
    return f"""```mermaid
{diagram}
```

| state | English | 中文 | official | receipts awaited |
|---|---|---|---|---|
{states}

{always}Receipts that overtake:

{overtaking}
"""


def _diagram(machine: Machine) -> Iterator[str]:
    yield "stateDiagram-v2"
    for state in _used(machine):
        label = f"{state.official} {state.zh}" if state.official else state.zh
        yield f"    {state.value} : {state.en} {label}"
    first, *_ = machine.states
    yield f"    [*] --> {first.value}"
    for (source, event), target in machine.order.items():
        yield f"    {source.value} --> {target.value} : {_name(event)}"


def _used(machine: Machine) -> list[State]:
    found = {source for source, _ in machine.order} | set(machine.order.values())
    return [state for state in machine.states if state in found]


def _name(event: Event) -> str:
    return f"receipt {event.value}" if event in RECEIPTS else event.value


def _state_rows(machine: Machine) -> Iterator[str]:
    kinds = {"T": "technical", "B": "business"}
    for state in _used(machine):
        awaited = ", ".join(kinds[kind] for kind in sorted(machine.awaited.get(state, ()), reverse=True))
        yield f"| `{state.value}` | {state.en} | {state.zh} | {state.official} | {awaited} |"


def _always(machine: Machine) -> Iterator[str]:
    if machine.items:
        yield f"Wherever `edit` is possible, with its outcome: {_listed(machine.items)}."
    if machine.readings:
        yield f"In every state after the first, changing nothing: {_listed(machine.readings)}."


def _listed(events: Collection[Event]) -> str:
    return ", ".join(f"`{event.value}`" for event in Event if event in events)


def _overtaking(machine: Machine) -> Iterator[str]:
    for (source, event), target in machine.table.items():
        if event in RECEIPTS and (source, event) not in machine.order:
            yield f"- `{source.value}` → {event.value} → `{target.value}`"


if __name__ == "__main__":
    PAGE.write_text(draw(), "utf-8")
