"""What is fuzzed: every parser of foreign bytes, each as a function that returns or raises a refusal."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from gateway.codes import CodeLibrary
from gateway.customs import Finder, read_pointer, read_receipt
from gateway.errors import RejectedError
from gateway.formats import Table, Unreadable, acknowledgement, read_all
from gateway.mapping import load_mapping
from gateway.messages import Catalogue, open_parcel, read
from gateway.xmlio import parse
from tests.services.forging import AT, CONTENT, VERIFIER, signed
from tests.source import ROOT

CORPUS: Final = Path(__file__).parent / "corpus"
Target = Callable[[bytes], object]


def _as(name: str) -> Target:
    def read_file(data: bytes) -> None:
        for source in read_all(name, data):
            if isinstance(source, Unreadable):
                raise source.fault
            if isinstance(source.content, Table):
                for row in source.content.rows:
                    assert len(row.cells) == len(source.content.columns)

    return read_file


def _edifact(data: bytes) -> None:
    acknowledgement(data)
    _as("a.edi")(data)


def _packed(part: str, corpus: str) -> Target:
    """Put the bytes into a sound archive in place of one of its parts."""
    file = CORPUS / corpus

    def read_packed(data: bytes) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(file) as sound, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sound.namelist():
                archive.writestr(name, data if name == part else sound.read(name))
        _as(file.name)(made.getvalue())

    return read_packed


def _verify(data: bytes) -> None:
    assert VERIFIER.verify(data, AT).data == CONTENT, "something else than what was signed"


@cache
def _catalogue() -> Catalogue:
    return Catalogue.load(ROOT / "schemas/xsd")


def _receipt(data: bytes) -> None:
    root = parse(data)
    faults = _catalogue().check(root)
    head, body = read(root)
    if faults:
        raise RejectedError(faults)
    read_receipt(head.message_id, head.sender_id, head.ref_message_id, body)


def _pointer(data: bytes) -> None:
    path, _, text = data.decode("utf-8", "replace").partition("\n")
    pointer = read_pointer(path, text)
    Finder("Manifest", {"Item": [{"GNo": "1"}, {"GNo": "2"}]}, _catalogue().dictionary).find(pointer)


@cache
def _tables() -> CodeLibrary:
    return CodeLibrary.load(None, AT.date)


def _mapping(data: bytes) -> None:
    load_mapping("fuzz/mapping", data, _tables())


TARGETS: Final[dict[str, Target]] = {
    "csv": _as("a.csv"),
    "json": _as("a.json"),
    "xml": _as("a.xml"),
    "edifact": _edifact,
    "xlsx": _as("a.xlsx"),
    "sheet": _packed("xl/worksheets/sheet1.xml", "xlsx/book.xlsx"),
    "workbook": _packed("xl/workbook.xml", "xlsx/book.xlsx"),
    "zip": _as("a.zip"),
    "verify": _verify,
    "receipt": _receipt,
    "parcel": open_parcel,
    "pointer": _pointer,
    "mapping": _mapping,
}


def seeds(target: str) -> list[bytes]:
    """Return what is kept for a target: sound inputs, and those that were once too much for it."""
    kept = [file.read_bytes() for file in sorted((CORPUS / target).glob("*"))]
    return [signed().encode(), *kept] if target == "verify" else kept


def attempt(target: str, data: bytes) -> str:
    """Give one input to a target and return the code of the refusal, or nothing; all else is raised."""
    try:
        TARGETS[target](data)
    except RejectedError as refused:
        for violation in refused.violations:
            assert violation.text("en")
            assert violation.text("zh")
        return refused.code
    return ""
