"""Generates the command set from the strict one: the same messages, mandatory only what saving needs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from lxml import etree

from gateway.messages.names import COMMAND_SET, STRICT_SET
from gateway.xmlio import parse

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_FIELDS: Final = "{urn:cn:collective-declaration:fields}"
_ENTRY: Final = Path(STRICT_SET).name
# The head is the same in every message; types know no mandatory fields.
_UNCHANGED: Final = frozenset({"head.xsd", "types.xsd"})
_NOTICE: Final = b"<!-- Generated from ../../jb/1.0 by gateway.messages.relax (make docs); do not edit. -->"


def relax(folder: Path) -> dict[str, bytes]:
    """Return the files of the command set by name, made from the strict set below the schemas folder.

    A field that saving does not need, or that the gateway fills in, becomes optional; what the schema marks
    as wider in commands (`command-most`, `command-type`) is; messages that are no commands are left out.

    Raises:
        RejectedError: A schema is not well-formed.
    """
    source = (folder / STRICT_SET).parent
    made: dict[str, bytes] = {}
    waiting = [_ENTRY]
    while waiting:
        name = waiting.pop()
        if name in made:
            continue
        root = parse((source / name).read_bytes(), name)
        if name == _ENTRY:
            _drop_other_messages(root, source)
        elif name not in _UNCHANGED:
            _relax(root)
        waiting.extend(str(node.get("schemaLocation")) for node in root.iterfind(f"{_XS}include"))
        text = etree.tostring(root, encoding="UTF-8")
        made[name] = b'<?xml version="1.0" encoding="UTF-8"?>\n' + _NOTICE + b"\n" + text + b"\n"
    return made


def _relax(root: etree._Element) -> None:
    for element in root.iterfind(f".//{_XS}sequence/{_XS}element"):
        mark = element.find(f"{_XS}annotation/{_XS}appinfo/{_FIELDS}field")
        # A field with an alternative is needed too, but XSD 1.0 cannot say "one of the two": a rule does.
        needed = mark is not None and mark.get("save") == "true" and mark.get("alternative") is None
        if mark is None or not needed or mark.get("filled") == "true":
            element.set("minOccurs", "0")
        if mark is not None:
            for name, attribute in (("command-most", "maxOccurs"), ("command-type", "type")):
                if mark.get(name) is not None:
                    element.set(attribute, str(mark.get(name)))


def _drop_other_messages(root: etree._Element, source: Path) -> None:
    dropped = set()
    for choice in root.iterfind(f".//{_XS}choice"):
        for element in list(choice):
            if element.find(f"{_XS}annotation/{_XS}appinfo/{_FIELDS}body[@command='true']") is None:
                dropped.add(str(element.get("type")))
                choice.remove(element)
    for include in root.findall(f"{_XS}include"):
        file = source / str(include.get("schemaLocation"))
        types = parse(file.read_bytes(), file.name).iterfind(f"{_XS}complexType")
        if dropped & {str(type_.get("name")) for type_ in types}:
            root.remove(include)


def main(folder: Path) -> None:
    """Write the command set, and remove what no longer belongs to it."""
    target = (folder / COMMAND_SET).parent
    target.mkdir(parents=True, exist_ok=True)
    files = relax(folder)
    for old in target.glob("*.xsd"):
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        (target / name).write_bytes(data)


if __name__ == "__main__":
    main(Path("schemas/xsd"))
