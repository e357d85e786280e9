"""`python -m tests.bench.way_back`: what finding refused fields takes in the one file that made them all."""

from __future__ import annotations

import argparse
import logging
import random
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import structlog

from gateway.steps.replies import LOG, OPERATORS, RECEIPT, TRACE, to_bytes
from gateway.store import NoticeRow, NoticeState, SubmissionRow
from tests.flow import erp, way_back
from tests.services.installation import Installation, Running

REFUSED = 100


def main() -> None:
    """Let one CSV make many manifests, and trace refusals of the first, the last and some of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifests", type=int, default=2000)
    parser.add_argument("--items", type=int, default=10)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        with installation.open() as running:
            running.send("q.json", erp.qualification())
            running.send("v.json", erp.volume())
            running.office = None
            submissions = _declare(running, asked.manifests, asked.items)
            some = sorted(random.Random(0).sample(submissions, REFUSED), key=lambda each: each.number)
            choices = {"first": submissions[:REFUSED], "last": submissions[-REFUSED:], "random": some}
            for name, chosen in choices.items():
                _order(running, chosen, asked.items)
                start = time.perf_counter()
                done = running.gateway.refusals.make()
                seconds = time.perf_counter() - start
                assert done == 2 * REFUSED, done
                sys.stdout.write(f"{REFUSED} refusals, {name:7} {seconds * 1000 / REFUSED:6.1f} ms each\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"peak memory {peak:.0f} MB\n")


def _declare(running: Running, manifests: int, items: int) -> list[SubmissionRow]:
    rows: list[dict[str, str]] = []
    for number in range(1, manifests + 1):
        rows.append({**way_back.HEADER, "操作": "暂存并申报", "清单编号": f"JB-{number}"})
        rows += [way_back.item(number + item) for item in range(items)]
    text = way_back.table(*rows)
    sys.stdout.write(
        f"one CSV of {manifests} manifests of {items} items, {len(text.encode()) / 1e6:.1f} MB\n"
    )
    running.installation.drop("all.csv", text)
    running.until(lambda: len(running.installation.replies("all.csv")) == 1)
    return _submissions(running)


def _submissions(running: Running) -> list[SubmissionRow]:
    made: list[SubmissionRow] = []
    with running.gateway.store.read() as unit:
        for number in count(1):
            if not (found := unit.submissions.by_number(f"M2026{number:013}")):
                break
            made += found
    return made


def _order(running: Running, submissions: Sequence[SubmissionRow], items: int) -> None:
    """Leave to be traced what `believe` leaves: a notice and a line of the log for each refusal."""
    fault = {"code": "1", "text": "x", "pointer": f"/Message/Manifest/Item[{items}]/GQty"}
    with running.gateway.store.begin() as unit:
        for sent in submissions:
            told = {"said": {"faults": [fault]}, TRACE: sent.id}
            for partner, kind, draft in (
                ("acme", RECEIPT, told),
                (OPERATORS, LOG, {"faults": [fault], TRACE: sent.id}),
            ):
                unit.notices.add(
                    NoticeRow(
                        partner=partner,
                        kind=kind,
                        name=f"{sent.id}.json",
                        digest=unit.raw.put(to_bytes(draft)),
                        state=NoticeState.TO_MAKE,
                        created_at=unit.now,
                    )
                )


if __name__ == "__main__":
    main()
