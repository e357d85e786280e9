"""What is one partner's is nobody else's: no query, command or reply tells or changes anything of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from gateway.documents import Command, decide
from gateway.documents.forms import FORMS
from gateway.errors import RejectedError
from gateway.steps.records import StoredFacts
from gateway.store import ChangeRow, DocumentFilter, DocumentRow, Unit
from tests.flow.queries import ask, codes, month_of_two, result
from tests.services.installation import ENTERPRISE, Running

pytestmark = pytest.mark.requirement("QR-08")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """October of two ERPs."""
    with month_of_two(tmp_path_factory.mktemp("month")) as running:
        yield running


@pytest.mark.parametrize("kind", ["manifest", "declaration", "statistics", "export"])
def test_another_partner_sees_nothing_not_even_a_number(month: Running, kind: str) -> None:
    """Neither rows nor totals."""
    found = result(month, kind, "beta")
    assert found.get("rows", []) == []
    assert (found.get("total", 0), found.get("whole", {"manifests": 0})["manifests"]) == (0, 0)


def test_each_partner_finds_its_own_filings(month: Running) -> None:
    """The second ERP's own filing, and only that."""
    assert [row["client_number"] for row in result(month, "filing", "beta")["rows"]] == ["BQ-1"]
    assert [row["client_number"] for row in result(month, "filing")["rows"]] == ["QF-1"]


def test_a_foreign_number_is_as_unknown_as_none(month: Running) -> None:
    """Naming it, or its enterprise, or printing it, tells nothing about it."""
    manifest, declaration = month.document("JB-1").number, "D20260000000000001"
    for number in (manifest, declaration):
        foreign = ask(month, "merge-relation", "beta", SeqNo=number)
        absent = ask(month, "merge-relation", "beta", SeqNo=number[:-3] + "999")
        assert codes(foreign) == codes(absent) == ["query.unknown-number"]
    assert result(month, "manifest", "beta", SeqNo=manifest)["total"] == 0
    assert codes(ask(month, "manifest", "beta", TradeCode=ENTERPRISE)) == ["query.foreign-enterprise"]
    printed = ask(month, "declaration", "beta", operation="print", SeqNo=declaration)
    assert codes(printed) == ["query.unknown-number"]


# By which fields each kind of message names another document.
_NAMING = {
    "GoodsFiling": ("QualificationSeqNo", "QualificationClientNo"),
    "QualificationChange": ("QualificationSeqNo", "QualificationClientNo"),
    "GoodsFilingChange": ("VolumeSeqNo", "VolumeClientNo"),
    "QualificationExtension": ("QualificationSeqNo", "QualificationClientNo"),
    "Manifest": ("ManualNo", "VolumeClientNo", "AccountBookNo"),
    "ManifestModification": ("ManifestSeqNo", "ManifestClientNo"),
    "ManifestWithdrawal": ("ManifestSeqNo", "ManifestClientNo"),
}


class OverError(Exception):
    """Ends a transaction so that nothing of it stays."""


@pytest.fixture
def both(month: Running) -> Iterator[tuple[Unit, dict[str, DocumentRow]]]:
    """A document of the first ERP for each kind of message, in a transaction that comes to nothing."""
    with suppress(OverError), month.gateway.store.begin() as unit:
        found = [
            unit.documents.get(row.number) for row in unit.documents.listing(DocumentFilter(), limit=100)
        ]
        rows = {row.message_type: row for row in found if row and row.partner == "acme"}
        made = {
            form.message: replace(
                rows["Manifest"],
                number=f"X202600000000000{count:02}",
                client_number=f"X-{count:02}",
                kind=form.kind,
                message_type=form.message,
                state="saved",
            )
            for count, form in enumerate(FORMS.values())
            if form.message not in rows
        }
        unit.documents.put(
            ChangeRow(
                document=row,
                expected_state=None,
                expected_version=0,
                event="save",
                cause_kind="message",
                cause_id="1",
            )
            for row in made.values()
        )
        yield unit, rows | made
        raise OverError


def _told(month: Running, unit: Unit, command: Command, named: str) -> object:
    """Return what a command comes to, whatever the number is that it names."""
    try:
        decision = decide(command, StoredFacts(month.gateway.world, unit))
    except RejectedError as fault:
        return [repr(violation).replace(named, "NUMBER") for violation in fault.violations]
    return [(change.document.enterprise, change.event) for change in decision.changes]


def test_no_command_tells_or_changes_anything_of_anothers_document(
    month: Running, both: tuple[Unit, dict[str, DocumentRow]]
) -> None:
    """By its unified number, its ERP's or customs': as if there were no such number."""
    unit, documents = both
    forms = {name: form.operations for name, form in FORMS.items()}
    forms["Declaration"] = ("declare", "edit", "show", "print")
    documents["Declaration"] = documents["DecMessage"]
    for kind, operation in ((form, each) for form in forms for each in forms[form]):
        row = documents[kind]
        for foreign in (row.number, row.client_number, row.customs_number or row.number):
            absent = f"{foreign[:-3]}999"
            told = [
                _told(month, unit, Command(kind, operation, *words), named)
                for named in (foreign, absent)
                for words in (("Y-1", "beta", {"SeqNo": named}), (named, "beta", {}))
            ]
            assert told[:2] == told[2:], (kind, operation, foreign)
            if operation not in {"save", "save-declare", "extend", "disable"}:
                assert "rule.unknown-document" in str(told[0]), (kind, operation)


def test_no_document_is_built_upon_anothers(
    month: Running, both: tuple[Unit, dict[str, DocumentRow]]
) -> None:
    """Each field that names another document knows a foreign one as little as none."""
    unit, documents = both
    numbers = [
        number
        for row in documents.values()
        for number in (row.number, row.client_number, row.customs_number)
        if number
    ]
    for kind, fields in _NAMING.items():
        for field, foreign in ((field, number) for field in fields for number in numbers):
            for operation in ("save", "declare"):
                told = [
                    _told(month, unit, Command(kind, operation, "Y-1", "beta", {field: named}), named)
                    for named in (foreign, f"{foreign[:-3]}999")
                ]
                assert told[0] == told[1], (kind, field, foreign)


def test_no_partner_is_told_a_number_of_anothers(month: Running) -> None:
    """Replies, receipts and notices: each folder holds the numbers of its own partner only."""
    rows = month.documents()
    for partner, other in (("acme", "beta"), ("beta", "acme")):
        theirs = [row.number for row in rows if row.partner == other]
        theirs += [row.customs_number for row in rows if row.partner == other and row.customs_number]
        assert theirs
        files = [*(month.installation.folder / "receipts" / partner).glob("*.json")]
        # A reply to a question repeats the number that it asks for.
        told = [file.name + file.read_text("utf-8") for file in files if not file.name.startswith("query.")]
        assert told
        assert [number for number in theirs for each in told if number in each] == []
