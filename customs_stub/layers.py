"""What may stand between enterprise and office at a door: it opens what comes and dresses what leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that leaves as one file.

    Attributes:
        name: The name of its file.
        data: Its bytes.
    """

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found in a parcel.

    Attributes:
        data: What is passed on towards the office; None where the parcel is refused here.
        words: What is said to it here, unsigned, before the office says anything.
        passed: How many layers it has come through.
    """

    data: bytes | None
    words: tuple[Piece, ...] = ()
    passed: int = 0


class Layer(Protocol):
    """One thing between enterprise and office: the import client, or the data exchange platform."""

    def open(self, name: str, data: bytes, moment: datetime) -> Opened:
        """Open a parcel by the name under which it came."""

    def dress(self, piece: Piece, number: str, moment: datetime) -> Piece:
        """Make ready what leaves; `number` is the unified number of what it is about, or its message id."""


def open_through(layers: Sequence[Layer], name: str, data: bytes, moment: datetime) -> Opened:
    """Bring a parcel to the office; what is said on the way leaves through the layers that it has passed."""
    words: list[Piece] = []
    for passed, layer in enumerate(layers):
        opened = layer.open(name, data, moment)
        words += [dress_through(layers[:passed], word, Path(name).stem, moment) for word in opened.words]
        if opened.data is None:
            return Opened(None, tuple(words), passed)
        data = opened.data
    return Opened(data, tuple(words), len(layers))


def dress_through(layers: Sequence[Layer], piece: Piece, number: str, moment: datetime) -> Piece:
    """Bring a piece from the office to the door."""
    for layer in reversed(layers):
        piece = layer.dress(piece, number, moment)
    return piece
