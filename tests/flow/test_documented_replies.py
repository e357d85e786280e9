"""What docs/replies.md shows to those who write an ERP's side is what a real run writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.steps.operating import file_on_paper
from tests.flow import erp, references, way_back
from tests.services.installation import AGGREGATION, ROOT, Installation

# Some days before the deadline of October.
NEAR = AGGREGATION + timedelta(days=1)
DOCUMENTS = ("docs/replies.md", "docs/replies.zh-CN.md")
# Below these stand paths and names of fields, which are not keys of ours.
_FREE = ("filled", "content")


def keys(tree: Any) -> Iterator[str]:
    """Yield the path of every key; positions of lists do not count."""
    if isinstance(tree, list):
        for each in tree:
            yield from keys(each)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield name
            if name not in _FREE:
                yield from (f"{name}/{below}" for below in keys(value))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Everything that a run writes which meets each kind of answer: replies, notices, lines of the log."""
    installation = Installation(tmp_path_factory.mktemp("documented"))
    with installation.open() as running:
        # Sent at once, so that the volume is held.
        installation.drop("1.json", erp.qualification())
        installation.drop("2.json", erp.volume())
        running.settle()
        name = "01-qualification.csv"
        running.send(name, (ROOT / "tests/examples/main-job" / name).read_bytes())
        wrong = erp.manifest("JB-2", weight={"gross": 1080, "net": 9999})
        running.send("two.json", erp.manifests(erp.manifest("JB-1"), wrong))
        strange = {"declaredAt": "5301", "crossedAt": "5399"}
        running.send("warned.json", erp.manifests(erp.manifest("JB-3", customs=strange)))
        running.send("broken.json", '{"document": ')
        change = {"document": "qualification-change", "number": "QC-1", "batchesPerYear": 48}
        own = {"ourNumber": erp.QUALIFICATION}
        running.send("change.json", json.dumps({**change, "qualification": own}))
        show = {"document": "qualification", "number": erp.QUALIFICATION, "action": "show"}
        running.send("show.json", json.dumps(show))
        references.tell(installation, "licence.xml", "Licence", references.licence())
        running.settle()
        csv = way_back.manifest("L0-1", way_back.item(10), way_back.item(20), operation="暂存并申报")
        running.send("manifests.csv", csv)
        for letter in "RFWOTHD":
            running.send(f"{letter}.json", erp.manifests(erp.manifest(f"{letter}0-1")))
        running.send("silent.json", erp.manifests(erp.manifest("N0-1")))
        with running.gateway.store.begin() as unit:
            file_on_paper(unit, running.document("N0-1").number, "2026-117")
        running.settle()
    with installation.open(NEAR) as running:
        running.settle()
        done = installation.gateway("aggregate", "--month", "2026-10", now=NEAR)
        assert done.returncode == 0, done.stderr
        running.settle()
    return [*installation.notices(), *installation.log()]


def samples(name: str) -> list[dict[str, Any]]:
    """Return the samples of a document."""
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / name).read_text("utf-8"), re.DOTALL)
    return [json.loads(block) for block in blocks]


@pytest.mark.requirement("EN-05", "ER-06")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_sample_has_the_keys_of_something_real(name: str, written: list[dict[str, Any]]) -> None:
    """No key too many and none too few, in the order of a reader's eye or any other."""
    real = {frozenset(keys(each)) for each in written}
    assert samples(name), "there are samples"
    for sample in samples(name):
        assert frozenset(keys(sample)) in real, sample


@pytest.mark.requirement("EN-05", "ER-06")
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_that_is_written_is_explained(name: str, written: list[dict[str, Any]]) -> None:
    """In a table, in backquotes; a program may meet each of them."""
    tables = "\n".join(line for line in (ROOT / name).read_text("utf-8").splitlines() if line[:1] == "|")
    explained = set(re.findall(r"`([a-z_0-9]+)`", tables))
    real = {path.rpartition("/")[2] for each in written for path in keys(each)}
    assert real - explained == set()


def test_every_outcome_of_the_log_is_explained(written: list[dict[str, Any]]) -> None:
    """The run meets most of them."""
    outcomes = {line["outcome"] for line in written if "line" in line}
    assert {"applied", "stale", "duplicate", "refused"} <= outcomes
    text = Path(ROOT / DOCUMENTS[0]).read_text("utf-8")
    assert [outcome for outcome in outcomes if f"| `{outcome}` |" not in text] == []
