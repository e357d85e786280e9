"""What the settings say of one door: folders, the import client, or AMQP, with or without envelopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

_PATHS = ("outbox", "answers", "import_client")


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """One way into and out of the office.

    Attributes:
        name: What it is called.
        outbox: Folder that enterprises put submissions into; nothing in it is altered.
        answers: Folder that receipts are put into.
        import_client: Folder of one business in the import client, whose part the office plays here: it takes
            from `OutBox`, moves to `SentBox` or `FailBox`, and puts into `InBox`.
        amqp: An AMQP broker, "amqp://user:password@host:port/virtual-host"; this is an office for trials.
        submissions: The queue there from which submissions are taken.
        receipts: The queue there into which receipts are put.
        dxp: The address of this office on the data exchange platform; empty where messages come bare.
        dxp_users: The addresses that the platform knows; none listed means every one.
    """

    name: str
    outbox: Path | None = None
    answers: Path | None = None
    import_client: Path | None = None
    amqp: str = ""
    submissions: str = ""
    receipts: str = ""
    dxp: str = ""
    dxp_users: tuple[str, ...] = ()


def read_doors(given: object, folder: Path) -> tuple[DoorSettings, ...]:
    """Read every `[[door]]`; relative paths begin at the folder.

    Raises:
        ValueError: What is wrong with one of them.
    """
    if isinstance(given, list) and all(isinstance(each, Mapping) for each in given):
        return tuple(_door(each, folder) for each in given)
    raise ValueError("must be tables: [[door]]")


def _door(given: Mapping[str, object], folder: Path) -> DoorSettings:
    known = [field.name for field in fields(DoorSettings)]
    if unknown := sorted(given.keys() - set(known)):
        raise ValueError(f"has the unknown key `{unknown[0]}`; known are {', '.join(known)}")
    values: dict[str, Any] = dict(given)
    if not isinstance(values.get("name"), str) or not values["name"]:
        raise ValueError("must have a name")
    for key in _PATHS:
        if key in values:
            values[key] = _path(key, values[key], folder)
    if "dxp_users" in values:
        values["dxp_users"] = tuple(values["dxp_users"])
    door = DoorSettings(**values)
    ways = (
        (door.outbox, door.answers),
        (door.import_client,),
        (door.amqp, door.submissions, door.receipts),
    )
    if [all(way) for way in ways if any(way)] != [True]:
        one_of = "`outbox` and `answers`, or `import_client`, or `amqp` with `submissions` and `receipts`"
        raise ValueError(f"{door.name} must have either {one_of}")
    return door


def _path(key: str, given: object, folder: Path) -> Path:
    if not isinstance(given, str) or not given:
        raise ValueError(f"must have a path as `{key}`")
    return folder / given
