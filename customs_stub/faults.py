"""What the office objects to: faults with a code, a pointer into the message and texts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Fault:
    """One objection, as it goes into a receipt.

    Attributes:
        code: An entry of `faults.toml`.
        path: The field objected to, for example `Manifest/Item[3]/CodeTS`.
        detail: What was found, or what would be right; stands behind the catalogue's text.
    """

    code: str
    path: str
    detail: str = ""

    @property
    def title(self) -> str:
        """The catalogue's Chinese text."""
        return texts()[self.code]["zh"]

    @property
    def text(self) -> str:
        """The Chinese text with what was found."""
        return self.title + (f"：{self.detail}" if self.detail else "")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """Read the catalogue of faults, by code."""
    return tomllib.loads(resources.files("customs_stub").joinpath("faults.toml").read_text("utf-8"))
