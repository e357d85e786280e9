"""How the office reads XML: a parser that takes no DTD, entities or network, and records read by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

JB = "urn:cn:collective-declaration:1.0"
DEC = "http://www.chinaport.gov.cn/dec"
DS = "http://www.w3.org/2000/09/xmldsig#"
LARGEST = 16 * 1024 * 1024
DEEPEST = 40
# Groups that may repeat: a pointer to one of them always tells its position.
REPEATED = frozenset(
    {
        *("Item", "DisabledItem", "Change"),
        *("DecList", "Container", "LicenseDocu", "DecRequestCert", "DecOtherPack", "DecUser"),
    }
)


class UnreadableError(Exception):
    """The bytes are no XML that the office takes."""


def parse(data: bytes) -> etree._Element:
    """Parse foreign bytes and return the root.

    Raises:
        UnreadableError: Too large, not well-formed, with a document type, with entities, or too deep.
    """
    if len(data) > LARGEST:
        raise UnreadableError(f"larger than {LARGEST} bytes")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        raise UnreadableError(str(fault)) from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableError("a document type is not taken")
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            raise UnreadableError(f"deeper than {DEEPEST} levels")
    return root


def local(element: etree._Element) -> str:
    """Return the element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def elements(parent: etree._Element) -> Iterator[etree._Element]:
    """Yield the child elements, without comments and processing instructions."""
    return parent.iterchildren("{*}*")


@dataclass(frozen=True, slots=True)
class Record:
    """A group of named values as the sender wrote it; order does not matter, empty is absent.

    Attributes:
        values: Text by element name.
        groups: Nested groups by element name, in document order.
    """

    values: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[Record]] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return the text of a value, or nothing."""
        return self.values.get(name, "")

    def group(self, name: str) -> Record:
        """Return the first group of that name, or an empty one."""
        return self.all(name)[0] if self.all(name) else Record()

    def all(self, name: str) -> list[Record]:
        """Return every group of that name."""
        return self.groups.get(name, [])


def record(element: etree._Element) -> Record:
    """Read an element's children by name."""
    found = Record()
    for child in elements(element):
        if len(child) and any(True for _ in elements(child)):
            found.groups.setdefault(local(child), []).append(record(child))
        elif text := (child.text or "").strip():
            found.values[local(child)] = text
    return found


def pointer(element: etree._Element) -> str:
    """Say where an element stands, as receipts do: `Manifest/Item[3]/CodeTS`."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        name = local(node)
        parent = node.getparent()
        if parent is None and name == "Message":
            break
        if parent is not None and name in REPEATED:
            twins = [twin for twin in elements(parent) if twin.tag == node.tag]
            name += f"[{twins.index(node) + 1}]"
        steps.append(name)
        node = parent
    return "/".join(reversed(steps))
