"""The stub's settings: a TOML file, every key optional, every fault told at once."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NoReturn

from customs_stub.door_settings import DoorSettings, read_doors

LONGEST_POLL = 0.2
ANY_OFFICE = "0000"
MAIN = "main"
OFFICE = re.compile(r"[0-9]{2}[A-Z0-9]{2}")


class ConfigError(Exception):
    """The settings or the files they name cannot be used; the text lists every fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Config:
    """Where the office finds its files, and the figures of its rules.

    Attributes:
        outbox: Folder that the enterprises' gateways put submissions into; nothing in it is altered.
            None where the settings name other doors and not this one.
        answers: Folder that receipts are put into.
        door: Further doors, each with its own ways in and out.
        state: The SQLite file that remembers what was seen and what is to be answered.
        key: The office's private key, PEM, mode 0600.
        certificate: The office's certificate, PEM, for the enterprises to pin.
        enterprises: Folder with the registered certificates, `<enterprise code>*.pem`.
        schemas: Folder with the schema sets, `jb/1.0/message.xsd` and `dec/3.1/DecMessage.xsd`.
        offices: The offices it answers for, four characters each; none listed means every office.
        poll_seconds: Longest pause between two looks into the outbox.
        guarantee_months: How far ahead the guarantee of general trade must at least reach.
        volume_items: The most items in one volume.
        declaration_items: The most items in one declaration.
        extension_days: How many days before its last one a bonded qualification may be extended.
        import_days: How many days after entry an import manifest may be declared.
        export_days: How many days before loading an export manifest must be declared at the latest.
        scenarios: Folder of scenario files, `*.toml`: which messages get which course, and outages.
        references: The file of account books, cargo manifests and licences; an office without one keeps none.
    """

    outbox: Path | None = Path("outbox/customs")
    answers: Path = Path("receipts/customs")
    door: tuple[DoorSettings, ...] = ()
    state: Path = Path("var/customs/stub.db")
    key: Path = Path("var/customs/customs.key")
    certificate: Path = Path("var/customs/customs.pem")
    enterprises: Path = Path("var/customs/enterprises")
    schemas: Path = Path("schemas/xsd")
    offices: tuple[str, ...] = ()
    poll_seconds: float = 0.1
    guarantee_months: int = 3
    volume_items: int = 99
    declaration_items: int = 50
    extension_days: int = 10
    import_days: int = 14
    export_days: int = 1
    scenarios: Path = Path("var/customs/scenarios")
    references: Path | None = None

    @property
    def doors(self) -> tuple[DoorSettings, ...]:
        """Every door, the main one first; what the office has to say of itself leaves through the first."""
        if self.outbox is None:
            return self.door
        return (DoorSettings(MAIN, outbox=self.outbox, answers=self.answers), *self.door)

    @property
    def speaker(self) -> str:
        """The office that speaks where a message names none."""
        return self.offices[0] if self.offices else ANY_OFFICE


def load(file: Path | None) -> Config:
    """Read the settings; paths in a file are relative to the file's folder.

    Raises:
        ConfigError: The file cannot be read, or keys or values in it are not what they must be.
    """
    if file is None:
        return Config()
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigError([f"{file}: {fault}"]) from fault
    known = {field.name for field in fields(Config)}
    faults = [
        f"{file}: unknown key `{name}`; known are {', '.join(sorted(known))}" for name in given.keys() - known
    ]
    values: dict[str, Any] = {}
    for name in given.keys() & known:
        try:
            values[name] = _value(name, given[name], file.parent)
        except ValueError as fault:
            faults.append(f"{file}: `{name}` {fault}")
    if faults:
        raise ConfigError(sorted(faults))
    if values.get("door") and not given.keys() & {"outbox", "answers"}:
        values["outbox"] = None
    config = replace(Config(), **values)
    names = [door.name for door in config.doors]
    if len(names) != len(set(names)):
        raise ConfigError([f"{file}: two doors have one name; `{MAIN}` is that of `outbox` and `answers`"])
    return config


def _value(name: str, given: Any, folder: Path) -> Any:
    default = getattr(Config(), name)
    if name == "offices":
        fine = isinstance(given, list) and all(isinstance(x, str) and OFFICE.fullmatch(x) for x in given)
        return tuple(given) if fine else _wrong('must be a list of customs codes such as ["5301"]')
    if name == "door":
        return read_doors(given, folder)
    if name == "references" or isinstance(default, Path):
        return folder / given if isinstance(given, str) and given else _wrong("must be a path")
    if isinstance(given, bool) or not isinstance(given, int | float) or given <= 0:
        _wrong("must be a number above 0")
    if isinstance(default, int) and not isinstance(given, int):
        _wrong("must be a whole number above 0")
    if name == "poll_seconds" and given > LONGEST_POLL:
        _wrong(f"must be at most {LONGEST_POLL}")
    return given


def _wrong(what: str) -> NoReturn:
    raise ValueError(what)
