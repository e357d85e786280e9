"""Partners and their mappings: a new format is data, each partner sees its own, encodings are told apart."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.flow import erp
from tests.services.installation import ROOT, Installation

CSV = ROOT / "tests/examples/main-job/01-qualification.csv"
BETA = """
[[enterprise]]
code = "4403180002"
name = "深圳第二进出口有限公司"
social_credit_code = "91440300MA5EX0002B"
guarantee_mode = "1"
key_label = "declarant-2"

[[partner]]
name = "beta"
enterprises = ["4403180002"]
inbox = "inbox/beta"
receipts = "receipts/beta"
mappings = ["beta-txt/*", "acme-json/*"]
"""
# A format that nobody has thought of: bars between columns, its own words, an operation for everything.
BETA_MAPPING = """
format = "csv"

[match]
columns = ["BELEG", "BEFEHL", "ZOLLAMT"]

[message]
type = "QualificationFiling"
each = "row"
client-number = "BELEG"
operation = { from = "BEFEHL", values = "befehl" }

[header]
CustomMaster = { from = "ZOLLAMT", table = "customs_district" }
GoodsNature = { value = "1" }
IEBatches = "ANZAHL"
GuaranteeAmount = { from = "BETRAG", do = [{ decimal = 4, point = ",", thousands = "." }] }
GuaranteeValidDate = { from = "BIS", do = [{ date = "dd.MM.yyyy" }] }
ContactName = "NAME"
ContactTel = "TELEFON"

[values.befehl]
MERKEN = "save"
MELDEN = "save-declare"
"""
BETA_FILE = """BELEG|BEFEHL|ZOLLAMT|ANZAHL|BETRAG|BIS|NAME|TELEFON
B-1|MELDEN|蛇口海关|12|1.050,5000|31.12.2027|张三|0755-1
B-2|MERKEN|5301|12|50|31.12.2027|张三|0755-1
"""


def _mappings(folder: Path) -> Path:
    """Copy the shipped mappings to where a test may add to them."""
    target = folder / "own-mappings"
    shutil.copytree(ROOT / "mappings", target)
    return target


def _codes(reply: dict[str, Any], kind: str = "violations") -> list[str]:
    found = list(reply.get(kind, ()))
    for message in reply.get("messages", ()):
        found += message.get(kind, ())
    return [fault["code"] for fault in found]


@pytest.mark.requirement("ER-03", "ER-01", "QR-08")
def test_a_new_format_of_a_new_partner_needs_a_mapping_and_nothing_else(tmp_path: Path) -> None:
    """Two of its messages are understood; replies and receipts come into its own folder only."""
    mappings = _mappings(tmp_path)
    (mappings / "beta-txt").mkdir()
    (mappings / "beta-txt/qualification.toml").write_text(BETA_MAPPING, "utf-8")
    installation = Installation(tmp_path, {'mappings = "mappings"': 'mappings = "own-mappings"'}, BETA)
    installation.inbox("beta").mkdir(parents=True)
    with installation.open() as running:
        reply = running.send("beleg.txt", BETA_FILE, "beta")
        assert _codes(reply) == []
        assert [message["state"] for message in reply["messages"]] == ["declared", "saved"]
        first = running.document("B-1")
        assert (first.office, first.enterprise, first.partner) == ("5304", "4403180002", "beta")
        assert first.content["GuaranteeAmount"] == "1050.5"
        assert first.content["GuaranteeValidDate"] == "20271231"
        assert installation.notices(partner="acme") == []
        refused = running.send("beleg.txt", BETA_FILE)
        assert _codes(refused)[0] == "mapping.none-fits", "the mapping is not in acme's agreement"


@pytest.mark.requirement("QR-08")
def test_a_partner_neither_speaks_for_others_nor_sees_their_documents(tmp_path: Path) -> None:
    """The documents of another enterprise are as unknown as none."""
    installation = Installation(tmp_path, more=BETA.replace('"beta-txt/*", ', ""))
    installation.inbox("beta").mkdir(parents=True)
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        foreign = running.send("q.json", erp.qualification("B-1"), "beta")
        assert "rule.not-your-enterprise" in _codes(foreign)
        volume = running.send("v.json", erp.volume("B-2"), "beta")
        assert _codes(volume) == ["rule.unknown-qualification"]
        edit = '{"document": "qualification", "number": "QF-1", "action": "delete"}'
        assert _codes(running.send("e.json", edit, "beta")) == ["rule.unknown-document"]
        assert [row.client_number for row in running.documents()] == [erp.QUALIFICATION]
        notices = installation.folder / "receipts/beta"
        assert [file.name for file in notices.iterdir() if not file.name.endswith(".reply.json")] == []


@pytest.mark.requirement("ER-03")
def test_a_file_that_fits_two_mappings_is_not_guessed_at(tmp_path: Path) -> None:
    """Both are named, and what to do about it."""
    mappings = _mappings(tmp_path)
    shutil.copy(mappings / "acme-json/manifest.toml", mappings / "acme-json/manifest-too.toml")
    installation = Installation(tmp_path, {'mappings = "mappings"': 'mappings = "own-mappings"'})
    with installation.open() as running:
        reply = running.send("m.json", erp.manifests())
        assert reply["outcome"] == "quarantined"
        (fault,) = reply["violations"]
        assert fault["code"] == "mapping.two-fit"
        assert {"acme-json/manifest,", "acme-json/manifest."} & set(fault["text_en"].split())
        assert "acme-json/manifest-too" in fault["text_en"]
        assert "[match]" in fault["text_zh"]


def _agreed(encoding: str) -> dict[str, str]:
    return {'# encoding = "gb18030" ': f'encoding = "{encoding}" '}


@pytest.mark.parametrize(
    ("agreed", "data", "outcome", "told"),
    [
        ("gb18030", CSV.read_bytes(), "accepted", []),
        ("utf-8", CSV.read_bytes(), "quarantined", ["format.wrong-encoding"]),
        ("utf-8", CSV.read_bytes().decode("gb18030").encode("utf-8-sig"), "accepted", []),
        (
            "gb18030",
            CSV.read_bytes().decode("gb18030").encode("utf-8-sig"),
            "accepted",
            ["format.encoding-disagrees"],
        ),
    ],
)
@pytest.mark.requirement("ER-02")
def test_what_the_agreement_says_of_the_encoding_and_what_the_file_shows(
    tmp_path: Path, agreed: str, data: bytes, outcome: str, told: list[str]
) -> None:
    """The file's own mark wins and is told; bytes that the agreed encoding cannot have are refused."""
    installation = Installation(tmp_path, _agreed(agreed))
    with installation.open() as running:
        reply = running.send("q.csv", data)
        assert reply["outcome"] == outcome
        assert _codes(reply) + _codes(reply, "warnings") == told
