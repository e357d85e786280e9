"""Refusals in bulk: each file is read once for all that wait, and receipts wait for none of it."""

from __future__ import annotations

import pytest

from gateway.steps import readings
from tests.flow import way_back
from tests.flow.customs import Said, deliver
from tests.flow.way_back import HEADER, Desk, item
from tests.services.installation import Running

pytestmark = [pytest.mark.usefixtures("installation"), pytest.mark.requirement("EN-05", "ER-06")]

EACH = 15


@pytest.fixture
def refused(approved: Running) -> Running:
    """Two files of fifteen manifests; customs has refused all of them, by turns of one file and the other."""
    approved.office = None
    for name in "ab":
        rows: list[dict[str, str]] = []
        for number in range(1, EACH + 1):
            rows.append({**HEADER, "操作": "暂存并申报", "清单编号": f"{name}-{number}"})
            rows.append(item(number))
        approved.send(f"{name}.csv", way_back.table(*rows))
    for number in range(1, EACH + 1):
        for name in "ab":
            (sent,) = approved.submissions(f"{name}-{number}")
            said = Said("R", answers=sent.id, pointers=("Manifest/Item[1]/GQty",))
            deliver(approved.installation, f"{name}-{number}.xml", said)
    return approved


def test_each_file_is_read_once_for_all_refusals_that_wait(
    refused: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They came by turns; each is told its own row."""
    opened: list[str] = []
    real = readings.read_all

    def counted(name: str, *rest: object) -> object:
        opened.append(name)
        return real(name, *rest)

    monkeypatch.setattr(readings, "read_all", counted)
    monkeypatch.setattr(readings, "_MOST_BYTES", 1)
    refused.settle()
    assert sorted(opened) == ["a.csv", "b.csv"]
    told = refused.installation.notices("*.rejected.receipt.json")
    places = {(n["client_number"], n["said"]["faults"][0]["source"]["row"]) for n in told}
    assert places == {(f"{name}-{number}", 2 * number + 1) for name in "ab" for number in range(1, EACH + 1)}


def test_a_mistake_of_ours_keeps_no_refusal_back(approved: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be traced is told as customs said it, in the notice and in the log."""

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    desk = Desk(approved)
    desk.send("m.csv", way_back.manifest("N0-1", item(10), operation="暂存并申报"))
    monkeypatch.setattr(readings.Readings, "get", broken)
    monkeypatch.setattr(readings.Readings, "prepare", broken)
    (fault,) = desk.refused("N0-1", "Manifest/Item[1]/GQty")
    assert fault == {"code": "G10", "text": "按试验约定指出此项", "pointer": "Manifest/Item[1]/GQty"}
    assert "trace" not in approved.installation.log()[-1]


def test_believing_reads_no_file_of_the_erp(refused: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Receipts move their documents before anything is traced."""
    monkeypatch.setattr(type(refused.gateway.refusals), "make", lambda _: 0)
    refused.settle()
    assert {refused.document(f"a-{number}").state for number in range(1, EACH + 1)} == {"rejected"}
    assert refused.installation.notices("*.rejected.receipt.json") == []
