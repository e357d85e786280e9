"""What an ERP sends and no rule reads: the reply says so before anybody believes that it was declared."""

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
