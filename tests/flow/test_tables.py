"""An ERP, or a person with a spreadsheet program, that sends workbooks and ZIPs made from the templates."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest

from gateway.formats import Table, read
from tests.services.installation import ROOT, Installation, Running
from tests.unit.formats.books import by_openpyxl, zipped

EXAMPLES = ROOT / "mappings/template/examples"


def example(name: str) -> bytes:
    """Return a shipped example."""
    return (EXAMPLES / name).read_bytes()


def filled_form(installation: Installation, template: str, **changes: str) -> bytes:
    """Have an empty template written, and fill in a row as a person does."""
    form = installation.folder / f"{template}.xlsx"
    done = installation.gateway("template", template, "-o", str(form))
    assert done.returncode == 0, done.stderr
    shown = read("example.xlsx", example(f"{template}.xlsx")).content
    assert isinstance(shown, Table)
    row = dict(zip(shown.columns, next(iter(shown.rows)).cells, strict=True))
    book = openpyxl.load_workbook(form)
    sheet = book.worksheets[0]
    for position, head in enumerate(sheet[1], 1):
        name = str(head.value)
        sheet.cell(2, position).value = changes.get(name.rpartition(" ")[2], row.get(name)) or None
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.requirement("ER-02", "QF-08", "GF-08")
def test_filled_templates_lead_from_the_filing_to_clearance(running: Running):
    """A form that `gateway template` wrote, a workbook in a ZIP, and a workbook with two manifests."""
    installation = running.installation
    reply = running.send("资质.xlsx", filled_form(installation, "qualification"))
    assert reply["outcome"] == "accepted", reply
    assert "warnings" not in reply["messages"][0]
    assert running.document("QF-2026-0001").state == "approved"
    assert (
        running.send("商品.zip", zipped({"a/商品.xlsx": example("goods-filing.xlsx")}))["outcome"]
        == "accepted"
    )
    assert running.document("GF-2026-0001").state == "approved"
    reply = running.send("清单.xlsx", example("manifest.xlsx"))
    assert [each["outcome"] for each in reply["messages"]] == ["accepted"] * len(reply["messages"])
    assert running.document("JB-2026-10-0001").state == "cleared"


@pytest.mark.requirement("ER-04", "EN-05")
def test_a_zip_gets_one_reply_and_what_is_wrong_in_it_is_told_by_file(running: Running):
    """The sound files are obeyed; the reply names ZIP, file, row, column and cell. Again, it is the same."""
    rows: list[Any] = [["资质备案编号 QualificationFiling", "申报地海关 CustomMaster"], ["Q9", 5301]]
    files: dict[str, bytes | str] = {
        "1.xlsx": filled_form(running.installation, "qualification", GoodsNature="一般货易"),
        "2.xlsx": example("qualification.xlsx"),
        "3.pdf": b"%PDF-1.7",
        "4.json": "[",
        "5.xlsx": by_openpyxl(*rows),
    }
    reply = running.send("a.zip", zipped(files))
    assert reply["outcome"] == "partly"
    told = [
        (each["outcome"], [fault["code"] for fault in each.get("violations", ())][:1])
        for each in reply["messages"]
    ]
    assert told == [
        ("refused", ["map.unknown-code"]),
        ("accepted", []),
        ("refused", ["format.attachment"]),
        ("refused", ["format.not-json"]),
        ("refused", ["map.missing-column"]),
    ]
    place = reply["messages"][0]["violations"][0]["place"]
    assert place == {
        "file": "a.zip/1.xlsx",
        "row": 2,
        "column": "集中申报货物性质 GoodsNature",
        "path": "数据!F2",
    }
    first = running.installation.replies("a.zip")
    running.send("a.zip", zipped(files))
    assert len(running.documents()) == 1
    assert len(first) == 1


@pytest.mark.requirement("ER-05")
def test_a_zip_that_is_unsound_is_refused_before_anything_of_it_is_done(running: Running):
    """The sound file beside the one that leads elsewhere is not obeyed either."""
    reply = running.send("a.zip", zipped({"a.xlsx": example("qualification.xlsx"), "../b.csv": "x"}))
    assert reply["outcome"] == "quarantined"
    assert reply["violations"][0]["code"] == "format.zip-name"
    assert running.documents() == []
