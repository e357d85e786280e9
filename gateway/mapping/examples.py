"""Runs the examples of the mappings and shows where they differ from what is expected."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Place, RejectedError, Violation
from gateway.fields import Fields, walk
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
        faults: Violations of the example and differences from the golden file; empty if all is well.
    """

    file: str
    mapping: str
    messages: int
    faults: tuple[Violation, ...]


def run_examples(mappings: MappingSet, folder: Path, read: Read) -> list[ExampleResult]:
    """Run every `<source>/examples/<name>.<ext>` against its `<name>.expected.json` (ER-03).

    A mapping without any example is told too.
    """
    files = sorted(folder.glob("*/examples/*"))
    results = [
        _run(mappings, file, folder, read)
        for file in files
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
    return results


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
    golden = file.with_name(f"{file.stem}.expected.json")
    if golden.is_file():
        expected = json.loads(golden.read_text("utf-8"))
        # What `gateway map FILE --json` prints can be the golden file as it is.
        expected = expected["messages"] if isinstance(expected, dict) else expected
        faults += _differences(expected, messages, shown)
    else:
        values = {"file": shown, "expected": golden.name}
        faults.append(Violation("mapping.no-expected", values=values, place=Place(shown)))
    return ExampleResult(shown, mapping.name, len(messages), tuple(faults))


def _differences(
    expected: Sequence[Mapping[str, object]], found: Sequence[Mapped], file: str
) -> Iterator[Violation]:
    """Compare value by value, so that a difference reads as a path and two values."""
    trees: list[dict[str, object]] = [each.tree() for each in found]
    for position in range(max(len(expected), len(trees))):
        wanted = _flat(expected[position]) if position < len(expected) else {}
        made = _flat(trees[position]) if position < len(trees) else {}
        lineage = found[position].lineage if position < len(found) else {}
        for path in {**wanted, **made}:
            if wanted.get(path) != made.get(path):
                values = {"path": f"[{position + 1}] {path}", "expected": wanted.get(path, "–")}
                values |= {"found": made.get(path, "–")}
                place = lineage[path].place if path in lineage else Place(file)
                yield Violation("mapping.example-differs", path, values, place)


def _flat(tree: Mapping[str, object]) -> dict[str, str]:
    flat = {key: str(value) for key, value in tree.items() if key != "body"}
    body = tree.get("body")
    if isinstance(body, dict):
        fields: Fields = body
        flat |= dict(walk(fields, str(tree.get("type", ""))))
    return flat
