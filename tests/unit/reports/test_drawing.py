"""Prints: Chinese that can be read and copied, its typeface within, long lists over pages, the same bytes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import RetryError
from gateway.reports import Sheet, check_drawing, draw, drawing
from tests.source import ROOT

TEMPLATES = ROOT / "gateway/reports/templates"


def _coded(code: str, name: str) -> dict[str, str]:
    return {"code": code, "name": name}


def manifest(items: int = 1, **head: Any) -> Sheet:
    """Return the sheet of a manifest."""
    item = {
        "ContrItem": "1",
        "CodeTS": "0302141000",
        "GName": "冰鲜大西洋鲑鱼",
        "GQty": "800",
        "GUnit": _coded("035", "千克"),
        "DeclTotal": "9200.00",
        "TradeCurr": _coded("USD", "美元"),
    }
    usual = {
        "TradeName": "深圳示例进出口有限公司",
        "CustomMaster": _coded("5301", "皇岗海关"),
        "DeclDate": "20261020",
    }
    return Sheet(
        "manifest",
        {
            "title": "中华人民共和国海关进口货物集中申报清单",
            "number": "M20260000000000001",
            "state": "已结关",
            "head": usual | head,
            "items": [{"GNo": str(number), **item} for number in range(1, items + 1)],
        },
    )


def text_of(pdf: bytes, folder: Path) -> str:
    """Return the text of a PDF as a reader would copy it."""
    file = folder / "print.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.requirement("QR-09", "MF-15")
def test_a_print_has_its_text_and_its_typeface(tmp_path: Path) -> None:
    """Chinese is copied as it is read, dates as people write them, and every typeface is embedded."""
    text = text_of(draw(manifest(NoteS="㐂𠮷龘 Lerøy")), tmp_path)
    for expected in (
        "中华人民共和国海关进口货物集中申报清单",
        "深圳示例进出口有限公司",
        "皇岗海关 5301",
        "2026-10-20",
        "㐂𠮷龘 Lerøy",
    ):
        assert expected in text
    fonts = subprocess.run(["pdffonts", tmp_path / "print.pdf"], capture_output=True, text=True, check=True)
    rows = fonts.stdout.splitlines()[2:]
    assert all("Noto-Sans-CJK-SC" in row for row in rows)
    assert all(re.search(r"yes yes yes", row) for row in rows), fonts.stdout


@pytest.mark.requirement("QR-09")
def test_a_long_list_goes_over_pages_with_its_heads_and_numbers_of_pages(tmp_path: Path) -> None:
    """Each page has the head of the list and says which of how many it is; every item is there once."""
    pages = text_of(draw(manifest(items=99)), tmp_path).split("\f")[:-1]
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert f"第 {number} 页 共 {len(pages)} 页 · Page {number} of {len(pages)}" in page
        assert "商品编号" in page
        assert "中心统一编号 M20260000000000001" in page
    items = [int(n) for page in pages for n in re.findall(r"^ *(\d+) +1 +0302141000", page, re.MULTILINE)]
    assert items == list(range(1, 100))


@pytest.mark.requirement("QR-09")
def test_the_same_sheet_gives_the_same_bytes() -> None:
    """So that a print that is asked for twice is the same file; a sheet may be kept in between."""
    sheet = manifest()
    assert draw(sheet) == draw(Sheet.from_bytes(sheet.to_bytes()))


@pytest.mark.requirement("QR-09")
def test_what_an_erp_writes_is_text_and_nothing_else(tmp_path: Path) -> None:
    """Markup is shown, not obeyed, and no file or address is ever read."""
    secret = tmp_path / "secret.txt"
    secret.write_text("never to be seen", "utf-8")
    evil = f'<script>x</script><img src="file://{secret}"><object data="file://{secret}">{{{{ 7*7 }}}}'
    text = text_of(draw(manifest(NoteS=evil)), tmp_path).replace("\n", "")
    assert "<script>" in text
    assert "never to be seen" not in text
    assert "{{ 7*7 }}" in text


def test_a_field_that_is_too_long_for_its_cell_breaks(tmp_path: Path) -> None:
    """Also one without any place to break at; nothing runs off the paper."""
    text = text_of(draw(manifest(NoteS="W" * 255, BillNo="8" * 32)), tmp_path)
    assert text.count("W") == 255
    assert text.count("8" * 5) >= 1


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.html")), ids=lambda file: file.stem)
def test_no_template_takes_a_text_as_markup_but_our_own(template: Path) -> None:
    """The style and the chart are ours; everything else is escaped."""
    assert set(re.findall(r"{{ *(\w+)\|safe", template.read_text("utf-8"))) <= {"style", "chart"}


def test_without_its_typeface_nothing_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A print in boxes instead of Chinese would be worse than none."""
    monkeypatch.setattr(drawing, "_FOLDERS", (tmp_path,))
    with pytest.raises(RetryError, match=r"print.no-typeface"):
        draw(manifest())
    assert [violation.code for violation in check_drawing()] == ["print.no-typeface"]


def test_without_its_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pango is the system's; the line names the packages."""

    def refuse(_name: str) -> None:
        raise OSError("cannot load library 'pango-1.0-0'\nmore")

    monkeypatch.setattr(drawing, "import_module", refuse)
    (violation,) = check_drawing()
    assert violation.code == "print.no-library"
    assert "libpangoft2-1.0-0" in violation.text()
    assert "pango-1.0-0'" in violation.text()
    assert "more" not in violation.text()


def test_where_all_is_installed_the_check_is_silent() -> None:
    """As `make setup` leaves it."""
    assert list(check_drawing()) == []


def test_a_start_of_the_gateway_loads_nothing_of_it() -> None:
    """The libraries of prints and spreadsheets come when something is printed."""
    look = (
        "import sys, gateway.cli, gateway.bootstrap;"
        "print({'weasyprint', 'jinja2', 'xlsxwriter'} & {*sys.modules} or 'none')"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "none"
