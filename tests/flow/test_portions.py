"""Large interchanges: obeyed in portions, one reply at the end, and others have their turn in between."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway import pipeline
from gateway.errors import ParkedError
from gateway.mapping import MappingSet
from gateway.steps import commands, opening, portions
from gateway.steps.portions import Portions
from tests.flow import erp
from tests.services.installation import PATIENCE_SECONDS, Running


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a portion three messages, so that a file of few is large."""
    monkeypatch.setattr(commands, "PORTION", 3)
    monkeypatch.setattr(portions, "PORTION", 3)


def _saved(number: str, **changes: Any) -> dict[str, Any]:
    return {"number": number, "direction": "import", "customs": {"declaredAt": "皇岗海关"}} | changes


def _file(count: int, **changes: Any) -> str:
    return erp.manifests(*(_saved(f"L-{n}", **changes) for n in range(1, count + 1)), action="save")


def _table(count: int, last: str = "") -> bytes:
    rows = [f"表头,L-{number},暂存,{'x' * 100}" for number in range(1, count + 1)]
    return "\n".join(["行类型,清单编号,操作,备注,备案序号", *(f"{row}," for row in rows), last, ""]).encode()


def _numbers(running: Running) -> list[str]:
    return [row.client_number for row in running.documents(kind="manifest")]


def _store(running: Running, name: str, data: str | bytes) -> None:
    """Bring a file as far as the database."""
    running.installation.drop(name, data)
    end = time.monotonic() + PATIENCE_SECONDS
    while not pipeline.intake(running.gateway, ["acme"]):
        assert time.monotonic() < end, "it never arrives"


@pytest.mark.requirement("ER-04")
def test_a_file_of_many_portions_has_one_reply_with_all_of_them(running: Running) -> None:
    """Each message once, in the order of the file; the same bytes again get the same reply."""
    data = _file(10)
    reply = running.send("large.json", data)
    assert reply["outcome"] == "accepted"
    assert [entry["position"] for entry in reply["messages"]] == list(range(1, 11))
    assert [entry["client_number"] for entry in reply["messages"]] == [f"L-{n}" for n in range(1, 11)]
    assert len(_numbers(running)) == 10
    running.send("large.json", data)
    first, second = running.installation.replies("large.json")
    assert first == second
    assert len(_numbers(running)) == 10
    assert running.installation.done() == ["large.json", *running.installation.done()[1:]]


@pytest.mark.requirement("ER-04")
def test_the_reply_is_written_like_that_to_a_small_file(running: Running) -> None:
    """Byte for byte: whoever reads one reads the other."""
    large = running.send("large.json", _file(7))
    (data,) = running.installation.replies("large.json")
    assert data == (json.dumps(large, ensure_ascii=False, indent=2) + "\n").encode()


@pytest.mark.requirement("ER-04")
def test_a_small_file_that_comes_later_is_answered_before_a_large_one_is_done(running: Running) -> None:
    """Each look does a portion of the large one and all of the small ones."""
    _store(running, "large.json", _file(20))
    pipeline.understand(running.gateway)
    _store(running, "small.json", erp.manifests(_saved("S-1"), action="save"))
    pipeline.understand(running.gateway)
    assert "S-1" in _numbers(running)
    assert len(_numbers(running)) < 10
    running.settle()
    assert len(_numbers(running)) == 21
    assert len(running.installation.replies("large.json")) == 1


@pytest.mark.requirement("ER-04")
def test_whoever_takes_over_goes_on_behind_the_last_portion(running: Running) -> None:
    """Nothing of the work is in memory alone: with a new owner every three looks it comes to the same end."""
    gateway = running.gateway
    _store(running, "large.json", _file(11))
    for _ in range(4):
        running.gateway = replace(gateway, portions=Portions(gateway.world, gateway.store, gateway.member))
        for _ in range(3):
            pipeline.understand(running.gateway)
    assert pipeline.understand(running.gateway) == 0
    running.settle()
    (reply,) = running.installation.replies("large.json")
    assert [entry["position"] for entry in json.loads(reply)["messages"]] == list(range(1, 12))
    assert len(_numbers(running)) == 11


@pytest.mark.requirement("ER-03", "ER-04")
def test_a_mapping_changed_in_between_holds_from_the_next_file_on(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes over goes on by the version that has made the first portion."""
    gateway = running.gateway
    _store(running, "large.json", _file(7))
    while not _numbers(running):
        assert pipeline.understand(gateway), "nothing was obeyed"
    assert len(_numbers(running)) < 7
    choose = MappingSet.choose

    def changed(self: MappingSet, *asked: Any) -> Any:
        return replace(choose(self, *asked), version="0123456789ab")

    monkeypatch.setattr(MappingSet, "choose", changed)
    running.gateway = replace(gateway, portions=Portions(gateway.world, gateway.store, gateway.member))
    running.settle()
    (reply,) = running.installation.replies("large.json")
    entries = json.loads(reply)["messages"]
    assert len(entries) == 7
    assert len({entry["mapping"] for entry in entries}) == 1


@pytest.mark.requirement("ER-04", "ER-05")
def test_while_a_large_file_is_obeyed_it_stays_in_hand(running: Running) -> None:
    """It is put away when all of it is understood."""
    _store(running, "large.json", _file(8))
    pipeline.understand(running.gateway)
    pipeline.intake(running.gateway, ["acme"])
    assert running.installation.done() == []
    with running.gateway.store.read() as unit:
        assert unit.status.counts().queues["interchanges.begun"] == 1
    running.settle()
    assert running.installation.done() == ["large.json"]


@pytest.mark.requirement("ER-04")
def test_a_large_file_of_which_a_part_was_refused_is_tried_again_for_that_part(running: Running) -> None:
    """As a small one is: what was obeyed gets the same entry, the rest is tried anew."""
    several = [_saved(f"L-{n}") for n in range(1, 8)]
    several[4] = _saved("L-5", direction="sideways")
    data = erp.manifests(*several, action="save")
    first = running.send("large.json", data)
    assert first["outcome"] == "partly"
    assert [e["outcome"] for e in first["messages"]].count("refused") == 1
    assert running.send("large.json", data) == first
    assert len(_numbers(running)) == 6


@pytest.mark.requirement("ER-05")
def test_nothing_of_a_large_file_is_done_when_its_last_row_is_broken(running: Running) -> None:
    """All of it is gone through before anything is obeyed."""
    data = _table(3000, last="表头,L-0")
    assert len(data) > commands.WHOLE_BYTES
    reply = running.send("large.csv", data)
    assert reply["outcome"] == "quarantined"
    assert [fault["code"] for fault in reply["violations"]] == ["format.ragged-row"]
    assert _numbers(running) == []
    assert running.installation.quarantined() == ["large.csv", "large.csv.reason.json"]


def test_a_file_of_more_messages_than_one_reply_tells_is_refused_whole(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it is long in bytes or only in messages."""
    monkeypatch.setattr(opening, "MOST_MESSAGES", 9)
    assert running.send("fits.json", _file(9))["outcome"] == "accepted"
    reply = running.send("large.csv", _table(3000))
    assert [fault["code"] for fault in reply["violations"]] == ["command.too-many-messages"]
    assert len(_numbers(running)) == 9


def test_what_nobody_foresaw_is_told_in_the_place_of_its_message(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the file are obeyed, and the operators are told."""
    real = commands.carry_out

    def broken(world: object, unit: object, decision: Any, cause: Any) -> None:
        if decision.document.client_number == "L-5":
            raise ZeroDivisionError
        real(world, unit, decision, cause)

    monkeypatch.setattr(commands, "carry_out", broken)
    reply = running.send("large.json", _file(8))
    assert [e["outcome"] for e in reply["messages"]] == [*["accepted"] * 4, "refused", *["accepted"] * 3]
    assert reply["messages"][4]["violations"][0]["code"] == "containment.unexpected"
    assert [alert.code for alert in running.alerts()] == ["containment.unexpected"]


def test_a_file_that_breaks_off_tells_from_where_on_nothing_was_done(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was obeyed stands; sent again when the mistake is mended, the rest is done."""
    data = _file(8)
    with monkeypatch.context() as patched:
        real = portions.messages_of

        def breaking(*given: Any) -> Iterator[Any]:
            for made in real(*given):
                if getattr(made, "client_seq_no", "") == "L-7":
                    raise ParkedError("containment.unexpected", reason="test")
                yield made

        patched.setattr(portions, "messages_of", breaking)
        reply = running.send("large.json", data)
    assert [fault["code"] for fault in reply["messages"][-1]["violations"]] == [
        *("command.broken-off", "containment.unexpected")
    ]
    assert len(_numbers(running)) == 6
    assert running.send("large.json", data)["outcome"] == "accepted"
    assert len(_numbers(running)) == 8


@pytest.mark.requirement("ER-02", "ER-04")
def test_the_files_of_a_zip_go_through_the_same_portions(running: Running) -> None:
    """Counted through; one that cannot be read is told in its place and harms no other."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.json", _file(4))
        archive.writestr("b.json", "{")
        archive.writestr("c.json", erp.manifests(*(_saved(f"C-{n}") for n in range(4)), action="save"))
    reply = running.send("all.zip", packed.getvalue())
    assert reply["outcome"] == "partly"
    outcomes = [entry["outcome"] for entry in reply["messages"]]
    assert outcomes == [*["accepted"] * 4, "refused", *["accepted"] * 4]
    assert reply["messages"][4]["file"] == "all.zip/b.json"
    assert len(_numbers(running)) == 8
