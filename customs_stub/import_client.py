"""The import client of the Single Window, played: it takes from OutBox, and puts what it hears into InBox."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from lxml import etree

from customs_stub.doors import FolderDoor, Parcel
from customs_stub.layers import Layer, Opened, Piece
from customs_stub.xmltree import DEC, UnreadableError, parse

_NUMBER = re.compile(r"-(\d{8})-")


class ImportClient:
    """What the client itself does: it says what it could send and what not, and names receipts its way."""

    def open(self, name: str, data: bytes, moment: datetime) -> Opened:
        """Refuse what is no XML, as the client does; pass on everything else."""
        stem = Path(name).stem
        try:
            parse(data)
        except UnreadableError as fault:
            return Opened(None, (_word("Failed", stem, "-1", str(fault), moment),))
        return Opened(data, (_word("Successed", stem, "0", "发送成功", moment),))

    def dress(self, piece: Piece, number: str, moment: datetime) -> Piece:
        """Name what comes from customs `Receipt_<number>_<moment>.xml`; no two have one name."""
        found = _NUMBER.search(piece.name)
        return Piece(f"Receipt_{number}_{_stamp(moment)}{found[1] if found else ''}.xml", piece.data)


class ImportClientDoor(FolderDoor):
    """The four folders of a business: OutBox, SentBox, FailBox and InBox."""

    def __init__(self, name: str, root: Path, layers: Sequence[Layer]) -> None:
        super().__init__(name, root / "OutBox", root / "InBox", layers, set())
        self._root = root
        for box in ("SentBox", "FailBox"):
            (root / box).mkdir(exist_ok=True)

    def taken(self, parcel: Parcel) -> None:
        """Move a file to SentBox; one that lies there under its name is overwritten, as the client does."""
        self._move(parcel, "SentBox")

    def refused(self, parcel: Parcel) -> None:
        """Move a file to FailBox."""
        self._move(parcel, "FailBox")

    def _move(self, parcel: Parcel, box: str) -> None:
        (self._root / "OutBox" / parcel.name).replace(self._root / box / parcel.name)
        super().taken(parcel)


def _word(kind: str, stem: str, code: str, text: str, moment: datetime) -> Piece:
    root = etree.fromstring(f'<DecImportResponse xmlns="{DEC}"/>')
    for name, value in (("ResponseCode", code), ("ErrorMessage", text), ("ClientSeqNo", stem)):
        etree.SubElement(root, f"{{{DEC}}}{name}").text = value
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return Piece(f"{kind}_{stem}_{_stamp(moment)}.xml", data)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}{moment.microsecond // 1000:03}"
