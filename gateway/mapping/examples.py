"""Runs the examples of the mappings and shows where they differ from what is expected."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Place, RejectedError, Violation
from gateway.mapping.comparing import Difference, compare
from gateway.mapping.coverage import Coverage, Watch
from gateway.mapping.lineage import Mapped
from gateway.mapping.lookup import SourceLike
from gateway.mapping.mapping_set import MappingSet

Read = Callable[[str, bytes], SourceLike]


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """How one example went.

    Attributes:
        file: The example's file, from the folder of mappings.
        mapping: The mapping that was chosen, or empty.
        messages: How many messages it made.
        faults: What hindered it, or what the mapping objected to.
        differences: How what was made differs from the golden file.
        golden: The golden file, and what it would have to hold; None where the example cannot be mapped.
    """

    file: str
    mapping: str
    messages: int
    faults: tuple[Violation, ...]
    differences: tuple[Difference, ...] = ()
    golden: tuple[Path, str] | None = None

    @property
    def sound(self) -> bool:
        """Whether it gives what is expected."""
        return not self.faults and not self.differences


@dataclass(frozen=True, slots=True)
class Trial:
    """How all examples went, and how much of each mapping they brought into play."""

    results: list[ExampleResult]
    coverage: list[Coverage]


def run_examples(mappings: MappingSet, folder: Path, read: Read) -> Trial:
    """Run every `<source>/examples/<name>.<ext>` against its `<name>.expected.json` (ER-03).

    A mapping without any example is told too.
    """
    watches = {mapping.name: Watch(mapping) for mapping in mappings}
    watched = MappingSet({name: watch.mapping for name, watch in watches.items()})
    results = [
        _run(watched, file, folder, read)
        for file in sorted(folder.glob("*/examples/*"))
        if not file.name.endswith(".expected.json") and not file.name.startswith(".")
    ]
    tried = {result.mapping for result in results}
    for mapping in mappings:
        if mapping.name not in tried:
            shown = f"{mapping.name.partition('/')[0]}/examples"
            fault = Violation(
                "mapping.no-example", values={"folder": shown}, place=Place(f"{mapping.name}.toml")
            )
            results.append(ExampleResult(shown, mapping.name, 0, (fault,)))
    return Trial(results, [watch.coverage() for watch in watches.values()])


def render(messages: Sequence[Mapped]) -> str:
    """Write messages as a golden file has them."""
    return json.dumps([each.tree() for each in messages], ensure_ascii=False, indent=2) + "\n"


def _run(mappings: MappingSet, file: Path, folder: Path, read: Read) -> ExampleResult:
    shown = file.relative_to(folder).as_posix()
    source_name = shown.partition("/")[0]
    try:
        source = read(file.name, file.read_bytes())
        mapping = mappings.choose(source, [f"{source_name}/*"])
        messages = mapping.apply(source)
    except RejectedError as fault:
        return ExampleResult(shown, "", 0, fault.violations)
    faults = [violation for message in messages for violation in message.violations]
    differences: tuple[Difference, ...] = ()
    golden = file.with_name(f"{file.stem}.expected.json")
    if golden.is_file():
        expected = json.loads(golden.read_text("utf-8"))
        # What `gateway map FILE --json` prints can be the golden file as it is.
        expected = expected["messages"] if isinstance(expected, dict) else expected
        differences = tuple(compare(expected, messages))
    else:
        values = {"file": shown, "expected": golden.name}
        faults.append(Violation("mapping.no-expected", values=values, place=Place(shown)))
    made = (golden, render(messages))
    return ExampleResult(shown, mapping.name, len(messages), tuple(faults), differences, made)
