"""The schemas that submissions must fit: one set for the office's messages, one for declarations."""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree

from customs_stub.config import ConfigError
from customs_stub.faults import Fault
from customs_stub.xmltree import DEC, JB, pointer

FILES = {
    f"{{{JB}}}Message": Path("jb/1.0/message.xsd"),
    f"{{{DEC}}}DecMessage": Path("dec/3.1/DecMessage.xsd"),
}
NAMESPACE = re.compile(r"\{[^}]*\}")
MOST = 50  # faults told in one receipt


class Schemas:
    """Checks a root element against the schema of its name."""

    def __init__(self, by_root: dict[str, etree.XMLSchema]) -> None:
        self._by_root = by_root

    @classmethod
    def load(cls, folder: Path) -> Schemas:
        """Read every schema.

        Raises:
            ConfigError: Schemas are missing or are no schemas; all of them are named.
        """
        faults: list[str] = []
        found: dict[str, etree.XMLSchema] = {}
        for root, file in FILES.items():
            try:
                found[root] = etree.XMLSchema(file=str(folder / file))
            except etree.LxmlError as fault:
                faults.append(f"schema {folder / file}: {fault}")
        if faults:
            raise ConfigError(faults)
        return cls(found)

    def knows(self, root: etree._Element) -> bool:
        """Tell whether there is a schema for this root element."""
        return root.tag in self._by_root

    def check(self, root: etree._Element) -> list[Fault]:
        """Return what does not fit, with pointers."""
        schema = self._by_root[str(root.tag)]
        if schema.validate(root):
            return []
        entries: Any = schema.error_log
        return [_fault(root, entry) for entry in islice(entries, MOST)]


def _fault(root: etree._Element, entry: etree._LogEntry) -> Fault:
    found = root.getroottree().xpath(entry.path) if entry.path else []
    element = found[0] if isinstance(found, list) and found and etree.iselement(found[0]) else root
    return Fault("X02", pointer(element), NAMESPACE.sub("", entry.message))
