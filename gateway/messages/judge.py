"""Judges a single value by its type in the schema, and says in codes and plain words what would be right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final

import xmlschema
from lxml import etree
from xmlschema.validators import XsdEnumerationFacets, XsdPatternFacets, XsdSimpleType, facets

from gateway.errors import Violation
from gateway.messages.model import BUILT_IN, Element, TextType, naming
from gateway.messages.values import Values

_SHOWN: Final = 60
_SCHEMA: Final = "{http://www.w3.org/2001/XMLSchema}"


class Judge:
    """Holds one schema set as `xmlschema` reads it, compiled when it is first needed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._loaded: xmlschema.XMLSchema | None = None
        self._quick: Values | None = None

    def value(self, text: str, element: Element, type_: TextType, path: str) -> Iterator[Violation]:
        """Yield each fault of a value, one for each code."""
        values = {
            **naming(element),
            "value": text[:_SHOWN],
            "expected_en": type_.expected.en,
            "expected_zh": type_.expected.zh,
        }
        if not text.strip() and not type_.may_be_empty:
            yield Violation("schema.empty", path, values)
            return
        # Most values of a message that is refused are right.
        if self._values().are_right(text, type_.name):
            return
        seen: set[str] = set()
        for error in self._type(type_.name).iter_errors(text):
            code, more = _explained(error, type_, text)
            if code not in seen:
                seen.add(code)
                yield Violation(code, path, {**values, **more})

    def document(self, root: etree._Element) -> Iterator[tuple[str, str]]:
        """Yield path and reason of each fault of a whole document, in the words of `xmlschema`."""
        for error in self._schema().iter_errors(root):
            yield str(error.path or ""), str(error.reason)

    def _schema(self) -> xmlschema.XMLSchema:
        # Compiling takes half a second, and most messages are right: only when needed, once for all threads.
        with self._lock:
            if self._loaded is None:
                self._loaded = xmlschema.XMLSchema(str(self._file))
            return self._loaded

    def _values(self) -> Values:
        schema = self._schema()
        with self._lock:
            if self._quick is None:
                own = [name for name, type_ in schema.types.items() if isinstance(type_, XsdSimpleType)]
                self._quick = Values(self._file, schema.target_namespace, [*own, *BUILT_IN])
            return self._quick

    def _type(self, name: str) -> XsdSimpleType:
        schema = self._schema()
        if name.startswith("xs:"):
            found = schema.maps.types[_SCHEMA + name.removeprefix("xs:")]
        else:
            found = schema.types[name]
        assert isinstance(found, XsdSimpleType), "the model keeps simple types only"
        return found


def _explained(
    error: xmlschema.XMLSchemaValidationError, type_: TextType, text: str
) -> tuple[str, dict[str, object]]:
    facet = error.validator
    if isinstance(facet, (facets.XsdMaxLengthFacet, facets.XsdMinLengthFacet, facets.XsdLengthFacet)):
        limit = int(str(facet.value))
        code = "schema.too-long" if len(text) > limit else "schema.too-short"
        return code, {"limit": limit, "length": len(text)}
    if isinstance(facet, XsdEnumerationFacets):
        return "schema.not-in-list", {
            "allowed": ", ".join(type_.allowed),
            "allowed_en": ", ".join(f"{value} {words.en}" for value, words in type_.allowed.items()),
            "allowed_zh": "，".join(f"{value} {words.zh}" for value, words in type_.allowed.items()),
        }
    if isinstance(facet, XsdPatternFacets):
        return "schema.bad-date" if type_.is_date else "schema.bad-pattern", {}
    if type_.name == "xs:dateTime":
        return "schema.bad-time", {}
    if type_.name.startswith("xs:"):
        return "schema.bad-pattern", {}
    return "schema.bad-number", {}
