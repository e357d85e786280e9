"""How the messages of two mappings differ, or found ones from expected ones: value by value, with places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import Place
from gateway.fields import walk
from gateway.mapping.lineage import Lineage, Mapped
from gateway.mapping.mapping import CLIENT_NUMBER, MESSAGE_TYPE, OPERATION

Tree = Mapping[str, Any]

NOTHING: Final = "–"
_HEAD: Final = {"type": MESSAGE_TYPE, "operation": OPERATION, "client_number": CLIENT_NUMBER}


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same.

    Attributes:
        path: The message's position and the field, for example `[2] Manifest/Item[1]/GQty`; the position
            alone where one side has no such message.
        before: What was expected, or what it was.
        after: What was found, or what it is.
        rule: The key of the mapping file that made it, for example `items.GQty`; empty where none did.
        source: The source's text that it was made from.
        place: Where that text stood.
    """

    path: str
    before: str
    after: str
    rule: str
    source: str
    place: Place | None

    def told(self) -> dict[str, str | int | None]:
        """Return it for a table or for JSON."""
        place = self.place or Place()
        return {
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "rule": self.rule,
            "source": self.source,
            "place": str(place),
            "row": place.row,
            "column": place.column,
        }


def compare(before: Sequence[Tree], after: Sequence[Mapped]) -> Iterator[Difference]:
    """Yield every difference between messages as a golden file has them and messages made just now."""
    pairs = _pairs(before, [each.tree() for each in after])
    for number, (was, now) in enumerate(pairs, 1):
        made = None if now is None else after[now]
        lineages = [made.lineage] if made else []
        yield from _differences(number, None if was is None else before[was], _tree(made), lineages)


def compare_messages(number: int, before: Mapped | None, after: Mapped | None) -> Iterator[Difference]:
    """Yield every difference between what two mappings made of the same message, or one of them did not."""
    lineages = [each.lineage for each in (after, before) if each]
    yield from _differences(number, _tree(before), _tree(after), lineages)


def matched(
    before: Sequence[Mapped], after: Sequence[Mapped]
) -> Iterator[tuple[Mapped | None, Mapped | None]]:
    """Say which message of one mapping is which of another: by position, or by the sender's number."""
    pairs = _pairs([each.tree() for each in before], [each.tree() for each in after])
    for was, now in pairs:
        yield None if was is None else before[was], None if now is None else after[now]


def _differences(
    number: int, before: Tree | None, after: Tree | None, lineages: Sequence[Lineage]
) -> Iterator[Difference]:
    if before is not None and after is not None:
        yield from _fields(f"[{number}] ", before, after, lineages)
    else:
        place = next((lineage.expected("") for lineage in lineages), None)
        yield Difference(f"[{number}]", _name(before), _name(after), "", "", place)


def _pairs(before: Sequence[Tree], after: Sequence[Tree]) -> Iterator[tuple[int | None, int | None]]:
    """Say which message is which: by position if none was added or left out, else by the sender's number."""
    if len(before) == len(after):
        yield from ((position, position) for position in range(len(before)))
        return
    waiting: dict[str, list[int]] = {}
    for position, tree in enumerate(after):
        waiting.setdefault(_name(tree), []).append(position)
    for position, tree in enumerate(before):
        same = waiting.get(_name(tree))
        yield position, same.pop(0) if same else None
    yield from ((None, position) for left in waiting.values() for position in left)


def _fields(where: str, before: Tree, after: Tree, lineages: Sequence[Lineage]) -> Iterator[Difference]:
    was, now = _flat(before), _flat(after)
    for path in {**was, **now}:
        if was.get(path) == now.get(path):
            continue
        origin = next((lineage[path] for lineage in lineages if path in lineage), None)
        yield Difference(
            where + path,
            was.get(path, NOTHING),
            now.get(path, NOTHING),
            origin.rule if origin else "",
            origin.value if origin else "",
            origin.place if origin else next((lineage.expected(path) for lineage in lineages), None),
        )


def _tree(mapped: Mapped | None) -> Tree | None:
    return None if mapped is None else mapped.tree()


def _name(tree: Tree | None) -> str:
    return NOTHING if tree is None else f"{tree.get('type', '')} {tree.get('client_number', '')}".strip()


def _flat(tree: Tree) -> dict[str, str]:
    flat = {path: str(tree[key]) for key, path in _HEAD.items() if tree.get(key)}
    return flat | dict(walk(tree.get("body") or {}, str(tree.get("type", ""))))
