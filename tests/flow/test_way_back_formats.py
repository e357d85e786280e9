"""The way back into each format: the XPath, cell, segment or file in a ZIP that made the field."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from typing import Any

import openpyxl
import pytest

from tests.flow import erp
from tests.flow.way_back import Desk, item, manifest
from tests.services import edifact
from tests.services.installation import ROOT, Installation, Running
from tests.unit.formats.books import by_openpyxl, zipped

pytestmark = [pytest.mark.usefixtures("installation"), pytest.mark.requirement("EN-05", "ER-02", "ER-06")]

IDOC = ROOT / "tests/examples/2.1-import-general/03-manifest.xml"
BOOK = ROOT / "mappings/template/examples/manifest.xlsx"


def book(number: str) -> bytes:
    """Return a workbook of the template with one manifest of two items."""
    rows = list(openpyxl.load_workbook(BOOK).active.iter_rows(values_only=True))[:3]
    for row, (quantity, filed) in zip((1, 2), ((300, 1), (100, 2)), strict=True):
        told = dict(zip(rows[0], rows[row], strict=True))
        told |= {"集报清单编号 Manifest": number, "备案序号 ContrItem": filed, "成交数量 GQty": quantity}
        told |= {
            "申报单价 DeclPrice": 2,
            "申报总价 DeclTotal": quantity * 2,
            "第一法定数量 FirstQty": quantity,
        }
        told["备案分册客户端编号 VolumeClientNo"] = "GF-1" if row == 1 else None
        rows[row] = tuple(told.values())
    return by_openpyxl(*rows)


def source_of(running: Running, name: str, data: bytes, number: str, pointer: str) -> Mapping[str, Any]:
    """Send a file, let customs refuse its manifest, and return the source of the field it points to."""
    reply = running.send(name, data)
    assert reply["outcome"] == "accepted", reply
    (fault,) = Desk(running).refused(number, pointer)
    found: dict[str, Any] = fault["source"]
    return {key: value for key, value in found.items() if key not in {"mapping", "rule"}}


def test_each_format_tells_its_own_kind_of_place(approved: Running) -> None:
    """XPath for XML, the cell for XLSX, the segment for EDIFACT, the file within a ZIP for a ZIP."""
    second = "Manifest/Item[2]/GQty"
    idoc = IDOC.read_bytes().replace(b">JB-3<", b">N0-3<")
    found = source_of(approved, "m.xml", idoc, "N0-3", second)
    assert (found["file"], found["row"], found["given"]) == ("m.xml", 41, "400.000")
    assert found["path"].endswith("/E1EDP01[2]/MENGE")
    found = source_of(approved, "m.xlsx", book("N0-X"), "N0-X", second)
    assert (found["file"], found["given"]) == ("m.xlsx", "100")
    assert "E3" in str(found.values())
    sheet = openpyxl.load_workbook(io.BytesIO(book("N0-X"))).active
    assert sheet["E3"].value == 100
    sent = edifact.interchange(edifact.manifest("N0-E")).encode()
    found = source_of(approved, "m.edi", sent, "N0-E", "Manifest/Item[1]/GQty")
    assert (found["file"], found["given"]) == ("m.edi", "800")
    assert "MEA" in str(found.values())


def test_a_file_in_a_zip_is_named_and_counted_on(approved: Running) -> None:
    """Each file of it goes on counting messages where the one before ended."""
    one = manifest("JB-1", item(10), item(11)) + manifest("JB-2", item(12)).partition("\n")[2]
    files = {"a.csv": one, "b.csv": manifest("N0-Z", item(20), item(21), operation="暂存并申报")}
    found = source_of(approved, "all.zip", zipped(files), "N0-Z", "GNo=2/GQty")
    assert found["file"].startswith("all.zip")
    assert found["file"].endswith("b.csv")
    assert (found["row"], found["column"], found["given"]) == (4, "数量", "21")


def test_a_mapping_that_was_changed_meanwhile_is_read_as_it_was(installation: Installation) -> None:
    """The version that made the message says where the field came from, not the one in force."""
    folder = installation.folder / "mappings"
    shutil.copytree(ROOT / "mappings", folder)
    text = installation.config.read_text("utf-8")
    installation.config.write_text(text.replace(f"{ROOT}/mappings", str(folder)), "utf-8")
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        running.send("volume.json", erp.volume())
        desk = Desk(running)
        desk.send("m.csv", manifest("N0-1", item(10), operation="暂存并申报"))
        version = running.gateway.mappings.current().get("acme-csv/manifest").version
    file = folder / "acme-csv/manifest.toml"
    file.write_text(file.read_text("utf-8").replace('GQty = { from = "数量"', 'GQty = { from = "法定数量"'))
    with installation.open() as running:
        assert running.gateway.mappings.current().get("acme-csv/manifest").version != version
        desk.running = running
        (fault,) = desk.refused("N0-1", "Manifest/Item[1]/GQty")
        assert (fault["source"]["column"], fault["source"]["mapping"]) == (
            "数量",
            f"acme-csv/manifest@{version}",
        )
