"""Codes with their names beside them, as people read them on prints and in results of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.codes import CodeTables
from gateway.fields import FieldDictionary, Fields
from gateway.steps.records import World

# These have no table: the schema itself lists the values.
_FLAGS: Final[Mapping[str, Mapping[str, str]]] = {
    "IEFlag": {"I": "进口", "E": "出口"},
    "CheckMark": {"1": "需审查", "2": "无需审查"},
}


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called today."""

    dictionary: FieldDictionary
    codes: CodeTables

    @classmethod
    def of(cls, world: World) -> Names:
        """Return the names of an installation."""
        return cls(world.catalogue.dictionary, world.codes.today)

    def code(self, table: str, code: str) -> dict[str, str]:
        """Return a code of a table with its name, which is empty when the table does not know it."""
        name = self.codes.name(table, code) if code and self.codes.has(table) else None
        return {"code": code, "name": name or ""}

    def flag(self, name: str, value: str) -> dict[str, str]:
        """Return a value that the schema lists, with its name."""
        return {"code": value, "name": _FLAGS[name].get(value, "")}

    def tree(self, fields: Fields, prefix: str) -> dict[str, Any]:
        """Return a body or group with every code as `code` and `name`.

        Args:
            fields: The body or group.
            prefix: Its path in the dictionary, such as `Manifest/Item`.
        """
        return {name: self._value(name, value, f"{prefix}/{name}") for name, value in fields.items()}

    def _value(self, name: str, value: str | Fields | list[Fields], path: str) -> Any:
        if isinstance(value, list):
            return [self.tree(group, path) for group in value]
        if isinstance(value, dict):
            return self.tree(value, path)
        return self.text(name, value, path)

    def text(self, name: str, value: str, path: str) -> str | dict[str, str]:
        """Return the value of one field: as it is, or with its name where it is a code."""
        spec = self.dictionary.find(path)
        if spec is not None and spec.table:
            return self.code(spec.table, value)
        return self.flag(name, value) if name in _FLAGS else value
