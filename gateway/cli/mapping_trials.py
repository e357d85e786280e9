"""How the examples of the mappings went: results, differences and coverage, as tables and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.cli.show import Show
from gateway.mapping import Coverage, ExampleResult, Trial


def show_trial(show: Show, trial: Trial, *, coverage: bool) -> None:
    """Show each example with its result, then what differs; on demand also what no example needed."""
    covered = [_covered(each) for each in trial.coverage] if coverage else []
    if show.json:
        results = [_told(show, each) for each in trial.results]
        show.data({"examples": results, "coverage": covered} if coverage else results)
        return
    rows = [_told(show, each) for each in trial.results]
    show.rows("examples", ("example", "mapping", "messages", "result", "text"), rows)
    for result in trial.results:
        if result.differences:
            _show_differences(show, result)
    if coverage:
        _show_coverage(show, covered)


def new_golden_files(trial: Trial) -> dict[Path, str]:
    """Return what would have to stand in each expected file that is absent or says something else."""
    return {
        result.golden[0]: result.golden[1]
        for result in trial.results
        if result.golden is not None and (result.differences or not result.golden[0].exists())
    }


def _told(show: Show, result: ExampleResult) -> dict[str, Any]:
    texts = [fault.text(show.language) for fault in result.faults]
    if result.differences and not show.json:
        texts.append(show.word("differences-below", count=len(result.differences)))
    return {
        "example": result.file,
        "mapping": result.mapping,
        "messages": result.messages,
        "result": "ok" if result.sound else "fault",
        "text": "\n".join(texts),
        **({"differences": [each.told() for each in result.differences]} if show.json else {}),
    }


def _show_differences(show: Show, result: ExampleResult) -> None:
    rows = [
        {**each.told(), "expected": each.before, "found": each.after, "field": each.path}
        for each in result.differences
    ]
    show.rows(result.file, ("field", "expected", "found", "rule", "source", "place"), rows)


def _covered(coverage: Coverage) -> dict[str, Any]:
    return {
        "mapping": coverage.mapping,
        "parts": coverage.parts,
        "covered": coverage.parts - len(coverage.missed),
        "missed": list(coverage.missed),
        "words": coverage.words,
        "words_covered": coverage.words - len(coverage.missed_words),
        "missed_words": list(coverage.missed_words),
    }


def _show_coverage(show: Show, covered: list[dict[str, Any]]) -> None:
    rows = [
        {
            "mapping": each["mapping"],
            "covered": f"{each['covered']}/{each['parts']}",
            "words": f"{each['words_covered']}/{each['words']}",
            "missed": "\n".join(each["missed"]),
        }
        for each in covered
    ]
    show.rows("coverage", ("mapping", "covered", "words", "missed"), rows)
    parts, done = (sum(each[key] for each in covered) for key in ("parts", "covered"))
    show.line("coverage-total", done=done, parts=parts, percent=100 * done // max(parts, 1))
