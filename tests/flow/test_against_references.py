"""Manifests held against what customs told before: account book, licence and cargo manifest."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow import erp, references
from tests.flow.references import BOOK, LICENCE, tell
from tests.services.installation import Running

DURIANS = "0810600000"


def _line(**changes: Any) -> dict[str, Any]:
    return erp.line(qty=100, price=20, total=2000.00, legalQty=[100], **changes)


def _licensed(number: str, quantity: int) -> dict[str, Any]:
    """Return a manifest of durians under the licence."""
    item = erp.line(qty=quantity, price=2, total=quantity * 2, legalQty=[quantity], volumeItem=3)
    code, _, rest = LICENCE.partition(":")
    return erp.manifest(number, licence={"kind": code, "number": rest}, items=[item])


def _codes(reply: dict[str, Any]) -> list[str]:
    return [fault["code"] for message in reply["messages"] for fault in message.get("violations", ())]


def _warnings(reply: dict[str, Any]) -> list[str]:
    return [warning["code"] for message in reply["messages"] for warning in message.get("warnings", ())]


@pytest.fixture
def with_durians(running: Running) -> Running:
    """A gateway with an approved volume whose third item is durians, and the licence for them."""
    running.send("qualification.json", erp.qualification())
    items = (erp.goods(), erp.goods(), erp.goods(DURIANS, name="鲜榴莲", origin="THA"))
    running.send("volume.json", erp.volume(erp.VOLUME, erp.QUALIFICATION, *items))
    tell(running.installation, "licence.xml", "Licence", references.licence())
    running.settle()
    return running


@pytest.mark.requirement("MF-01", "MF-04", "MF-05", "MF-06", "MF-12", "GF-09")
def test_a_bonded_manifest_by_road_goes_from_its_account_book_to_cleared(running: Running) -> None:
    """Filled in from the book that customs sent, then approved, entrusted, carried, crossed and cleared."""
    running.send("qualification.json", erp.qualification(nature="bonded", guarantee={}))
    item = {"GNo": "1", "CodeTS": "8529904900", "GName": "显示屏", "GModel": "7 寸", "GUnit": "007"}
    book = references.account_book(Item=[{**item, "OriginCountry": "CHN", "TradeCurr": "USD"}])
    tell(running.installation, "book.xml", "AccountBook", book)
    running.settle()
    body = erp.manifest(nature="bonded", volume={}, accountBook=BOOK, items=[_line()])
    reply = running.send("manifest.json", erp.manifests(body))
    assert _codes(reply) == []
    filled = reply["messages"][0]["filled"]
    assert (filled["Manifest/TradeMode"], filled["Manifest/Item[1]/GName"]) == ("0615", "显示屏")
    states = ["declared", "sent", "approved", "entrusted", "carried", "crossed", "cleared"]
    assert running.states(erp.MANIFEST) == states


@pytest.mark.requirement("MF-07", "MF-08")
def test_manifests_share_a_licence_until_it_is_used_up(with_durians: Running) -> None:
    """What is refused gives back; the reply to the one that asks for too much tells what is left."""
    first = with_durians.send("1.json", erp.manifests(_licensed("R0-DURIANS", 9000)))
    assert _codes(first) == []
    assert with_durians.document("R0-DURIANS").state == "rejected"
    second = with_durians.send("2.json", erp.manifests(_licensed("JB-2", 6000), _licensed("JB-3", 4001)))
    assert _codes(second) == ["rule.licence-exceeded"]
    text = second["messages"][1]["violations"][0]["text_en"]
    assert "at most 4000" in text
    third = with_durians.send("3.json", erp.manifests(_licensed("JB-4", 4000)))
    assert _codes(third) == []
    with with_durians.gateway.store.read() as unit:
        used = {row.number: str(row.quantity) for row in unit.references.used(LICENCE)}
    numbers = [with_durians.document(name).number for name in ("JB-2", "JB-4")]
    assert used == {numbers[0]: "6000", numbers[1]: "4000"}


@pytest.mark.requirement("MF-09")
def test_a_manifest_by_water_is_compared_with_the_cargo_manifest(approved: Running) -> None:
    """Unknown, the reply warns; known, each difference is told at the place in the file."""
    vessel = {"mode": "water", "name": "Cosco Shenzhen", "voyage": "027E", "bill": "COSU6100000001"}
    transport = {**erp.manifest()["transport"], **vessel}
    packing = {"packing": {"kind": "再生木托", "count": 99}, "weight": {"gross": 1200, "net": 1000}}
    body = erp.manifest("JB-2", transport=transport, **packing)
    assert _warnings(approved.send("1.json", erp.manifests(body, action="save"))) == []
    warned = approved.send("2.json", erp.manifests(erp.manifest("JB-3", transport=transport, **packing)))
    assert _warnings(warned) == ["rule.cargo-not-at-hand"]
    tell(approved.installation, "cargo.xml", "CargoManifest", references.cargo())
    approved.settle()
    reply = approved.send("3.json", erp.manifests(body, action="declare"))
    found = {each["field"]: each["code"] for each in reply["messages"][0]["violations"]}
    assert found == dict.fromkeys(("Manifest/VoyNo", "Manifest/PackNo"), "rule.cargo-differs")


@pytest.mark.requirement("MF-13")
def test_a_manifest_that_is_late_is_refused_with_what_is_needed(approved: Running) -> None:
    """Fifteen days after entry."""
    transport = {**erp.manifest()["transport"], "crossing": "2026-10-05T10:00:00+08:00"}
    reply = approved.send("1.json", erp.manifests(erp.manifest(transport=transport)))
    assert _codes(reply) == ["rule.import-late"]
    assert "ordinary declaration" in reply["messages"][0]["violations"][0]["text_en"]
