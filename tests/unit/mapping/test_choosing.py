"""Choosing the mapping that fits a file, and saying why none does."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError, Violation
from gateway.formats import read

CSV = """format = "csv"
[match]
columns = ["清单编号", "数量"]
file = ["list-*.csv", "LISTE*"]
[message]
type = "Manifest"
each = "row"
client-number = "清单编号"
"""
XML = """format = "xml"
[match]
paths = ["/LIST/HEAD"]
values = { "/LIST/HEAD/TYPE" = ["A", "B"] }
[message]
type = "Manifest"
client-number = "HEAD/NO"
"""


def refused(workshop, name: str, data: str, *names: str) -> list[Violation]:
    """Choose for a file that must be refused."""
    with pytest.raises(RejectedError) as caught:
        workshop.load().choose(read(name, data.encode()), names or ("*",))
    return list(caught.value.violations)


@pytest.mark.requirement("ER-03")
def test_the_one_mapping_that_fits_is_chosen(workshop):
    """By format, columns, paths, values and the name of the file."""
    workshop.write(CSV, "erp/list")
    workshop.write(XML, "sap/list")
    chosen = workshop.load()
    assert chosen.choose(read("List-1.csv", "清单编号,数量\n1,2\n".encode())).name == "erp/list"
    assert (
        chosen.choose(read("x.xml", b"<LIST><HEAD><TYPE>B</TYPE></HEAD></LIST>"), ["sap/*"]).name
        == "sap/list"
    )
    assert [mapping.name for mapping in chosen] == ["erp/list", "sap/list"]


@pytest.mark.requirement("EN-05")
def test_when_none_fits_the_reasons_of_the_nearest_of_the_format_are_told(workshop):
    """So that the sender sees which one was meant and what was wrong with the file."""
    workshop.write(CSV, "erp/list")
    workshop.write(XML, "sap/list")
    other_format, reason = refused(workshop, "other.json", "{}")[0:2]
    assert (other_format.code, reason.code) == ("mapping.none-fits", "mapping.other-format")
    first, *reasons = refused(workshop, "other.csv", "清单编号,数 量\n1,2\n")
    assert first.code == "mapping.none-fits"
    assert first.values["names"] == "erp/list"
    assert [(reason.code, reason.values["mapping"]) for reason in reasons] == [
        ("mapping.other-file-name", "erp/list"),
        ("mapping.lacks-column", "erp/list"),
    ]
    assert reasons[1].values["near"] == "数 量"
    reasons = refused(workshop, "x.xml", "<LIST><HEAD><TYPE>C</TYPE></HEAD></LIST>", "sap/*")
    assert [reason.code for reason in reasons] == ["mapping.none-fits", "mapping.other-value"]
    assert reasons[1].values["found"] == "C"
    reasons = refused(workshop, "x.xml", "<OTHER/>", "sap/*")
    assert [reason.code for reason in reasons] == [
        "mapping.none-fits",
        "mapping.lacks-path",
        "mapping.other-value",
    ]


@pytest.mark.requirement("EN-05")
def test_when_two_fit_both_are_named_and_neither_is_taken(workshop):
    """Taking the first would be chance."""
    workshop.write(CSV, "erp/list")
    workshop.write(CSV, "erp/other")
    (fault,) = refused(workshop, "list-1.csv", "清单编号,数量\n1,2\n")
    assert fault.code == "mapping.two-fit"
    assert fault.values["names"] == "erp/list, erp/other"


def test_only_the_mappings_of_the_agreement_are_tried(workshop):
    """A partner cannot use another partner's mapping."""
    workshop.write(CSV, "erp/list")
    (fault,) = refused(workshop, "list-1.csv", "清单编号,数量\n1,2\n", "sap/*")
    assert fault.code == "mapping.none-allowed"


@pytest.mark.requirement("EN-05")
def test_the_nearest_mapping_is_the_one_that_reads_most_of_the_file(workshop):
    """Although another one lacks fewer columns; the others are counted only."""
    head = 'format = "csv"\n[match]\ncolumns = [{}]\n[message]\ntype = "Manifest"\neach = "row"\n'
    number = 'client-number = "{}"\n[header]\nNoteS = "备注"\n'
    workshop.write(
        head.format('"清单号", "日期"') + number.format("清单号") + 'ContrNo = "合同号"\n', "erp/far"
    )
    workshop.write(head.format('"编号"') + number.format("编号"), "erp/near")
    for n in range(5):
        workshop.write(head.format(f'"{n}"') + 'client-number = "x"\n', f"erp/{n}")
    first, *reasons = refused(workshop, "a.csv", "清单编号,合同号,备注\n1,2,3\n")
    assert first.values == {"count": 7, "names": "erp/far"}
    assert {reason.values["mapping"] for reason in reasons} == {"erp/far"}


def test_of_values_the_most_alike_is_the_nearest_and_of_many_three_are_told(workshop):
    """A misspelt kind of document; a file that is like none of them is told no long list."""
    text = 'format = "json"\n[match]\nvalues = {{ "$.document" = "{0}" }}\n[message]\ntype = "Manifest"\n'
    for kind in ("volume", "manifest", "query", "withdrawal", "extension"):
        workshop.write(text.format(kind) + 'client-number = "x"\n', f"erp/{kind}")
    assert refused(workshop, "a.json", '{"document": "manifets"}')[0].values["names"] == "erp/manifest"
    first, *reasons = refused(workshop, "a.json", '{"hello": 1}')
    assert first.values["count"] == 5
    assert len(reasons) == 3


def test_a_mapping_can_be_taken_by_its_name(workshop):
    """For trying one out; an unknown name is told with the known ones."""
    workshop.write(CSV, "erp/list")
    assert workshop.load().get("erp/list").messages == ("Manifest",)
    with pytest.raises(RejectedError) as caught:
        workshop.load().get("erp/lst")
    assert caught.value.violations[0].values["near"] == "erp/list"


def test_a_value_to_match_may_have_deeper_elements(workshop):
    """Then it is simply another value; choosing never fails on a file's shape."""
    workshop.write(XML, "sap/list")
    reasons = refused(workshop, "x.xml", "<LIST><HEAD><TYPE><X>1</X></TYPE></HEAD></LIST>")
    assert [reason.code for reason in reasons] == ["mapping.none-fits", "mapping.other-value"]
