"""Whether a value is right for its type, asked of libxml2, which is far faster than whoever explains."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Final

from lxml import etree

_XS: Final = "http://www.w3.org/2001/XMLSchema"


class Values:
    """The types of a schema, each as the type of an element that holds nothing but a value.

    Args:
        file: The schema.
        namespace: Its target namespace.
        types: The names of its simple types, with the prefix `xs:` for built-in ones.
    """

    def __init__(self, file: Path, namespace: str, types: Iterable[str]) -> None:
        self._lock = Lock()
        self._tags = {name: f"{{{namespace}}}value.{name.replace(':', '.')}" for name in types}
        prefixes = {"xs": _XS, "own": namespace}
        root = etree.Element(f"{{{_XS}}}schema", {"targetNamespace": namespace}, prefixes)
        etree.SubElement(root, f"{{{_XS}}}include", schemaLocation=file.resolve().as_uri())
        for name, tag in self._tags.items():
            type_ = name if name.startswith("xs:") else f"own:{name}"
            etree.SubElement(root, f"{{{_XS}}}element", name=etree.QName(tag).localname, type=type_)
        self._schema = etree.XMLSchema(root)

    def are_right(self, text: str, type_: str) -> bool:
        """Return whether a text is a value of the type."""
        element = etree.Element(self._tags[type_])
        element.text = text
        # A validator keeps the errors of its last run.
        with self._lock:
            return self._schema.validate(element)
