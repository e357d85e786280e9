"""Queries and statistics by message: what each kind finds, and that nobody sees what is another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from gateway.stages import stages
from gateway.steps import making
from gateway.steps.listing import shown
from tests.flow import erp
from tests.flow.queries import (
    NAME,
    SECOND,
    TWO,
    ask,
    codes,
    entry,
    message,
    month_of_two,
    query,
    received,
    result,
    text_of,
)
from tests.services.installation import AGGREGATION, ENTERPRISE, FILING, Installation, Running


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """October of two ERPs."""
    with month_of_two(tmp_path_factory.mktemp("month")) as running:
        yield running


def _clients(found: dict[str, object]) -> list[str]:
    rows = found["rows"]
    assert isinstance(rows, list)
    return [row["client_number"] for row in rows]


@pytest.mark.requirement("QR-01")
@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"TradeCode": ENTERPRISE},
        {"CustomMaster": "5301", "GoodsNature": "1"},
        {"State": "海关审批通过"},
        {"State": "approved"},
        {"DateFrom": "20261020", "DateTo": "20261020"},
        {"ClientSeqNo": "QF-1"},
        {"SeqNo": "Q20260000000000001"},
        {"SeqNo": "G20260000000000001"},
        {"CustomsNo": "J53016000001"},
    ],
)
def test_filings_are_found_with_their_volumes(month: Running, criteria: dict[str, str]) -> None:
    """By enterprise, number, customs, nature, state and dates; the volume has state and customs number."""
    found = result(month, "filing", **criteria)
    (row,) = found["rows"]
    assert (row["client_number"], row["state_zh"]) == ("QF-1", "海关审批通过")
    (volume,) = row["volumes"]
    assert (volume["client_number"], volume["customs_number"]) == ("GF-1", "J53016000001")
    assert (volume["state_zh"], volume["items"]) == ("海关审批通过", 2)


@pytest.mark.requirement("QR-01", "QF-10")
def test_a_volume_that_was_deleted_is_not_shown_with_its_filing(running: Running) -> None:
    """Neither by a query nor on the print; whoever asks for its number still finds the filing."""
    running.send("1.json", erp.qualification(action="save"))
    for number in ("GF-1", "GF-2"):
        body = '"action": "save", "goods"'
        running.send("v.json", erp.volume(number).replace('"goods"', body))
    gone = running.document("GF-1").number
    told = entry(running.send("d.xml", message("GoodsFiling", "", "delete", "GF-1")))
    assert told["state"] == "deleted"
    (row,) = result(running, "filing", SeqNo=gone)["rows"]
    assert [volume["client_number"] for volume in row["volumes"]] == ["GF-2"]
    printed = entry(running.send("p.xml", message("QualificationFiling", "", "print", erp.QUALIFICATION)))
    text = text_of(received(running.installation, printed["print"][0]))
    assert (gone in text, running.document("GF-2").number in text) == (False, True)


@pytest.mark.requirement("QR-01")
@pytest.mark.parametrize("criteria", [{"GoodsNature": "2"}, {"State": "saved"}, {"DateTo": "20261019"}])
def test_a_criterion_that_does_not_fit_finds_nothing(month: Running, criteria: dict[str, str]) -> None:
    """An empty list is an answer."""
    assert result(month, "filing", **criteria)["rows"] == []


@pytest.mark.requirement("QR-02")
@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, ["JB-1", "JB-2", "JB-4"]),
        ({"IEFlag": "E"}, ["JB-3"]),
        ({"GoodsNature": "1"}, ["JB-1", "JB-2", "JB-3", "JB-4"]),
        ({"ClientSeqNo": "JB-3"}, ["JB-3"]),
        ({"State": "暂存"}, ["JB-4"]),
        ({"State": "已汇总"}, ["JB-1", "JB-2"]),
        ({"DateFrom": "20261020", "DateTo": "20261031"}, ["JB-1", "JB-2", "JB-4"]),
        ({"DateFrom": "20261101"}, []),
        ({"BillNo": "HKG26102001", "SortBy": "-ClientSeqNo"}, ["JB-4", "JB-2", "JB-1"]),
        ({"SeqNo": "R20260000000000001"}, ["JB-1", "JB-2", "JB-3"]),
    ],
)
def test_manifests_are_general_imports_unless_another_kind_is_asked(
    month: Running, criteria: dict[str, str], expected: list[str]
) -> None:
    """As the manual's page; a number names a manifest of whatever kind, that of a run all that it took."""
    assert _clients(result(month, "manifest", **criteria)) == expected


@pytest.mark.requirement("QR-02")
def test_a_long_result_comes_in_pages(month: Running) -> None:
    """Each says how many there are; beyond the last is nothing."""
    pages = [result(month, "manifest", Page=str(n), PageSize="2") for n in (1, 2, 3)]
    assert [_clients(page) for page in pages] == [["JB-1", "JB-2"], ["JB-4"], []]
    assert {(page["total"], page["pages"], page["page_size"]) for page in pages} == {(3, 2, 2)}


@pytest.mark.requirement("QR-03")
@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 1),
        ({"IEFlag": "E"}, 1),
        ({"EnterpriseRole": "1"}, 1),
        ({"EnterpriseRole": "3"}, 1),
        ({"DeclTrnRel": "1"}, 0),
        ({"Cleared": "1"}, 1),
        ({"Cleared": "0"}, 0),
        ({"DateFrom": "20261103", "DateTo": "20261103"}, 1),
        ({"DateTo": "20261102"}, 0),
        ({"SeqNo": "R20260000000000001"}, 2),
    ],
)
def test_declarations_are_found_by_type_role_direction_dates_and_clearance(
    month: Running, criteria: dict[str, str], count: int
) -> None:
    """Without a word: general declarations of imports in which the enterprise is the agent."""
    found = result(month, "declaration", **criteria)
    assert found["total"] == count
    assert all(row["state_zh"] == "结关" for row in found["rows"])


@pytest.mark.requirement("QR-04")
def test_the_merge_relation_leads_both_ways(month: Running) -> None:
    """From a manifest to its declaration, and from the declaration back to its manifests."""
    (row,) = result(month, "merge-relation", SeqNo=month.document("JB-1").number)["rows"]
    assert (row["quantity"], row["total"], row["declaration_state_zh"]) == ("800", "9200", "结关")
    back = result(month, "merge-relation", SeqNo=row["declaration"])
    assert [each["manifest"] for each in back["rows"]] == [month.document(n).number for n in ("JB-1", "JB-2")]
    assert [each["manifest_item"] for each in back["rows"]] == [1, 1]
    assert codes(ask(month, "merge-relation")) == ["query.missing"]


@pytest.mark.requirement("QR-06")
def test_statistics_count_by_group_and_as_a_whole(month: Running) -> None:
    """Number, items, quantity by unit, value by currency and weight, by kind, office, state and month."""
    found = result(month, "statistics")
    told = {(row["kind"]["name"], row["state"]["name"], row["month"]["code"]): row for row in found["rows"]}
    assert set(told) == {
        ("一般贸易进口", "已汇总", "202610"),
        ("一般贸易出口", "已汇总", "202610"),
        ("一般贸易进口", "暂存", "202610"),
    }
    imports = told["一般贸易进口", "已汇总", "202610"]
    assert (imports["manifests"], imports["items"], imports["net_weight"]) == (2, 2, "2000")
    assert imports["quantities"] == [{"unit": {"code": "035", "name": "千克"}, "quantity": "1600"}]
    assert imports["totals"] == [{"currency": {"code": "USD", "name": "美元"}, "total": "18400"}]
    assert (found["whole"]["manifests"], found["whole"]["totals"][0]["total"]) == (4, "36800")
    by_month = result(month, "statistics", GroupBy="month,office", DateFrom="20261001", DateTo="20261031")
    assert [(row["month"]["code"], row["office"]["name"], row["manifests"]) for row in by_month["rows"]] == [
        ("202610", "皇岗海关", 4)
    ]


@pytest.mark.requirement("QR-07", "QR-03")
def test_a_broker_finds_what_it_declares_and_cannot_export_it(tmp_path: Path) -> None:
    """It is agent of another's declaration: it sees and prints that, but the list is for the consignee."""
    installation = Installation(tmp_path, more=TWO)
    installation.add_key(SECOND, NAME, "declarant-2")
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests())
    with installation.open(AGGREGATION) as running:
        body = f"<TradeCode>{ENTERPRISE}</TradeCode><Month>202610</Month><AgentCode>{SECOND}</AgentCode>"
        running.send("agg.xml", message("AggregationRequest", body, "aggregate", "A0-B"))
        running.settle()
        (row,) = result(running, "declaration", "beta")["rows"]
        assert (row["agent"], row["consignee"]) == (SECOND, ENTERPRISE)
        assert result(running, "declaration")["total"] == 0
        assert result(running, "declaration", EnterpriseRole="1")["total"] == 1
        assert result(running, "export", "beta")["total"] == 0
        assert codes(ask(running, "export", "beta", EnterpriseRole="2")) == ["query.not-consignee"]
        assert result(running, "export")["total"] == 1


@pytest.mark.requirement("QR-07")
def test_an_export_is_a_workbook_beside_the_reply(month: Running) -> None:
    """The reply names it; asked again, it gets a name of its own."""
    told = entry(month.send("x.xml", query("export", number="EX/1", IEFlag="E")))
    assert (told["result"]["total"], told["file"]) == (1, "EX_1.declarations.xlsx")
    with ZipFile(received(month.installation, told["file"])) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    for expected in ("收发货人", "深圳示例进出口有限公司", "J53016000001", "<v>1080</v>"):
        assert expected in sheet
    again = entry(month.send("x2.xml", query("export", number="EX/1")))
    assert again["file"] == "EX_1.2.declarations.xlsx"
    assert received(month.installation, again["file"]).exists()


@pytest.mark.requirement("QR-07")
def test_exports_whose_numbers_differ_have_files_that_differ(month: Running) -> None:
    """Also where a file system could not tell the numbers apart; none takes the place of another."""
    numbers = ("N/1", "N_1", "N/1.2", "N_1_2")
    names = [
        entry(month.send("n.xml", query("export", number=number, IEFlag=flag)))["file"]
        for number in numbers
        for flag in "IE"
    ]
    assert len(set(names)) == len(names)
    assert all(received(month.installation, name).exists() for name in names)
    assert month.alerts() == []


@pytest.mark.requirement("QR-02", "EN-05")
@pytest.mark.parametrize(
    ("kind", "criteria", "expected"),
    [
        ("filing", {"BillNo": "B"}, ["query.not-a-criterion"]),
        ("manifest", {"State": "nowhere"}, ["query.unknown-state"]),
        ("manifest", {"SortBy": "Colour"}, ["query.unknown-order"]),
        ("manifest", {"DateFrom": "20261002", "DateTo": "20261001"}, ["query.dates-swapped"]),
        ("statistics", {"Page": "2", "State": "x"}, ["query.not-a-criterion", "query.unknown-state"]),
        ("amendment", {}, ["query.missing"]),
    ],
)
def test_a_wrong_question_is_refused_with_every_fault_and_its_place(
    month: Running, kind: str, criteria: dict[str, str], expected: list[str]
) -> None:
    """Nothing is asked in part: a criterion that is passed over would find too much."""
    told = ask(month, kind, **criteria)
    assert told["outcome"] == "refused"
    assert sorted(codes(told)) == sorted(expected)
    assert all(violation["field"].startswith("Query/") for violation in told["violations"])
    assert "result" not in told
    assert "question" not in told


@pytest.mark.requirement("EN-01", "EN-05")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "schema.missing"),
        ("<QueryKind>manifests</QueryKind>", "schema.not-in-list"),
        ("<QueryKind>manifest</QueryKind><QueryKind>filing</QueryKind>", "map.several-values"),
    ],
)
def test_a_query_of_no_kind_is_refused_with_the_kinds_that_there_are(
    month: Running, body: str, expected: str
) -> None:
    """Told once, at its place, with every other fault; the message is not taken for unreadable."""
    told = entry(month.send("kind.xml", message("Query", f"{body}<PageSize>0</PageSize>", "query", "ASK-K")))
    assert expected in codes(told)
    assert all(violation["place"] for violation in told["violations"])
    assert any(violation["field"] == "Query/PageSize" for violation in told["violations"])


def _several(*bodies: str) -> str:
    """Return one file of several queries."""
    queries = [query("manifest", number=f"ASK-{n}") for n in range(len(bodies))]
    parts = [
        part[part.index("<Message ") :].replace("</Query>", f"{body}</Query>")
        for part, body in zip(queries, bodies, strict=True)
    ]
    return f"<All>{''.join(parts)}</All>"


@pytest.mark.requirement("QR-02")
def test_one_file_gets_so_many_answers_only(month: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reply is made in memory: what goes beyond is refused with what to do, and the outcome says so."""
    reply = month.send("many.xml", _several(*["<PageSize>1</PageSize>"] * 103))
    outcomes = [told["outcome"] for told in reply["messages"]]
    assert (outcomes, reply["outcome"]) == (["accepted"] * 100 + ["refused"] * 3, "partly")
    assert codes(reply["messages"][-1]) == ["query.too-many"]
    monkeypatch.setattr(making, "_MOST_ROWS", 4)
    reply = month.send("long.xml", _several("", "", "", ""))
    assert [len(told.get("result", {"rows": []})["rows"]) for told in reply["messages"]] == [3, 3, 0, 0]


@pytest.mark.requirement("QR-09")
def test_an_answer_waits_for_one_print_at_most(month: Running) -> None:
    """However many prints a partner asks for in one file, the others look in between."""
    several = [message("Manifest", "", "print", "JB-1") for _ in range(4)]
    several.append(query("filing"))
    whole = "".join(each[each.index("<Message ") :] for each in several)
    month.installation.drop("prints.xml", f"<All>{whole}</All>")
    stage = stages(month.gateway)
    assert any(stage["intake"]() for _ in range(100_000))
    assert stage["understand"]() == 1
    assert [stage["make"]() for _ in range(5)] == [2, 1, 1, 1, 0]


@pytest.mark.requirement("ER-04")
def test_a_query_sent_again_is_answered_as_of_now(installation: Installation) -> None:
    """The same bytes find what has come since."""
    with installation.open(FILING) as running:
        assert result(running, "filing")["total"] == 0
        running.send("1.json", erp.qualification())
        assert result(running, "filing")["total"] == 1


@pytest.mark.requirement("QR-05", "AM-08")
def test_amendments_are_asked_by_type(installation: Installation) -> None:
    """The type is mandatory; the answer has state, reason and every changed field."""
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests())
        manifest = running.document(erp.MANIFEST)
        body = (
            f"<ManifestSeqNo>{manifest.number}</ManifestSeqNo><DecModNote>毛重录入错误</DecModNote>"
            "<EntOpName>李敏</EntOpName><EntOpTele>0755-1</EntOpTele>"
            "<Change><FieldCode>GrossWet</FieldCode><NewValue>1090</NewValue></Change>"
        )
        told = entry(running.send("m.xml", message("ManifestModification", body, "save", "AM-1")))
        assert told["outcome"] == "accepted", told
        (row,) = result(running, "amendment", AmendmentType="1")["rows"]
        assert (row["client_number"], row["state_zh"], row["manifest"]) == ("AM-1", "暂存", manifest.number)
        assert row["reason"] == "毛重录入错误"
        (change,) = row["changes"]
        assert (change["field"], change["old"], change["new"]) == ("GrossWet", "1080", "1090")
        assert (change["en"], change["zh"]) == ("Gross weight (kg)", "毛重（千克）")
        assert shown(row["changes"], "en") == "Gross weight (kg) 1080 → 1090"
        assert shown(row["changes"], "zh") == "毛重（千克） 1080 → 1090"
        assert result(running, "amendment", AmendmentType="2")["total"] == 0
        for criteria in ({"SeqNo": manifest.number}, {"State": "saved"}, {"IEFlag": "I"}):
            assert result(running, "amendment", AmendmentType="1", **criteria)["total"] == 1
        printed = entry(running.send("p.xml", message("ManifestModification", "", "print", "AM-1")))
        assert printed["print"] == [f"{row['number']}.pdf"]
