"""An example scenario: what an ERP sends, file by file, and what must come back, in a real installation."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.services.installation import FILING, ROOT, Installation, Running

EXAMPLES = ROOT / "tests/examples"
REFERENCES = ROOT / "customs_stub/data/references.toml"
_KEYS = {"proves", "after", "step"}
_STEP_KEYS = {"file", "at", "customs_closed", "reply", "told", "states"}


@dataclass(frozen=True)
class Step:
    """One file of an ERP, and what comes of it once customs has answered.

    Attributes:
        file: The file that is put into the inbox.
        at: The moment at which that happens.
        customs_closed: Customs does not look before the next file is there.
        reply: For each message of the file, in order, what its entry of the reply must hold; without it
            every message must be accepted.
        told: What some of the notices that come after it must hold, in any order.
        states: By the client's number, the states that a document has passed until then.
    """

    file: Path
    at: datetime
    customs_closed: bool
    reply: tuple[Mapping[str, Any], ...] | None
    told: tuple[Mapping[str, Any], ...]
    states: Mapping[str, list[str]]


@dataclass(frozen=True)
class Scenario:
    """A folder of `tests/examples` with an `expected.toml`.

    Attributes:
        name: Its name.
        proves: The ids of the requirements that it shows.
        steps: What happens, in order; that of the scenario on which it builds comes first.
    """

    name: str
    proves: tuple[str, ...]
    steps: tuple[Step, ...]


def scenarios() -> list[Scenario]:
    """Return every scenario, in the order of the manual's chapters."""
    return [_load(file.parent) for file in sorted(EXAMPLES.glob("*/expected.toml"))]


def play(scenario: Scenario, folder: Path) -> list[str]:
    """Play a scenario in an installation of its own, and return every difference from what is expected."""
    installation = Installation(folder, customs=f'references = "{REFERENCES}"\n')
    found: list[str] = []
    for moment, steps in groupby(scenario.steps, key=lambda step: step.at):
        with ExitStack() as open_until_the_clock_moves:
            running = open_until_the_clock_moves.enter_context(installation.open(moment))
            running.settle()
            for step in steps:
                found += [f"{step.file.name}: {each}" for each in _differences(running, step)]
    return found


def _load(folder: Path) -> Scenario:
    told = tomllib.loads((folder / "expected.toml").read_text("utf-8"))
    assert told.keys() <= _KEYS, told.keys() - _KEYS
    before = _load(EXAMPLES / told["after"]).steps if "after" in told else ()
    steps = list(before)
    for each in told["step"]:
        assert each.keys() <= _STEP_KEYS, each.keys() - _STEP_KEYS
        at = each.get("at", steps[-1].at if steps else FILING)
        reply = tuple(each["reply"]) if "reply" in each else None
        file = folder / each["file"]
        closed = each.get("customs_closed", False)
        steps.append(Step(file, at, closed, reply, tuple(each.get("told", ())), each.get("states", {})))
    return Scenario(folder.name, tuple(told["proves"]), tuple(steps))


def _differences(running: Running, step: Step) -> Iterator[str]:
    before = _notices(running)
    answer = _send(running, step)
    entries = answer.get("messages", [])
    if step.reply is None:
        refused = [entry for entry in entries if entry["outcome"] != "accepted"]
        if refused or not entries:
            yield f"not accepted: {_violations(refused) or answer}"
    else:
        yield from _compare(list(step.reply), entries, "reply")
    notices = [notice for name, notice in _notices(running).items() if name not in before]
    for wanted in step.told:
        if all(list(_compare(wanted, notice, "")) for notice in notices):
            yield f"nobody was told {wanted}; told was {notices}"
    for number, states in step.states.items():
        found = [state for state, _ in groupby(running.states(number))]
        if found != states:
            yield f"{number} was {found} instead of {states}"


def _send(running: Running, step: Step) -> dict[str, Any]:
    office = running.office
    running.office = None if step.customs_closed else office
    try:
        return running.send(step.file.name, step.file.read_bytes())
    finally:
        running.office = office


def _notices(running: Running) -> dict[str, Any]:
    folder = running.installation.folder / "receipts/acme"
    return {file.name: json.loads(file.read_bytes()) for file in sorted(folder.glob("*.receipt.json"))}


def _compare(wanted: Any, found: Any, path: str) -> Iterator[str]:
    """Yield where what is wanted is not there; keys that are not named may be anything."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from _compare(value, found.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for position, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _compare(one, other, f"{path}[{position}]")
    elif wanted != found:
        yield f"{path} is {found!r} instead of {wanted!r}"


def _violations(entries: list[dict[str, Any]]) -> list[str]:
    return [violation["text_en"] for entry in entries for violation in entry.get("violations", [])]
