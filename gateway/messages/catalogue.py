"""The schemas in use: what they say of each field, and the check of a message against them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import local
from typing import Final

from lxml import etree

from gateway.errors import RejectedError, Violation
from gateway.fields import FieldDictionary
from gateway.messages.explain import Explainer
from gateway.messages.model import Element, read_model
from gateway.messages.names import (
    COMMAND_SET,
    DECLARATION_ROOT,
    DECLARATION_SET,
    MESSAGE_HEAD,
    MESSAGE_ROOT,
    NAMESPACE,
    STRICT_SET,
)
from gateway.messages.nodes import elements, local_name, text_of

_MESSAGE_TYPE: Final = f"{{{NAMESPACE}}}MessageType"


class Catalogue:
    """The compiled schema sets; made once at start and shared by all threads.

    Attributes:
        dictionary: Every field of every body, of the head and of the declaration.
        head: The head of a message.
        bodies: The bodies by their message type.
        declaration: The root of a declaration, `DecMessage`.
    """

    def __init__(self, files: Mapping[str, Path], models: Mapping[str, Element]) -> None:
        self._files = files
        self._explainers = {name: Explainer(files[name], model) for name, model in models.items()}
        # A validator keeps the errors of its last run, so that each thread has its own.
        self._validators = local()
        parts = {part.name: part for part in models[STRICT_SET].children}
        self.head = parts.pop(MESSAGE_HEAD)
        self.bodies: Mapping[str, Element] = parts
        self.declaration = models[DECLARATION_SET]
        everything = (self.head, *parts.values(), self.declaration)
        self.dictionary = FieldDictionary(
            {element.spec.path: element.spec for part in everything for element in part.walk()}
        )

    @classmethod
    def load(cls, folder: Path) -> Catalogue:
        """Compile every schema set below the folder.

        Raises:
            RejectedError: `schema.set-missing` or `schema.set-broken`, for every set at once.
        """
        faults: list[Violation] = []
        models: dict[str, Element] = {}
        files = {name: folder / name for name in (STRICT_SET, COMMAND_SET, DECLARATION_SET)}
        for name, file in files.items():
            if not file.is_file():
                faults.append(Violation("schema.set-missing", values={"file": str(file)}))
                continue
            try:
                etree.XMLSchema(file=str(file))
                models[name] = read_model(file)
            except (etree.LxmlError, RejectedError, OSError, ValueError) as fault:
                faults.append(
                    Violation("schema.set-broken", values={"file": str(file), "reason": str(fault)})
                )
        if faults:
            raise RejectedError(faults)
        return cls(files, models)

    def check(self, root: etree._Element, *, command: bool = False) -> list[Violation]:
        """Check a message or declaration and return every fault, with paths below the root.

        libxml2 decides, at full speed; only what it refuses is looked at again to be explained.

        Args:
            root: The root element, with or without a signature.
            command: Check what an ERP asks for, where only what saving needs is mandatory.
        """
        if root.tag == DECLARATION_ROOT:
            name = DECLARATION_SET
        elif root.tag == MESSAGE_ROOT:
            name = COMMAND_SET if command else STRICT_SET
        else:
            return [Violation("schema.wrong-root", values={"name": str(root.tag)})]
        try:
            self._validator(name).assertValid(root)
        except etree.DocumentInvalid as fault:
            return self._explainers[name].explain(root, str(fault))
        return [] if name == DECLARATION_SET else _type_differs(root)

    def _validator(self, name: str) -> etree.XMLSchema:
        found: dict[str, etree.XMLSchema] = self._validators.__dict__
        if name not in found:
            found[name] = etree.XMLSchema(file=str(self._files[name]))
        return found[name]


def _type_differs(root: etree._Element) -> list[Violation]:
    """Compare the type in the head with the body, which XSD 1.0 cannot do."""
    # The schema has seen that a head and one body stand there, and perhaps a signature behind them.
    head, body, *_ = elements(root)
    said, name = "".join(map(text_of, head.iterchildren(_MESSAGE_TYPE))), local_name(body)
    if said == name:
        return []
    return [Violation("schema.type-differs", f"{MESSAGE_HEAD}/MessageType", {"value": said, "name": name})]
