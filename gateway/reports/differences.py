"""The difference between two contents of a document, field by field."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.fields import Fields, walk


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; an absent value is empty.

    Attributes:
        path: The field with positions, for example `Item[3]/GQty`.
        old: The text before.
        new: The text after.
    """

    path: str
    old: str
    new: str


def differences(old: Fields, new: Fields) -> list[Difference]:
    """List every field that differs, in the order of the new content, then those that are gone."""
    before, after = dict(walk(old, "")), dict(walk(new, ""))
    found = [
        Difference(path.lstrip("/"), before.get(path, ""), text)
        for path, text in after.items()
        if before.get(path) != text
    ]
    found += [Difference(path.lstrip("/"), text, "") for path, text in before.items() if path not in after]
    return found
