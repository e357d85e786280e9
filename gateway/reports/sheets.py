"""What is to be printed, whole: nothing is looked up any more while it is drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

Form = Literal[
    "qualification", "volume", "change", "manifest", "amendment", "declaration", "notice", "statistics"
]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One print before it is drawn; it can be kept as bytes and drawn later, to the same PDF.

    Attributes:
        form: The template.
        values: What stands in it, as JSON has it: texts, lists and groups of them. A code is a group of
            `code` and `name`.
    """

    form: Form
    values: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Write the sheet."""
        return json.dumps({"form": self.form, "values": self.values}, ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        return cls(**json.loads(data))
