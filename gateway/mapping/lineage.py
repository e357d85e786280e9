"""What came from where: for each target node the rule and the place of the source that made it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import Place, Violation
from gateway.fields import Fields, plain, walk
from gateway.mapping.dialect import Reading
from gateway.mapping.own_numbers import OWN
from gateway.mapping.rules import Entry, Rule


@dataclass(frozen=True, slots=True)
class Origin:
    """What made one target node.

    Attributes:
        rule: The key of the mapping file, for example `items.GQty`.
        place: Where the source's text stood; for a default, where it would have stood.
        value: The source's text before any step; empty for a constant or a default.
        steps: What was done to it, one after another, for example `replace "."`, `table unit`.
    """

    rule: str
    place: Place
    value: str
    steps: tuple[str, ...] = ()


class Lineage(Mapping[str, Origin]):
    """The origins of one message by target path; places are worked out only when asked for."""

    def __init__(
        self,
        reading: Reading[Any, Any],
        entries: Mapping[str, Entry],
        nodes: Mapping[str, Any],
        rules: Mapping[str, Rule],
    ) -> None:
        self._reading = reading
        self._entries = entries
        self._nodes = nodes
        self._rules = rules

    def __getitem__(self, path: str) -> Origin:
        entry = self._entries[path]
        if entry.where is not None:
            place = self._reading.place(entry.where)
        elif entry.expression is not None:
            place = self._reading.expected(entry.node, entry.expression)
        else:
            place = Place(self._reading.name)
        return Origin(entry.rule.key, place, entry.text, _steps(entry))

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def given(self, path: str) -> str:
        """Return the path at which the sender gave a field: by its own name, by its own number, or none."""
        return next((each for each in (path, OWN.get(path, "")) if each in self._entries), "")

    def expected(self, path: str) -> Place:
        """Say where the value of a path stood, or would have stood, or where its record stands (EN-05)."""
        own = OWN.get(path, "")
        if path in self._entries:
            return self[path].place
        if own in self._entries:
            # It was named by the sender's own number, and what is wrong with it is wrong there.
            return self[own].place
        rule = self._rules.get(plain(path))
        group = path.rpartition("/")[0]
        if rule is not None:
            node = self._nodes.get(group, self._nodes[""])
            for choice in rule.choices:
                if choice.expressions:
                    return self._reading.expected(
                        self._nodes[""] if choice.of_message else node, choice.expressions[0]
                    )
        while path not in self._nodes:
            path = path.rpartition("/")[0]
        return self._reading.node_place(self._nodes[path])


def _steps(entry: Entry) -> tuple[str, ...]:
    if entry.choice is None:
        return ()
    if entry.choice.constant:
        return ("constant",)
    return entry.choice.told if entry.where is not None else ("default",)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One message made from a source.

    Attributes:
        message_type: The name of the body.
        operation: What the ERP wants done, or empty.
        client_seq_no: The client's own number.
        body: The fields of the body.
        lineage: The origin of each target node.
        mapping: The name of the mapping.
        version: The version of the mapping.
        violations: What could not be mapped, and warnings; all of them.
    """

    message_type: str
    operation: str
    client_seq_no: str
    body: Fields
    lineage: Lineage
    mapping: str
    version: str
    violations: tuple[Violation, ...] = ()

    def locate(self, violation: Violation) -> Violation:
        """Add to a later stage's violation the place of the source that it is about (EN-05)."""
        return violation if violation.place else violation.at(self.lineage.expected(violation.path))

    def explain(self) -> list[dict[str, Any]]:
        """List each target node with its value, rule, source text, steps and place, ready for JSON."""
        values = {
            "MessageHead/MessageType": self.message_type,
            "MessageHead/ClientSeqNo": self.client_seq_no,
            "MessageHead/Operation": self.operation,
            **dict(walk(self.body, self.message_type)),
        }
        rows: list[dict[str, Any]] = []
        for path, origin in self.lineage.items():
            place = origin.place
            rows.append(
                {
                    "target": path,
                    "value": values.get(path, ""),
                    "rule": origin.rule,
                    "source": origin.value,
                    "steps": list(origin.steps),
                    "place": str(place),
                    "row": place.row,
                    "column": place.column,
                    "path": place.path,
                }
            )
        return rows

    def tree(self) -> dict[str, object]:
        """Return the message as the golden files of the examples have it."""
        return {
            "type": self.message_type,
            "operation": self.operation,
            "client_number": self.client_seq_no,
            "body": self.body,
        }
