"""Which tests prove which requirement: `python -m tests.trace [--json]`, run by `make trace`."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "docs" / "requirements.md"
LATER = ROOT / "docs" / "requirements-later.toml"
_ENTRY = re.compile(r"^- ([A-Z]{2}-[0-9]{2}) (.+)$", re.MULTILINE)
_COLOURS = {"tested": "green", "partly": "cyan", "later": "yellow", "missing": "bold red"}


@dataclass
class Requirement:
    """One requirement, the tests that name it, and why a part of it comes later, if so."""

    id: str
    sentence: str
    later: str = ""
    tests: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """How far it is proved: `tested`, `partly`, `later` or `missing`."""
        if self.tests:
            return "partly" if self.later else "tested"
        return "later" if self.later else "missing"


@dataclass
class Trace:
    """Every requirement by id, and what does not fit."""

    requirements: dict[str, Requirement]
    faults: list[str]


class Collector:
    """A plugin of pytest that notes the requirements of each test."""

    def __init__(self) -> None:
        self.marks: list[tuple[str, str]] = []
        self.errors: list[str] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the marks; the examples of one parametrized test count as one."""
        for item in session.items:
            name = item.nodeid.partition("[")[0]
            for mark in item.iter_markers("requirement"):
                self.marks.extend((str(one), name) for one in mark.args)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take what could not be collected: its marks would be missing without a word."""
        if report.failed:
            self.errors.append(f"{report.nodeid} cannot be collected")


def read_requirements(text: str, later: str) -> Trace:
    """Read the requirements, and which of them come later and why."""
    found: dict[str, Requirement] = {}
    faults = []
    for one, sentence in _ENTRY.findall(text):
        if one in found:
            faults.append(f"{one} stands twice in {REQUIREMENTS.name}")
        found[one] = Requirement(one, sentence)
    for entry in tomllib.loads(later)["later"]:
        for one in entry["ids"]:
            if one not in found:
                faults.append(f"{LATER.name} names {one}, which is no requirement")
            elif found[one].later:
                faults.append(f"{LATER.name} names {one} twice")
            else:
                found[one].later = entry["reason"]
    return Trace(found, faults)


def trace(text: str, later: str, marks: list[tuple[str, str]]) -> Trace:
    """Join requirements and tests; an id with neither test nor plan is a fault, and an unknown id too."""
    result = read_requirements(text, later)
    for one, test in sorted(set(marks)):
        if one in result.requirements:
            result.requirements[one].tests.append(test)
        else:
            result.faults.append(f"{test} names {one}, which is no requirement")
    missing = [r.id for r in result.requirements.values() if r.state == "missing"]
    result.faults.extend(f"{one} has no test and is not planned in {LATER.name}" for one in missing)
    return result


def collect() -> Collector:
    """Let pytest find every test, without running one."""
    collector = Collector()
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
        code = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", str(ROOT / "tests")], [collector]
        )
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) and not collector.errors:
        collector.errors.append(f"pytest ended with {code!r}")
    return collector


def show(result: Trace) -> None:
    """Print each id, its sentence and its tests."""
    console = Console()
    table = Table("id", "state", expand=True)
    table.add_column("requirement and tests", overflow="fold")
    for one in result.requirements.values():
        text = one.sentence + "".join(f"\n  {test.removeprefix('tests/')}" for test in one.tests)
        if one.later:
            text += f"\n  later: {one.later}"
        table.add_row(one.id, f"[{_COLOURS[one.state]}]{one.state}", text.replace("[", r"\["))
    console.print(table)
    states = [one.state for one in result.requirements.values()]
    console.print(", ".join(f"{states.count(state)} {state}" for state in _COLOURS))


def main() -> int:
    """Print the trace; 1 when something does not fit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", action="store_true", help="print JSON")
    as_json = arguments.parse_args().json
    collector = collect()
    result = trace(REQUIREMENTS.read_text("utf-8"), LATER.read_text("utf-8"), collector.marks)
    result.faults.extend(collector.errors)
    if as_json:
        listed = [vars(one) | {"state": one.state} for one in result.requirements.values()]
        print(json.dumps({"requirements": listed, "faults": result.faults}, ensure_ascii=False, indent=2))  # noqa: T201 - what it is for
    else:
        show(result)
    for fault in result.faults:
        print(fault, file=sys.stderr)  # noqa: T201 - what it is for
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
