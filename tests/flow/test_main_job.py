"""The main job through real processes: from the ERP's files to a cleared declaration."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.flow import erp
from tests.flow.outside import xmllint_faults, xmlsec1_faults
from tests.services.installation import AGGREGATION, FILING, PATIENCE_SECONDS, ROOT, Installation

EXAMPLES = ROOT / "tests/examples/main-job"
UNTIL_IDLE = ("run", "--until-idle", "--timeout", "90")


@dataclass(frozen=True)
class Job:
    """The installation after the whole job, and what commands printed.

    Attributes:
        at: The installation.
        aggregated: What `aggregate` printed.
        documents: What `documents` printed in the end, by the client's number.
    """

    at: Installation
    aggregated: list[dict[str, Any]]
    documents: dict[str, dict[str, Any]]


def _drop(installation: Installation, *names: str) -> None:
    for name in names:
        installation.drop(name, (EXAMPLES / name).read_bytes())


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The shipped example, played by `gateway run` and `customs-stub run` as processes."""
    installation = Installation(tmp_path_factory.mktemp("main-job"))
    with installation.customs(FILING):
        for names in (("01-qualification.csv", "02-goods.xml"), ("03-manifest.csv", "04-manifest.json")):
            _drop(installation, *names)
            done = installation.gateway(*UNTIL_IDLE)
            assert done.returncode == 0, done.stdout + done.stderr
    asked = installation.gateway("aggregate", "--month", "2026-10", "--json", now=AGGREGATION)
    assert asked.returncode == 0, asked.stderr
    with installation.customs(AGGREGATION):
        done = installation.gateway(*UNTIL_IDLE, now=AGGREGATION)
        assert done.returncode == 0, done.stdout + done.stderr
    told = installation.gateway("documents", "--json", now=AGGREGATION)
    assert told.returncode == 0, told.stderr
    documents = {row["client_number"]: row for row in json.loads(told.stdout)}
    return Job(installation, json.loads(asked.stdout), documents)


@pytest.mark.requirement("QF-08", "GF-08", "MF-12", "DC-01", "AG-04")
def test_every_document_ends_as_it_should(job: Job) -> None:
    """Filings approved, manifests aggregated, the month's run done, its declaration cleared."""
    states = {number: row["state"] for number, row in job.documents.items()}
    assert states == {
        "A2-QF-2026-0001": "approved",
        "GF-2026-0001": "approved",
        "JB-2026-10-0001": "aggregated",
        "JB-2026-10-0002": "aggregated",
        "AGG202610-1": "done",
        "AGG202610-101": "cleared",
    }


@pytest.mark.requirement("GF-07")
def test_the_volume_is_held_until_its_qualification_is_approved(job: Job) -> None:
    """The reply says so, and the log shows which receipt let it go."""
    (answer,) = job.at.notices("02-goods.xml.*.reply.json")
    assert [news["code"] for news in answer["messages"][0]["news"]] == ["news.volume-held"]
    released = [line for line in job.at.log() if "released" in line]
    assert [(line["client_number"], line["code"]) for line in released] == [("A2-QF-2026-0001", "A")]
    assert released[0]["released"] == [job.documents["GF-2026-0001"]["number"]]
    sent = [line["client_number"] for line in job.at.log() if line["type"] == "T"]
    assert sent[:2] == ["A2-QF-2026-0001", "GF-2026-0001"], "customs had the volume after the approval"


@pytest.mark.requirement("ID-01", "ID-04")
def test_every_message_to_customs_verifies_with_xmlsec1_and_validates_with_xmllint(job: Job) -> None:
    """One for each document that goes to customs; the judges share no code with the gateway."""
    sent = job.at.sent()
    assert len(sent) == 5
    faults = {
        file.name: xmlsec1_faults(file, job.at.token.certificate_file) + xmllint_faults(file) for file in sent
    }
    assert set(faults.values()) == {""}, faults


def test_the_judges_refuse_what_was_altered(job: Job, tmp_path: Path) -> None:
    """A judge that accepts everything proves nothing."""
    data = job.at.sent()[0].read_bytes()
    altered = tmp_path / "altered.xml"
    altered.write_bytes(data.replace(b"4403180001", b"4403180002"))
    assert altered.read_bytes() != data
    assert xmlsec1_faults(altered, job.at.token.certificate_file)
    altered.write_bytes(data.replace(b"<CustomMaster>5301</CustomMaster>", b"<CustomMaster/>"))
    assert xmllint_faults(altered)


@pytest.mark.requirement("ER-06", "CU-03")
def test_the_receipt_log_has_one_line_for_each_receipt(job: Job) -> None:
    """As many lines as files that came, each with the file's name, each receipt applied."""
    came = sorted(file.name for file in (job.at.folder / "receipts/customs/.done").iterdir())
    assert sorted(line["name"] for line in job.at.log()) == came
    assert {line["outcome"] for line in job.at.log()} == {"applied"}
    numbers = [line["line"] for line in job.at.log()]
    assert numbers == sorted(set(numbers))


@pytest.mark.requirement("ER-04", "ER-05")
def test_each_file_has_one_reply_and_is_put_away(job: Job) -> None:
    """Nothing is left in the inbox, nothing was deleted, every reply says accepted."""
    names = ["01-qualification.csv", "02-goods.xml", "03-manifest.csv", "04-manifest.json"]
    assert job.at.done() == names
    assert job.at.quarantined() == []
    assert [len(job.at.replies(name)) for name in names] == [1, 1, 1, 1]
    assert {notice["outcome"] for notice in job.at.notices("*.reply.json")} == {"accepted"}
    assert all(
        (job.at.inbox() / ".done" / name).read_bytes() == (EXAMPLES / name).read_bytes() for name in names
    )


@pytest.mark.requirement("ER-06")
def test_the_erp_is_told_every_state_of_its_documents(job: Job) -> None:
    """One notice for each receipt, in both languages, with what customs said."""
    told: dict[str, list[str]] = {}
    for notice in job.at.notices("*.receipt.json"):
        assert notice["state_en"]
        assert notice["state_zh"]
        assert notice["said"]["code"]
        told.setdefault(notice["client_number"], []).append(notice["state"])
    assert told == {
        "A2-QF-2026-0001": ["sent", "approved"],
        "GF-2026-0001": ["sent", "approved"],
        "JB-2026-10-0001": ["sent", "approved", "cleared"],
        "JB-2026-10-0002": ["sent", "approved", "cleared"],
        "AGG202610-101": ["declared", "declared", "reviewed", "cleared"],
    }


@pytest.mark.requirement("DC-02", "AG-08")
def test_the_declaration_leaves_as_a_decmessage(job: Job) -> None:
    """In the public namespace, with the means of transport and bill number of collective declaration."""
    roots = [etree.fromstring(file.read_bytes()) for file in job.at.sent()]
    (root,) = (root for root in roots if etree.QName(root).localname == "DecMessage")
    space = {"d": "http://www.chinaport.gov.cn/dec"}
    assert root.xpath("string(d:DecHead/d:TrafName)", namespaces=space) == "集中申报"
    assert root.xpath("string(d:DecHead/d:BillNo)", namespaces=space) == "2026102020261020"
    assert root.xpath("count(d:DecLists/d:DecList)", namespaces=space) == 2
    assert etree.QName(root[-1]).localname == "Signature"


@pytest.mark.requirement("AG-04", "AG-06", "AG-09")
def test_the_result_of_the_month_names_every_item_once(job: Job) -> None:
    """The request marks two manifests; the second notice brings the declaration and the merge relation."""
    assert [(row["month"], row["manifests"]) for row in job.aggregated] == [("202610", 2)]
    (result,) = job.at.notices("*.result.json")
    assert [declaration["client_number"] for declaration in result["declarations"]] == ["AGG202610-101"]
    numbers = {number: row["number"] for number, row in job.documents.items()}
    items = [(relation["manifest"], relation["item"]) for relation in result["relations"]]
    manifests = (numbers["JB-2026-10-0001"], numbers["JB-2026-10-0002"])
    assert sorted(items) == [(manifest, item) for manifest in manifests for item in (1, 2)]
    told = job.at.gateway("document", "AGG202610-101", "--json", now=AGGREGATION)
    lists = json.loads(told.stdout)["content"]["DecLists"]["DecList"]
    assert [(item["GQty"], item["DeclTotal"]) for item in lists] == [("1800", "20700"), ("600", "3750")]


def test_started_again_it_finds_nothing_to_do(job: Job) -> None:
    """Nothing is sent, told or logged a second time."""
    before = _everything(job.at)
    done = job.at.gateway(*UNTIL_IDLE, now=AGGREGATION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert _everything(job.at) == before


def _everything(at: Installation) -> dict[str, bytes]:
    folders = (at.outbox, at.folder / "receipts")
    return {
        str(file): file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file()
    }


@pytest.mark.requirement("CU-01")
def test_what_is_still_awaited_is_listed_when_the_time_is_over(tmp_path: Path) -> None:
    """A client number that asks customs for silence: exit 1 and the document, in the language asked for."""
    installation = Installation(tmp_path)
    installation.drop("silent.json", erp.qualification("N0-QF-1"))
    with installation.customs():
        done = installation.gateway("--lang", "zh", "run", "--until-idle", "--timeout", "2", "--json")
    assert done.returncode == 1
    (row,) = json.loads(done.stdout)
    assert (row["client_number"], row["state"]) == ("N0-QF-1", "declared")
    assert installation.log() == []
    assert len(installation.sent()) == 1


def test_a_running_gateway_stops_when_told_and_lets_no_second_one_in(tmp_path: Path) -> None:
    """Ready, a word to whoever comes second, then a clean end at SIGTERM."""
    installation = Installation(tmp_path)
    command = installation.command("run")
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process,
        ExitStack() as parts,
    ):
        # Whatever else goes wrong, nobody waits for it for ever.
        parts.callback(process.kill)
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "gateway-ready"
        second = installation.gateway("run")
        assert second.returncode == 1
        assert second.stderr.startswith("store.runs-already: ")
        assert installation.gateway("demo").stderr == second.stderr
        process.send_signal(signal.SIGTERM)
        told = [json.loads(line)["event"] for line in process.stderr]
        assert set(told[:-1]) <= {"audit-sealed"}
        assert told[-1] == "gateway-stopped"
        assert process.wait(PATIENCE_SECONDS) == 0


def test_a_missing_judge_would_be_noticed() -> None:
    """Both programs are there, so that no check above is empty."""
    assert shutil.which("xmlsec1")
    assert shutil.which("xmllint")
