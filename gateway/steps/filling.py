"""What the gateway filled in by itself, from what, and which field of the ERP led to it (EN-02)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from gateway.documents import FILED
from gateway.errors import Violation
from gateway.fields import Fields, plain
from gateway.store import DocumentRow

# What customs alone tells.
BY_CUSTOMS: Final = frozenset({"CustomsNo", "ApprovedValidDate"})
_PARTS: Final = re.compile(r"(\w+)(?:\[(\d+)\])?")
_PROFILE: Final = frozenset({"TradeCode", "TradeName", "GuaranteeMode"})
_REASONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(BY_CUSTOMS, "origin.customs"),
    "GNo": "origin.counted",
    "SeqNo": "origin.number",
    "DeclDate": "origin.day",
}
_PARENTS: Final[Mapping[str, str]] = {
    "GoodsFiling": "QualificationSeqNo",
    "QualificationChange": "QualificationSeqNo",
    "QualificationExtension": "QualificationSeqNo",
    "GoodsFilingChange": "VolumeSeqNo",
    "ManifestModification": "ManifestSeqNo",
    "ManifestWithdrawal": "ManifestSeqNo",
}
# What stands in these is that of the document against which they are made.
_APPLICATIONS: Final = _PARENTS.keys() - {"GoodsFiling"}
# By the reason: the path of the field of the ERP from which the gateway went.
LED_BY: Final[Mapping[str, Callable[[str], str]]] = {
    "origin.filed": lambda path: f"{path.rpartition('/')[0]}/ContrItem",
    "origin.nature": lambda _path: "Manifest/GoodsNature",
    "origin.parent": lambda path: f"{parts_of(path)[0][0]}/{_PARENTS[parts_of(path)[0][0]]}",
}


def parts_of(path: str) -> list[tuple[str, int]]:
    """Return the steps of a path: each name with its position, 0 where it has none."""
    return [(found[1], int(found[2] or 0)) for found in map(_PARTS.fullmatch, path.split("/")) if found]


def at(content: Fields, path: str) -> str | Fields | None:
    """Return the text or group at a path into a body, None where there is none."""
    tree: str | Fields | None = content
    for name, position in parts_of(path)[1:]:
        found = tree.get(name) if isinstance(tree, dict) else None
        if isinstance(found, list):
            found = found[position - 1] if 0 < position <= len(found) else None
        tree = found
    return tree


def filled_by(path: str, content: Fields, row: DocumentRow) -> Violation:
    """Say from what a field was filled in."""
    kind, name = path.partition("/")[0], plain(path).rpartition("/")[2]
    if kind == "Manifest" and "Item[" in path and name in FILED:
        item = at(content, f"{path.rpartition('/')[0]}/ContrItem")
        return Violation("origin.filed", values={"filing": content.get("ManualNo", "-"), "item": item or "-"})
    values = {"number": row.number, "enterprise": row.enterprise, "parent": row.parent or "-"}
    return Violation(_reason(kind, name), values=values)


def _reason(kind: str, name: str) -> str:
    if kind == "MessageHead":
        return "origin.head"
    if name in _REASONS:
        return _REASONS[name]
    if name in _PROFILE and kind not in _APPLICATIONS:
        return "origin.profile"
    if kind in _PARENTS:
        return "origin.parent"
    return "origin.nature" if (kind, name) == ("Manifest", "TradeMode") else "origin.filled"
