"""Reference messages of customs: believed like receipts, the newest kept, shown to operators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.flow import references
from tests.flow.customs import put, stranger
from tests.flow.references import BOOK, LICENCE, tell
from tests.services.installation import Installation, Running

KINDS = {
    "AccountBook": references.account_book,
    "CargoManifest": references.cargo,
    "Licence": references.licence,
}


def _lines(running: Running) -> list[tuple[str, str | None]]:
    """Return the outcomes of the receipt log with their reasons."""
    told = []
    for line in running.installation.log():
        violations = line.get("violations", [{}])
        told.append((line["outcome"], line.get("because") or violations[0].get("code")))
    return told


def _kept(running: Running, kind: str, key: str) -> dict[str, Any] | None:
    with running.gateway.store.read() as unit:
        row = unit.references.get(kind, key)
    return None if row is None else row.content


def _told(running: Running) -> list[tuple[str, str]]:
    return [(alert.code, alert.subject) for alert in running.alerts()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.requirement("GF-09", "CU-02", "CU-03")
def test_a_reference_message_is_kept_with_its_raw_bytes(running: Running, kind: str) -> None:
    """What customs signed is there as it was told, leads to its bytes, and stands in the receipt log."""
    data = tell(running.installation, "r.xml", kind, KINDS[kind]())
    running.settle()
    with running.gateway.store.read() as unit:
        (row,) = unit.references.listing(kind=kind, limit=9)
        (receipt,) = unit.receipts.listing(limit=9)
        assert unit.raw.get(receipt.digest) == data
    assert row.content == KINDS[kind]()
    assert row.receipt_id == receipt.id
    assert (receipt.state, receipt.receipt_type, receipt.customs_number) == ("applied", kind, row.key)
    (line,) = running.installation.log()
    assert (line["outcome"], line["type"], line["customs_number"]) == ("applied", kind, row.key)
    assert _told(running) == []


@pytest.mark.requirement("GF-09")
def test_the_newest_update_wins_in_whatever_order_they_come(running: Running) -> None:
    """A later one replaces; an earlier one that comes late, and the same one again, change nothing."""
    for name, at, until in (
        ("1.xml", "2026-10-02T08:00:00", "20270228"),
        ("2.xml", "2026-10-03T00:00:00Z", "20270331"),
        ("3.xml", "2026-10-01T08:00:00+08:00", "20270131"),
        ("4.xml", "2026-10-03T08:00:00+08:00", "20270331"),
    ):
        told = references.account_book(UpdateTime=at, ValidDate=until)
        if name == "4.xml":
            told["UpdateTime"] = "2026-10-03T00:00:00Z"
        tell(running.installation, name, "AccountBook", told)
        running.settle()
    overtaken = ("stale", "reference.superseded")
    assert _lines(running) == [("applied", None), ("applied", None), overtaken, overtaken]
    kept = _kept(running, "AccountBook", BOOK)
    assert kept is not None
    assert kept["ValidDate"] == "20270331"
    assert _told(running) == []


@pytest.mark.requirement("GF-09")
def test_two_contents_of_the_same_moment_are_for_a_person(running: Running) -> None:
    """What came first stands; the other is told, since nobody can say which one holds."""
    tell(running.installation, "1.xml", "Licence", references.licence())
    running.settle()
    tell(running.installation, "2.xml", "Licence", references.licence(ValidDate="20270630"))
    running.settle()
    assert _lines(running) == [("applied", None), ("refused", "reference.contradicts")]
    assert _told(running) == [("receipt.not-applied", "2.xml")]
    assert _kept(running, "Licence", LICENCE) == references.licence()


@pytest.mark.requirement("CU-02", "GF-09")
def test_only_what_a_pinned_certificate_signed_is_believed(running: Running, tmp_path: Path) -> None:
    """A stranger's licence, and one altered after signing, are told like bad receipts and not kept."""
    tell(running.installation, "1.xml", "Licence", references.licence(), stranger(tmp_path))
    running.settle()
    data = tell(running.installation, "2.xml", "Licence", references.licence())
    running.settle()
    put(running.installation, "3.xml", data.replace(b">10000<", b">90000<"))
    running.settle()
    assert _lines(running) == [
        ("refused", "signature.untrusted-certificate"),
        ("applied", None),
        ("refused", "signature.digest-mismatch"),
    ]
    assert _kept(running, "Licence", LICENCE) == references.licence()


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("Licence", references.licence(ValidDate=""), "schema.empty"),
        ("AccountBook", references.account_book(UpdateTime="0001-01-01T00:00:00"), "reference.time"),
        (
            "AccountBook",
            references.account_book(Item=references.account_book()["Item"] * 2),
            "reference.item-twice",
        ),
        ("AggregationRequest", {"Month": "202610", "TradeCode": "4403180001"}, "receipt.unknown-message"),
    ],
)
@pytest.mark.requirement("GF-09")
def test_an_invalid_reference_message_is_told_like_a_bad_receipt(
    running: Running, kind: str, body: dict[str, Any], code: str
) -> None:
    """It is refused with its reason, stays in the log, and a person is told."""
    tell(running.installation, "bad.xml", kind, body)
    running.settle()
    assert _lines(running) == [("refused", code)]
    assert _told(running) == [("receipt.not-applied", "bad.xml")]


@pytest.mark.requirement("CU-03")
def test_a_receipt_that_is_applied_after_all_closes_its_alert(
    installation: Installation, tmp_path: Path
) -> None:
    """Once the new certificate of customs is pinned, the same bytes are believed, and nothing is open."""
    own = stranger(tmp_path)
    with installation.open() as running:
        data = tell(installation, "1.xml", "Licence", references.licence(), own)
        running.settle()
        assert _told(running) == [("receipt.not-applied", "1.xml")]
    with installation.customs_certificate.open("ab") as file:
        file.write((tmp_path / "stranger.pem").read_bytes())
    with installation.open() as running:
        put(installation, "again.xml", data)
        running.settle()
        assert _lines(running)[-1] == ("applied", None)
        assert _told(running) == []


@pytest.mark.requirement("GF-09", "MF-08")
def test_operators_list_what_customs_told(installation: Installation) -> None:
    """Number, enterprise, validity, when it came and by which message; licences with what is left."""
    with installation.open() as running:
        for kind, body in KINDS.items():
            tell(installation, f"{kind}.xml", kind, body())
        running.settle()
    done = installation.gateway("references", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert [each["kind"] for each in told] == ["AccountBook", "CargoManifest", "Licence"]
    assert told[0]["number"] == BOOK
    assert (told[0]["enterprise"], told[0]["valid_until"], told[0]["items"]) == ("4403180001", "20271231", 3)
    goods = {"goods_code": "0810600000", "unit": "035"}
    assert told[2]["licensed"] == [{**goods, "quantity": "10000", "used": "0", "left": "10000"}]
    one = installation.gateway("--lang", "zh", "references", "--kind", "Licence")
    assert one.returncode == 0
    assert LICENCE in one.stdout
    assert BOOK not in one.stdout
