"""Prints: asked for by message or command, drawn outside of the way of messages, the same bytes each time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from gateway.cli import main
from gateway.errors import RejectedError, RetryError
from gateway.reports import Sheet
from gateway.steps import making
from gateway.steps.aggregating import aggregate_month
from gateway.steps.kept import to_document
from gateway.steps.sheets import notice_of
from tests.flow import erp
from tests.flow.queries import codes, entry, message, query, received, text_of
from tests.services.installation import AGGREGATION, ENTERPRISE, FILING, Installation, Running


def _print(running: Running, kind: str, number: str) -> list[Path]:
    told = entry(running.send("print.xml", message(kind, "", "print", number)))
    assert told["outcome"] == "accepted", told
    return [received(running.installation, name) for name in told["print"]]


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """October aggregated; customs inspects the declaration of the first run and clears no more of it."""
    installation = Installation(tmp_path_factory.mktemp("prints"))
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests(erp.manifest(items=[erp.line(), erp.line(volumeItem=2)])))
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", "R0-AGG")
        running.settle()
        yield running


@pytest.mark.requirement("QF-10", "QR-09")
def test_a_saved_filing_is_printed_by_message(running: Running) -> None:
    """The form comes under the name that the reply tells; a later print has a name of its own."""
    running.send("1.json", erp.qualification(action="save"))
    (file,) = _print(running, "QualificationFiling", erp.QUALIFICATION)
    number = running.document(erp.QUALIFICATION).number
    assert file.name == f"{number}.pdf"
    text = text_of(file)
    for expected in (
        "适用集中申报通关方式备案表",
        number,
        "深圳示例进出口有限公司",
        "皇岗海关 5301",
        "暂存",
        "2027-06-30",
    ):
        assert expected in text
    (again,) = _print(running, "QualificationFiling", erp.QUALIFICATION)
    assert again.name == f"{number}.2.pdf"
    assert again.read_bytes() == file.read_bytes()
    assert running.states(erp.QUALIFICATION) == ["saved"]


@pytest.mark.requirement("GF-06", "MF-15", "QR-09")
@pytest.mark.parametrize(
    ("kind", "number", "expected"),
    [
        (
            "GoodsFiling",
            erp.VOLUME,
            ("集中申报备案商品分册", "J53016000001", "鲜樱桃", "智利 CHL", "0|0|鲜冷"),
        ),
        (
            "Manifest",
            erp.MANIFEST,
            ("进口货物集中申报清单", "53012026I000000001", "粤Z5678港", "18400 美元 USD", "合计 2 项"),
        ),
    ],
)
def test_a_volume_and_a_manifest_are_printed_by_message(
    month: Running, kind: str, number: str, expected: tuple[str, ...]
) -> None:
    """With customs' number, names beside codes, and sums."""
    (file,) = _print(month, kind, number)
    text = text_of(file)
    assert [each for each in expected if each not in text] == []


@pytest.mark.requirement("DC-03")
def test_a_declaration_is_printed_with_its_receipt_notice(month: Running) -> None:
    """In the states not accepted, inspection and reviewed; customs' own words stand in the notice."""
    (declaration,) = month.documents(kind="declaration")
    assert declaration.state == "not_accepted"
    asked = query("declaration", "print", SeqNo=declaration.number)
    told = entry(month.send("print.xml", asked))
    assert told["print"] == [f"{declaration.number}.pdf", f"{declaration.number}.notice.pdf"]
    form, notice = (text_of(received(month.installation, name)) for name in told["print"])
    assert "中华人民共和国海关进口货物报关单" in form
    assert "集中申报" in form
    assert "回执通知书（不受理）" in notice
    with month.gateway.store.read() as unit:
        said = [row.text for row in unit.receipts.listing(limit=99, number=declaration.number)]
    assert all(text in notice for text in said if text)


@pytest.mark.requirement("DC-03")
@pytest.mark.parametrize(
    ("state", "title"),
    [("not_accepted", "不受理"), ("inspection", "查验"), ("reviewed", "审结"), ("cleared", "")],
)
def test_there_is_a_notice_in_three_states_only(month: Running, state: str, title: str) -> None:
    """Its title says which; in any other state there is nothing to be told."""
    (row,) = month.documents(kind="declaration")
    document = replace(to_document(row), state=state)
    with month.gateway.store.read() as unit:
        if title:
            assert title in notice_of(month.gateway.world, unit, document).values["title"]
        else:
            with pytest.raises(RejectedError, match=r"print.no-notice"):
                notice_of(month.gateway.world, unit, document)


@pytest.mark.requirement("QR-06")
def test_statistics_are_printed_by_message(month: Running) -> None:
    """As a list with its chart."""
    told = entry(month.send("s.xml", query("statistics", "print", number="ST-1")))
    text = text_of(received(month.installation, told["print"][0]))
    assert told["print"] == ["ST-1.statistics.pdf"]
    for expected in ("集报清单业务统计表", "一般贸易进口", "清单份数", "18400 美元 USD"):
        assert expected in text


@pytest.mark.requirement("QF-10")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (message("Manifest", "", "print", "NONE"), "rule.unknown-document"),
        (query("declaration", "print", SeqNo="D20269999999999999"), "query.unknown-number"),
        (query("manifest", "print"), "query.not-printed"),
        (query("filing", "save"), "query.unknown-operation"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_the_reason(month: Running, asked: str, expected: str) -> None:
    """Nothing is ordered that could never come."""
    told = entry(month.send("wrong.xml", asked))
    assert told["outcome"] == "refused"
    assert expected in codes(told)


def test_without_a_typeface_prints_wait_and_all_else_goes_on(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators are told once; once it is there, what was asked for comes."""

    def refuse(_sheet: Sheet) -> bytes:
        raise RetryError("print.no-typeface", folders="/usr/share/fonts")

    running.send("1.json", erp.qualification(action="save"))
    with monkeypatch.context() as patched:
        patched.setattr(making, "draw", refuse)
        (file,) = _print(running, "QualificationFiling", erp.QUALIFICATION)
        assert not file.exists()
        assert [(alert.code, alert.subject) for alert in running.alerts()] == [("trouble.channel", "prints")]
        assert entry(running.send("q.xml", query("filing")))["result"]["total"] == 1
    running.settle()
    assert file.exists()
    assert running.alerts() == []


def test_a_print_that_breaks_stops_alone_and_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to a person; the next one is made."""
    running.send("1.json", erp.qualification(action="save"))
    with monkeypatch.context() as patched:
        patched.setattr(making, "draw", lambda sheet: sheet.no_such_thing)
        (file,) = _print(running, "QualificationFiling", erp.QUALIFICATION)
    assert not file.exists()
    assert [alert.code for alert in running.alerts()] == ["print.not-made"]
    (again,) = _print(running, "QualificationFiling", erp.QUALIFICATION)
    assert again.exists()


@pytest.fixture
def say(month: Running, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives a command at the desk of that month."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)

    def one(*words: object, lang: str = "en") -> Result:
        start = ["--config", str(month.installation.config), "--now", AGGREGATION.isoformat(), "--lang", lang]
        return CliRunner(catch_exceptions=False).invoke(main, [*start, *map(str, words)])

    return one


@pytest.mark.requirement("QF-10", "GF-06", "MF-15", "DC-03")
def test_the_command_prints_the_same_bytes_as_the_message(month: Running, say: Any, tmp_path: Path) -> None:
    """By unified, customs' or client number; a notice where there is one, else the reason."""
    (sent,) = _print(month, "Manifest", erp.MANIFEST)
    file = tmp_path / "m.pdf"
    assert say("print", "53012026I000000001", "-o", file).exit_code == 0
    assert file.read_bytes() == sent.read_bytes()
    assert json.loads(say("print", erp.MANIFEST, "-o", file, "--json").stdout) == {"files": [str(file)]}
    assert say("print", "R0-AGG01", "--notice", "-o", file).exit_code == 0
    assert "回执通知书" in text_of(file)
    refused = say("print", erp.MANIFEST, "--notice", "-o", file)
    assert (refused.exit_code, "print.no-notice" in refused.stderr) == (1, True)
    assert "print.no-form" in say("print", "R0-AGG", "-o", file).stderr
    assert "cli.not-written" in say("print", erp.MANIFEST, "-o", tmp_path / "none/m.pdf").stderr


@pytest.mark.requirement("QR-02", "QR-08")
def test_queries_are_asked_on_the_command_line(say: Any, tmp_path: Path) -> None:
    """As a table in either language, JSON, CSV and XLSX; for a partner only what that partner sees."""
    assert "已汇总" in say("query", "manifest", lang="zh").stdout
    told = json.loads(
        say("query", "manifest", "--state", "aggregated", "--from", "2026-10-20", "--json").stdout
    )
    assert (told["total"], told["criteria"]["DateFrom"]) == (1, "20261020")
    csv_file, book = tmp_path / "m.csv", tmp_path / "m.xlsx"
    assert say("query", "manifest", "--csv", csv_file, "--xlsx", book, lang="zh").exit_code == 0
    heads, row = csv.reader(io.StringIO(csv_file.read_text("utf-8-sig")))
    assert dict(zip(heads, row, strict=True))["运输工具名称"] == "粤Z5678港"
    assert "xl/worksheets/sheet1.xml" in ZipFile(book).namelist()
    assert json.loads(say("query", "filing", "--partner", "acme", "--json").stdout)["total"] == 1
    assert "cli.unknown-partner" in say("query", "filing", "--partner", "nobody").stderr
    assert "query.missing" in say("query", "amendment").stderr
    assert say("query", "amendment", "--type", "withdrawal").exit_code == 0
    number = json.loads(say("query", "manifest", "--json").stdout)["rows"][0]["number"]
    assert "1" in say("query", "merge-relation", "--number", number).stdout


@pytest.mark.requirement("QR-01", "QR-06")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stats --by colour", "one or more of kind, office, state and month"),
        ("stats --by kind,,month", "one or more of kind, office, state and month"),
        ("query manifest --nature bond", "2 Bonded"),
        ("query manifest --office 55", "a customs office of 4 characters"),
        ("query manifest --number 1", "18 digits or capital letters"),
        ("query filing --enterprise 1", "10 digits or capital letters"),
        ("export --customs-number * -o x.csv", "Customs number is *"),
    ],
)
def test_what_could_never_be_found_is_refused_at_the_desk_too(say: Any, words: str, expected: str) -> None:
    """As by message: it says what would be right, instead of finding nothing or breaking off."""
    done = say(*words.split())
    assert (done.exit_code, expected in done.stderr) == (1, True), done.output
    named = say("query", "manifest", "--office", "皇岗海关", "--nature", "一般贸易", "--bill", "")
    assert named.exit_code == 0


@pytest.mark.requirement("QR-06")
def test_statistics_are_written_as_table_csv_xlsx_chart_and_print(say: Any, tmp_path: Path) -> None:
    """The same figures in each; a column for each unit and currency."""
    assert "18400 USD" in say("stats", "--by", "kind,month").stdout
    files = {name: tmp_path / f"s.{name}" for name in ("csv", "xlsx", "svg", "pdf")}
    words = ("--csv", files["csv"], "--xlsx", files["xlsx"], "--chart", files["svg"], "--pdf", files["pdf"])
    assert json.loads(say("stats", *words, "--json").stdout) == {"files": [str(f) for f in files.values()]}
    heads, row, whole = csv.reader(io.StringIO(files["csv"].read_text("utf-8-sig")))
    assert heads[-2:] == ["quantity 035 千克", "total USD"]
    assert row[-2:] == whole[-2:] == ["1600", "18400"]
    svg = etree.parse(files["svg"]).getroot()
    assert "18,400" in [node.text for node in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "18400 美元 USD" in text_of(files["pdf"])
    assert json.loads(say("stats", "--json").stdout)["whole"]["manifests"] == 1


@pytest.mark.requirement("QR-07")
def test_declarations_are_exported_on_the_command_line(say: Any, tmp_path: Path) -> None:
    """CSV or XLSX by the ending; a file of another kind is not written."""
    file = tmp_path / "d.csv"
    assert say("export", "--not-cleared", "-o", file).exit_code == 0
    heads, row = csv.reader(io.StringIO(file.read_text("utf-8-sig")))
    assert dict(zip(heads, row, strict=True))["state"] == "not accepted"
    assert say("export", "--cleared", "-o", tmp_path / "d.xlsx").exit_code == 0
    assert say("export", "-o", tmp_path / "d.doc").exit_code == 2
