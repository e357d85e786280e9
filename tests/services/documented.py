"""The lines by which docs/operating.md sets up servers for partners, so that tests set up by the same."""

from __future__ import annotations

import re
from typing import Final

from tests.source import ROOT

# The documentation names the first; whoever has a second one says the same of it.
PARTNERS: Final = ("acme", "beta")
_BLOCK: Final = re.compile(r"^```\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def documented(beginning: str) -> str:
    """Return the block of the documentation that begins so."""
    blocks = _BLOCK.findall((ROOT / "docs/operating.md").read_text("utf-8"))
    (found,) = (block for block in blocks if block.startswith(beginning))
    return str(found)


def of_each_partner(lines: list[str]) -> list[str]:
    """Repeat for the second partner the lines that name the first one, as the documentation says."""
    first, second = PARTNERS
    return lines + [re.sub(rf"\b{first}\b", second, line) for line in lines if first in line]
