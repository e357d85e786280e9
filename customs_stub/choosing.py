"""Which scenario a message gets: by the first rule of a file that fits it, else by the client's number."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from customs_stub.config import ConfigError
from customs_stub.scenarios import NAMED, SCENARIOS, Outage, Scenario
from customs_stub.submission import Submission

LOG = logging.getLogger("customs_stub")
PREFIX = re.compile(r"([A-Z])([0-9])-")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a message gets.

    Attributes:
        scenario: How it is treated and answered.
        pause: Seconds before each business answer; the length of an outage.
        late: Seconds before the first answer.
    """

    scenario: Scenario
    pause: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a scenario file.

    Attributes:
        scenario: The name of a scenario, or its letter.
        client_number: What the client's number must look like; `*` and `?` stand for anything.
        message_type: What the name of the body must look like, as `Manifest`.
        pause: Seconds before each business answer; the length of an outage.
        late: Seconds before the first answer.
    """

    scenario: str
    client_number: str = "*"
    message_type: str = "*"
    pause: int = 0
    late: int = 0

    def fits(self, submission: Submission) -> bool:
        """Tell whether a message gets this scenario."""
        return fnmatchcase(submission.client_number, self.client_number) and fnmatchcase(
            submission.message_type, self.message_type
        )


@dataclass(frozen=True, slots=True)
class Script:
    """What one scenario file asks for.

    Attributes:
        rules: Which messages get which scenario.
        outage: What the office does not do as long as the file is there.
    """

    rules: tuple[Rule, ...] = ()
    outage: Outage | None = None


def by_number(client_number: str) -> Choice:
    """Return what the client's own number chooses; a letter that stands for nothing counts as none."""
    found = PREFIX.match(client_number)
    if found is None or found[1] not in SCENARIOS:
        return Choice(SCENARIOS["A"])
    scenario, digit = SCENARIOS[found[1]], int(found[2])
    return Choice(scenario, digit, digit * scenario.tardy)


class Scripts:
    """The scenario files of a folder, and others by name; looked at anew whenever one changed."""

    def __init__(self, folder: Path, files: Sequence[Path] = ()) -> None:
        """Read them.

        Raises:
            ConfigError: One of them cannot be used.
        """
        self._folder, self._files = folder, tuple(files)
        self._stamp = self._look()
        self._scripts = tuple(read_script(file) for file in self._stamp)

    def choose(self, submission: Submission) -> Choice:
        """Return what a message gets."""
        rules = (rule for script in self._current() for rule in script.rules)
        rule = next((rule for rule in rules if rule.fits(submission)), None)
        if rule is None:
            return by_number(submission.client_number)
        return Choice(_named(rule.scenario), rule.pause, rule.late)

    def outage(self) -> Outage | None:
        """Return the outage that lasts as long as a file asks for it."""
        return next((script.outage for script in self._current() if script.outage), None)

    def _look(self) -> Mapping[Path, tuple[int, int]]:
        """Return every file with what tells that it changed; one that is just being removed is gone."""
        found = {}
        for file in (*self._files, *sorted(self._folder.glob("*.toml"))):
            try:
                status = file.stat()
            except FileNotFoundError:
                if file in self._files:
                    found[file] = (0, 0)
                continue
            found[file] = (status.st_mtime_ns, status.st_ino)
        return found

    def _current(self) -> tuple[Script, ...]:
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            self._scripts = tuple(map(_read_open, stamp))
        return self._scripts


def _read_open(file: Path) -> Script:
    """Read a file of an open office, which goes on without one that cannot be used."""
    try:
        return read_script(file)
    except ConfigError as fault:
        LOG.warning("not used: %s", fault)
        return Script()


def read_script(file: Path) -> Script:
    """Read a scenario file.

    Raises:
        ConfigError: It cannot be read, or asks for what is not known.
    """
    try:
        return _script(tomllib.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise ConfigError([f"{file}: {fault}"]) from fault


def _script(given: Mapping[str, Any]) -> Script:
    if unknown := sorted(given.keys() - {"rule", "outage"}):
        raise ValueError(f"unknown key `{unknown[0]}`; known are [[rule]] and `outage`")
    rules = tuple(_rule(each) for each in given.get("rule", []))
    return Script(rules, Outage(given["outage"]) if "outage" in given else None)


def _rule(given: Any) -> Rule:
    kinds = {field.name: int if field.name in {"pause", "late"} else str for field in fields(Rule)}
    if not isinstance(given, dict) or "scenario" not in given:
        raise ValueError("each [[rule]] needs a `scenario`")
    for name, value in given.items():
        if name not in kinds:
            raise ValueError(f"a rule has the unknown key `{name}`; known are {', '.join(kinds)}")
        if type(value) is not kinds[name] or (isinstance(value, int) and value < 0):
            words = "a whole number from 0" if kinds[name] is int else "a text"
            raise ValueError(f"`{name}` of a rule must be {words}")
    rule = Rule(**given)
    _named(rule.scenario)
    return rule


def _named(name: str) -> Scenario:
    if name in SCENARIOS:
        return SCENARIOS[name]
    if name not in NAMED:
        raise ValueError(f"no scenario is called {name!r}; there are {', '.join(NAMED)}")
    return NAMED[name]
