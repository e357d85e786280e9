"""What the schemas say of each element, read from the part of XSD 1.0 that they use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.fields import FieldSpec
from gateway.messages.names import MESSAGE
from gateway.xmlio import parse

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_FIELD: Final = "{urn:cn:collective-declaration:fields}field"
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_DATES: Final = frozenset({"Date", "Month"})
# The facets that keep the empty text out; a type without any of them may be empty.
_NOT_EMPTY: Final = frozenset({"minLength", "length", "pattern", "enumeration"})


@dataclass(frozen=True, slots=True)
class Words:
    """The same words in both languages."""

    zh: str = ""
    en: str = ""


BUILT_IN: Final = {
    "xs:dateTime": Words(
        "日期和时间，例如 2026-10-20T08:00:00+08:00", "a date and time, for example 2026-10-20T08:00:00+08:00"
    ),
    "xs:base64Binary": Words("Base64 编码的数据", "data in Base64"),
}


@dataclass(frozen=True, slots=True)
class TextType:
    """The type of a value.

    Attributes:
        name: The name in the schema, with the prefix `xs:` for a built-in one.
        expected: In plain words, what a right value looks like.
        allowed: The values of an enumeration with their meaning.
        may_be_empty: An empty element is a right value.
    """

    name: str
    expected: Words
    allowed: Mapping[str, Words] = field(default_factory=dict)
    may_be_empty: bool = False

    @property
    def is_date(self) -> bool:
        """Whether a pattern of this type describes a date."""
        return self.name in _DATES


@dataclass(frozen=True, slots=True, eq=False)
class Element:
    """One element at one place of a message; a group has children, a field has a type.

    It is itself and equals no other, so that what is worked out of it can be kept by it.

    Attributes:
        tag: The name with its namespace, as lxml writes it.
        spec: Names, path and marks, as the rest of the gateway knows them.
        note: Explanation beyond the name.
        least: How often it must stand there.
        most: How often it may stand there; None for any number.
        type: The type of the value, or None for a group.
        children: The elements of a group, in order.
        choice: One of several alternatives in its parent.
        attributes: The names of the attributes that it may carry.
        hollow: It must stand there although it may be empty.
    """

    tag: str
    spec: FieldSpec
    note: Words
    least: int
    most: int | None
    type: TextType | None = None
    children: tuple[Element, ...] = ()
    choice: bool = False
    attributes: frozenset[str] = frozenset()
    hollow: bool = False

    @property
    def name(self) -> str:
        """The name without the namespace."""
        return self.spec.name

    @property
    def repeats(self) -> bool:
        """Whether it may stand more than once, so that its path carries positions."""
        return self.most != 1

    def walk(self) -> Iterator[Element]:
        """Yield this element and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def naming(element: Element) -> dict[str, object]:
    """Return the names of a field in both languages, as the texts of violations want them."""
    return {"field_en": element.spec.en, "field_zh": element.spec.zh}


def read_model(file: Path) -> Element:
    """Read the schema and return the model of its root element.

    Raises:
        OSError: The schema or one that it includes cannot be read.
        RejectedError: It is not well-formed.
        ValueError: It uses what this reader does not know.
    """
    schema = _Schema(file)
    roots = [node for node in schema.components.values() if node.tag == f"{_XS}element"]
    if len(roots) != 1:
        raise ValueError(f"{len(roots)} global elements where one is expected")
    return schema.element(roots[0], "")


class _Schema:
    """The global components of a schema and of all that it includes, by name."""

    def __init__(self, file: Path) -> None:
        self.components: dict[str, etree._Element] = {}
        self._types: dict[str, TextType] = {}
        self._files: set[Path] = set()
        self._include(file.resolve())

    def _include(self, file: Path) -> None:
        if file in self._files:
            return
        self._files.add(file)
        root = parse(file.read_bytes(), file.name)
        self.namespace = str(root.get("targetNamespace"))
        for node in root.iterchildren(f"{_XS}*"):
            if node.tag == f"{_XS}include":
                self._include((file.parent / str(node.get("schemaLocation"))).resolve())
            elif node.get("name") is not None:
                self.components[str(node.get("name"))] = node

    def element(self, node: etree._Element, parent: str, *, choice: bool = False) -> Element:
        name = str(node.get("name"))
        # The root of a message is no part of a path; that of a declaration is.
        path = "" if name == MESSAGE else f"{parent}/{name}" if parent else name
        words, note = _words(node)
        marks = _marks(node)
        definition, type_ = self._definition(node)
        children = () if definition is None else tuple(self._content(definition, path))
        attributes = () if definition is None else definition.iterchildren(f"{_XS}attribute")
        least = int(node.get("minOccurs", "1"))
        most = str(node.get("maxOccurs", "1"))
        may_be_empty = (
            all(c.least == 0 or c.hollow for c in children) if type_ is None else type_.may_be_empty
        )
        return Element(
            tag=f"{{{self.namespace}}}{name}",
            spec=FieldSpec(
                name,
                path,
                words.zh,
                words.en,
                save=marks.get("save") == "true",
                declare=marks.get("declare") == "true",
                filled=marks.get("filled") == "true",
                table=marks.get("table", ""),
            ),
            note=note,
            least=least,
            most=None if most == "unbounded" else int(most),
            type=type_,
            children=children,
            choice=choice,
            attributes=frozenset(str(attribute.get("name")) for attribute in attributes),
            hollow=least > 0 and not choice and may_be_empty,
        )

    def _definition(self, node: etree._Element) -> tuple[etree._Element | None, TextType | None]:
        inline = node.find(f"{_XS}complexType")
        if inline is not None:
            return inline, None
        name = str(node.get("type"))
        found = self.components.get(name)
        if found is not None and found.tag == f"{_XS}complexType":
            return found, None
        return None, self._text_type(name)

    def _content(self, node: etree._Element, path: str, *, choice: bool = False) -> Iterator[Element]:
        for part in node.iterchildren(f"{_XS}*"):
            kind = str(part.tag).removeprefix(_XS)
            repeats = kind != "element" and {"minOccurs", "maxOccurs"} & set(part.attrib)
            if kind in {"sequence", "choice"} and not repeats:
                yield from self._content(part, path, choice=kind == "choice")
            elif kind == "element" and part.get("ref") is None:
                yield self.element(part, path, choice=choice)
            elif kind not in {"annotation", "attribute", "element"}:
                how = "with occurrences " if repeats else ""
                raise ValueError(f"xs:{kind} {how}in the content of {path or MESSAGE} is not known here")

    def _text_type(self, name: str) -> TextType:
        if name not in self._types:
            self._types[name] = self._read_text_type(name)
        return self._types[name]

    def _read_text_type(self, name: str) -> TextType:
        if name in BUILT_IN:
            return TextType(name, BUILT_IN[name])
        node = self.components.get(name)
        restriction = None if node is None else node.find(f"{_XS}restriction")
        if node is None or restriction is None:
            raise ValueError(f"the type {name} is not known here")
        facets = {str(f.tag).removeprefix(_XS) for f in restriction.iterchildren(f"{_XS}*")}
        return TextType(
            name,
            _words(node)[0],
            {str(f.get("value")): _words(f)[0] for f in restriction.iterchildren(f"{_XS}enumeration")},
            may_be_empty=restriction.get("base") == "xs:string" and not facets & _NOT_EMPTY,
        )


def _words(node: etree._Element) -> tuple[Words, Words]:
    """Return name and note: the first and the second documentation in each language."""
    found: dict[str, list[str]] = {"zh": [], "en": []}
    for text in node.iterfind(f"{_XS}annotation/{_XS}documentation"):
        found.setdefault(str(text.get(_LANG)), []).append((text.text or "").strip())
    zh, en = ([*found[language], "", ""] for language in ("zh", "en"))
    return Words(zh[0], en[0]), Words(zh[1], en[1])


def _marks(node: etree._Element) -> Mapping[str, str]:
    mark = node.find(f"{_XS}annotation/{_XS}appinfo/{_FIELD}")
    return {} if mark is None else {str(k): str(v) for k, v in mark.attrib.items()}
