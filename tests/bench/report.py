"""What was measured as tables, and beside what was to be reached."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
_LATENCIES = ("drop_to_outbox_ms", "receipt_to_reply_ms")


@dataclass(frozen=True)
class Results:
    """All of a measurement.

    Attributes:
        made: When.
        command: By which command.
        runs: How many of which these are the medians.
        minutes: How long it took.
        cores: How many processors there were.
        load: How many processes wanted them before it began.
        records: What was measured of each case; see `Case`.
        signing: Signatures and verifications beside their floors.
    """

    made: str
    command: str
    runs: int
    minutes: int
    cores: int
    load: float
    records: Sequence[Record]
    signing: Sequence[Record]

    def of(self, what: str, token: str = "fast") -> list[Record]:
        """Return the records of a program at a token."""
        return [each for each in self.records if (each["what"], each["token"]) == (what, token)]


@dataclass(frozen=True)
class Target:
    """What is to be reached, and what was measured."""

    what: str
    least: float
    most: float
    found: float

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.least <= self.found <= self.most


def targets(results: Results) -> Iterator[Target]:
    """Yield what is to be reached of what was measured."""
    endless = float("inf")
    for each in results.of("gateway"):
        name = f"{_place(each)}, {each['items']} items"
        if each["database"] == "SQLite":
            for figure, least, most in (("documents_per_second", 0.8, endless), ("cpu_ms", 0.0, 1.3)):
                what = "documents/s" if least else "CPU a document"
                yield Target(f"{name}: {what} : straight line", least, most, each[f"{figure}_ratio"])
        for key, what in zip(_LATENCIES, ("drop to outbox", "receipt to reply"), strict=True):
            yield Target(f"{name}: {what}, p95, ms", 0, 150, each[key]["p95"])
        yield Target(f"{name}: start to ready, s", 0, 2, each["ready_seconds"])
        if "idle_cpu_percent" in each:
            yield Target(f"{name}: CPU when idle, %", 0, 1, each["idle_cpu_percent"])
        if "against_one" in each:
            yield Target(f"{name}: documents/s : one worker", 1.6, endless, each["against_one"])
    for each in results.of("gateway", "slow"):
        what = f"{_place(each)}, {each['items']} items, slow token: documents/s : the token's own rate"
        yield Target(what, 0.98, endless, each["own_rate_ratio"])
    for each in results.signing:
        if each["does"] == "sign":
            what = f"signing, {each['items']} items : canonical form, digest and C_Sign"
            yield Target(what, 0.8, endless, each["rate"] / each["floor"])


def tables(results: Results) -> str:
    """Return everything in Markdown."""
    made = (
        f"`{results.command}`: medians of {_times(results.runs)}, {results.cores} cores, "
        f"load {results.load} before it began, {results.minutes} minutes, {results.made[:10]}."
    )
    parts = [made, _targets(results)]
    if results.of("gateway"):
        parts += ["Throughput, the whole loop:", _throughput(results)]
    parts += ["Latency, one at a time, in ms:", _latency(results)]
    if results.of("gateway", "slow"):
        parts += ["A token that takes 240 ms for a signature:", _slow(results)]
    parts += ["Signatures and verifications in a second of processor time, RSA-2048:", _signing(results)]
    return "\n\n".join(parts)


def _targets(results: Results) -> str:
    rows = []
    for each in targets(results):
        bound = f"≥ {each.least:g}" if each.most == float("inf") else f"≤ {each.most:g}"
        rows.append((each.what, bound, _rounded(each.found), "reached" if each.reached else "**missed**"))
    return _table(("what", "target", "measured", ""), rows)


def _throughput(results: Results) -> str:
    head = (
        *("", "items", "documents/s", "of the straight line", "CPU ms a document", "× the straight line"),
        *("database's CPU ms", "peak MB of a process", "start to ready, s", "idle CPU, %"),
    )
    figures = ("documents_per_second", "documents_per_second_ratio", "cpu_ms", "cpu_ms_ratio")
    figures += ("database_cpu_ms", "peak_mb", "ready_seconds", "idle_cpu_percent")
    every = [*results.of("gateway"), *results.of("straight line"), *results.of("bare")]
    every.sort(key=lambda each: (each["items"], each["database"] != "SQLite"))
    rows = [(_program(each), str(each["items"]), *_figures(each, figures)) for each in every]
    return _table(head, rows)


def _latency(results: Results) -> str:
    head = (
        "",
        "items",
        "token",
        *(f"{what}: p50 / p95 / p99" for what in ("drop to outbox", "receipt to reply")),
    )
    rows = []
    for each in (*results.of("gateway"), *results.of("gateway", "slow")):
        found = (" / ".join(f"{value:.0f}" for value in each[key].values()) for key in _LATENCIES)
        rows.append((_place(each), str(each["items"]), each["token"], *found))
    return _table(head, rows)


def _slow(results: Results) -> str:
    head = ("", "items", "documents/s", "the token alone, signatures/s", "ratio", "others meanwhile")
    figures = ("documents_per_second", "own_rate", "own_rate_ratio", "others")
    slow = results.of("gateway", "slow")
    return _table(head, [(_place(each), str(each["items"]), *_figures(each, figures)) for each in slow])


def _signing(results: Results) -> str:
    rows = []
    for each in results.signing:
        rate, floor = each["rate"], each["floor"]
        rows.append((each["does"], str(each["items"]), str(rate), str(floor), f"{rate / floor:.2f}"))
    return _table(("", "items", "gateway", "floor", "ratio"), rows)


def _place(record: Record) -> str:
    workers = record["workers"]
    return f"{record['database']}, {workers} worker{'s' if workers > 1 else ''}"


def _program(record: Record) -> str:
    if record["what"] == "gateway":
        return f"gateway, {_place(record)}"
    return f"{record['what']}, {record['database']}"


def _figures(record: Record, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield _rounded(record[name]) if name in record else ""


def _rounded(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.3g}"


def _times(runs: int) -> str:
    return "one run" if runs == 1 else f"{runs} runs"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
