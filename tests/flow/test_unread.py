"""What an ERP sends and nothing takes up: the reply says so before anybody believes that it was declared."""

from __future__ import annotations

import pytest

from tests.flow import erp
from tests.services.installation import ROOT, Running

TEMPLATE = (ROOT / "mappings/template/examples/manifest-withdrawal.csv").read_text("utf-16")


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_value_that_no_rule_reads_is_told_in_the_reply_or_refuses_the_document(running: Running):
    """By an ERP's own mapping a warning, by a template a fault; the place and the name that was meant."""
    running.send("qualification.json", erp.qualification())
    running.send("volume.json", erp.volume())
    renamed = erp.manifests(erp.manifest()).replace('"contract"', '"contrakt"')
    (entry,) = running.send("renamed.json", renamed)["messages"]
    (warning,) = entry["warnings"]
    assert entry["outcome"] == "accepted"
    assert (warning["code"], warning["place"]["path"]) == ("map.unread", "$.manifests[0].contrakt")
    assert "missing there: contract" in warning["text_en"]

    header, *rows = TEMPLATE.splitlines()
    mark = next(each for each in "\t;," if each in header)
    more = "\n".join([f"{header}{mark}备注", *(f"{row}{mark}急" for row in rows)])
    reply = running.send("more.csv", more.encode())
    assert reply["outcome"] == "refused"
    for entry in reply["messages"]:
        assert "map.unread" in [each["code"] for each in entry["violations"]]
        assert {"file": "more.csv", "column": "备注"}.items() <= entry["violations"][0]["place"].items()


@pytest.mark.requirement("ER-03", "EN-05")
@pytest.mark.parametrize(
    ("name", "right", "wrong", "told"),
    [
        (
            "acme-csv/examples/goods-filing-change.csv",
            "停用",
            "停用了",
            ("map.record-left-out", 3, "变更方式", "新增, 停用"),
        ),
        (
            "edifact/examples/goods-filing-change.edi",
            "1:DIS",
            "1:DIX",
            ("map.record-incomplete", 15, "", "CST"),
        ),
    ],
)
def test_a_line_that_no_group_takes_refuses_the_document_before_it_is_declared(
    running: Running, name: str, right: str, wrong: str, told: tuple[str, int, str, str]
):
    """An item to be disabled would else stay in force, and the ERP would believe that customs was asked."""
    file = ROOT / "mappings" / name
    code, row, column, meant = told
    (entry,) = running.send(file.name, file.read_text("utf-8").replace(right, wrong))["messages"]
    assert entry["outcome"] == "refused"
    fault = next(each for each in entry["violations"] if each["code"] == code)
    assert (fault["place"]["row"], fault["place"].get("column", "")) == (row, column)
    assert meant in fault["text_en"]
    assert meant in fault["text_zh"]
