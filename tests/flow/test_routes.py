"""Several ways to customs: which message takes which, in what form, and which answers count."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from customs_stub.config import load
from customs_stub.keys import Identity, load_identity, make_identity
from gateway.building import make_world
from gateway.checking import check_installation
from gateway.clock import Clock
from gateway.errors import RejectedError
from gateway.stages import stages
from gateway.steps.aggregating import aggregate_month
from gateway.steps.references import REFERENCES
from gateway.steps.submitting import begin_attempts
from gateway.store import ReceiptState, SubmissionState
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.flow.references import account_book, cargo, licence, tell
from tests.flow.test_enterprises import BOTH, COMPANY, GUARANTEE, NAME, SECOND, _profile
from tests.services.installation import AGGREGATION, ENTERPRISE, FILING, ROOT, Installation, Running

FIRST_LINE = 'name = "customs"                           # the same\n'
DXP = {"dxp": "http://www.chinaport.gov.cn/dxp"}
OURS, THEIRS = "DXPENT0000000001", "DXPEDC0000000000"
MANIFESTS = ["Manifest", "ManifestModification", "ManifestWithdrawal"]


def client_route(**lists: list[str]) -> dict[str, str]:
    """Return the change of gateway.toml that puts a route by client and platform before the other."""
    chosen = "".join(f"{key} = {json.dumps(words)}\n" for key, words in lists.items())
    route = (
        'name = "client"\nreceiver = "CUSTOMS5304"\n'
        'outbox = { import_client = "client/JB" }\n'
        'receipts = { import_client = "client/JB", still_seconds = 0 }\n'
        'trusted_certificates = ["var/customs/customs.pem"]\n'
        f'dxp = {{ sender_id = "{OURS}", receiver_ids = ["{THEIRS}"] }}\n{chosen}'
    )
    return {FIRST_LINE: f"{route}\n[[route]]\n{FIRST_LINE}"}


def door(*users: str) -> str:
    """Return the lines of customs_stub.toml by which customs plays client and platform."""
    return (
        f'\n[[door]]\nname = "client"\nimport_client = "client/JB"\ndxp = "{THEIRS}"\n'
        f"dxp_users = {json.dumps(list(users or (OURS,)))}\n"
    )


def by_client(installation: Installation) -> dict[str, bytes]:
    """Return what the client has sent: the signed message by its name, out of its envelope."""
    found = {}
    for file in sorted((installation.folder / "client/JB/SentBox").iterdir()):
        root = etree.fromstring(file.read_bytes())
        assert root.findtext("dxp:TransInfo/dxp:CopMsgId", namespaces=DXP) == file.stem
        found[file.stem] = base64.b64decode(root.findtext("dxp:Data", namespaces=DXP) or "")
    return found


def ways(running: Running) -> dict[str, str]:
    """Return the route of each document's newest message, by the client's number."""
    with running.gateway.store.read() as unit:
        latest = [unit.submissions.latest_of_number(row.number) for row in running.documents()]
    return {row.client_number: row.route for row in latest if row is not None}


@pytest.mark.requirement("CU-06", "CU-05")
def test_manifests_go_by_client_and_platform_and_filings_by_folder(tmp_path: Path) -> None:
    """From filing to cleared declaration, each message bare or enclosed as its route has it."""
    route = client_route(documents=[*MANIFESTS, "DecMessage"])
    installation = Installation(tmp_path, route, customs=door())
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        running.send("volume.json", erp.volume())
        running.send("manifest.json", erp.manifests())
        assert running.document(erp.MANIFEST).state == "cleared"
        expected = {erp.QUALIFICATION: "customs", erp.VOLUME: "customs", erp.MANIFEST: "client"}
        assert ways(running) == expected
        (sent,) = running.submissions(erp.MANIFEST)
        with running.gateway.store.read() as unit:
            signed = unit.raw.get(sent.signed_digest)
    assert by_client(installation) == {sent.id: signed}
    assert b"CUSTOMS5304" in signed
    assert len(installation.sent()) == 2
    assert all(b"CUSTOMS5301" in file.read_bytes() for file in installation.sent())
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", "AGG-1")
        running.settle()
        (declaration,) = running.documents(kind="declaration")
        assert declaration.state == "cleared"
        assert ways(running)[declaration.client_number] == "client"
        assert running.alerts() == []
        noted = [row for row in running.receipts() if row.state == ReceiptState.NOTED]
    assert {(row.receipt_type, row.code) for row in noted} == {("DxpRep", "0"), ("Successed", "0")}
    assert {row.message_id for row in noted} == set(by_client(installation))
    boxes = installation.folder / "client/JB"
    assert [file for file in (boxes / "InBox").iterdir() if file.is_file()] == []
    assert list((boxes / "OutBox").iterdir()) == list((boxes / "FailBox").iterdir()) == []
    assert any(file.name.startswith("Receipt_") for file in (boxes / "InBox/.done").iterdir())


@pytest.mark.requirement("CU-06")
def test_what_leaves_by_the_platform_is_valid_by_the_public_structure(tmp_path: Path) -> None:
    """By a validator that is not ours, and in it the signed bytes as they are kept."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]), customs=door())
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
    files = sorted(installation.folder.glob("client/JB/*Box/*.xml"))
    inbox = sorted(installation.folder.glob("client/JB/InBox/.done/DxpRep_*.xml"))
    receipts = sorted(installation.folder.glob("client/JB/InBox/.done/Receipt_*.xml"))
    assert files
    schema = ROOT / "schemas/xsd/dxp/1.0/dxp.xsd"
    command = ["xmllint", "--nonet", "--noout", "--schema", str(schema)]
    told = [*files, *(each for each in (*inbox, *receipts))]
    done = subprocess.run([*command, *map(str, told)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kinds = {etree.QName(etree.fromstring(file.read_bytes())).localname for file in told}
    assert kinds == {"DxpMsg", "DxpRep"}


@pytest.mark.requirement("CU-06", "QF-01")
def test_an_office_or_a_nature_of_goods_chooses_the_way(tmp_path: Path) -> None:
    """5304 by the client, bonded goods too, all else by folder; each comes back approved."""
    bonded = (
        client_route(goods_natures=["2"])[FIRST_LINE]
        .replace("client", "client2", 1)
        .replace("client/JB", "client/BONDED")
    )
    route = {FIRST_LINE: client_route(offices=["5304"])[FIRST_LINE].replace(FIRST_LINE, bonded)}
    second = door().replace('"client"', '"client2"').replace("client/JB", "client/BONDED")
    installation = Installation(tmp_path, route, customs=door() + second)
    with installation.open() as running:
        running.send("1.json", erp.qualification("QF-1"))
        running.send("2.json", erp.qualification("QF-2", customs={"office": "5304"}))
        running.send("3.json", erp.qualification("QF-3", nature="bonded", guarantee={}))
        assert {each.state for each in running.documents()} == {"approved"}
        assert ways(running) == {"QF-1": "customs", "QF-2": "client", "QF-3": "client2"}


@pytest.mark.requirement("CU-06")
def test_an_enterprise_chooses_the_way(tmp_path: Path) -> None:
    """The second one's messages go by the client, the first one's by folder."""
    route = client_route(enterprises=[SECOND])
    installation = Installation(tmp_path, {**BOTH, **route}, _profile(), customs=door())
    installation.add_key(SECOND, NAME, "declarant-2")
    with installation.open() as running:
        running.send("1.json", erp.qualification("QF-1"))
        running.send("2.json", erp.qualification("QF-2", company=COMPANY, guarantee=GUARANTEE))
        assert {each.state for each in running.documents()} == {"approved"}
        assert ways(running) == {"QF-1": "customs", "QF-2": "client"}


@pytest.mark.requirement("CU-06", "EN-05")
def test_what_no_route_takes_is_refused_to_the_erp(tmp_path: Path) -> None:
    """Nothing is kept of it; `gateway check` has warned before."""
    installation = Installation(tmp_path, {FIRST_LINE: f'{FIRST_LINE}offices = ["5301"]\n'})
    parts = check_installation(installation.settings, Clock(FILING))
    warned = [fault for part in parts for fault in part.violations if fault.code == "routing.office-open"]
    assert [fault.warning for fault in warned] == [True]
    with installation.open() as running:
        answer = running.send("2.json", erp.qualification("QF-2", customs={"office": "5304"}))
        (entry,) = answer["messages"]
        assert [fault["code"] for fault in entry["violations"]] == ["routing.no-route"]
        assert running.documents() == []
        saved = erp.qualification("QF-2", customs={"office": "5304"}, action="save")
        assert running.send("3.json", saved)["outcome"] == "accepted"


@pytest.mark.requirement("CU-06")
def test_lists_that_leave_a_gap_keep_the_gateway_from_starting(tmp_path: Path) -> None:
    """Every fault at once, in `check` as at the start."""
    lists = 'documents = ["Manifest", "Unknown"]\nenterprises = ["9999999999"]\n'
    installation = Installation(tmp_path, {FIRST_LINE: FIRST_LINE + lists})
    with pytest.raises(RejectedError) as refused, installation.open():
        pytest.fail("it must not start")
    codes = [fault.code for fault in refused.value.violations]
    assert codes[:2] == ["routing.unknown-word", "routing.unknown-word"]
    assert set(codes[2:]) == {"routing.gap"}
    with pytest.raises(RejectedError):
        make_world(installation.settings, Clock(FILING))


@pytest.mark.requirement("CU-06", "CU-05")
def test_a_route_that_messages_wait_for_cannot_be_taken_away(tmp_path: Path) -> None:
    """They would wait for ever, unseen."""
    installation = Installation(tmp_path, client_route(documents=["QualificationFiling"]))
    with installation.open(customs=False) as running:
        installation.drop("1.json", erp.qualification())
        intake, understand = (stages(running.gateway)[name] for name in ("intake", "understand"))
        while not running.documents():
            intake()
            understand()
    installation.write_config({FIRST_LINE: FIRST_LINE})
    with pytest.raises(RejectedError, match=r"routing\.in-use"), installation.open():
        pytest.fail("it must not start")


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Running]:
    """A platform that does not know us has refused our first message."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]), customs=door("DXPENT9999999999"))
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        yield running


@pytest.mark.requirement("CU-06", "CU-02")
def test_a_refusal_of_the_platform_is_told_and_moves_nothing(refusing: Running) -> None:
    """It is unsigned: logged with its text, shown at the document and as one alert, believed by nobody."""
    (submission,) = refusing.submissions(erp.QUALIFICATION)
    assert refusing.document(erp.QUALIFICATION).state == "declared"
    assert submission.state == SubmissionState.SENT
    assert (submission.technical_at, submission.business_at) == (None, None)
    (alert,) = refusing.alerts()
    assert (alert.code, alert.subject) == ("transport.refused", submission.id)
    line = next(each for each in refusing.installation.log() if each.get("type") == "DxpRep")
    assert (line["outcome"], line["code"], line["number"]) == ("noted", "-1201003", submission.number)
    assert line["meaning_en"] == "the user's registration has changed, send again"
    assert line["meaning_zh"] == "用户注册信息已变更，请重新发送"
    with refusing.gateway.store.read() as unit:
        shown = unit.receipts.newest(limit=10, number=submission.number)
    assert ("DxpRep", "-1201003") in [(row.receipt_type, row.code) for row in shown]


@pytest.mark.requirement("CU-06", "CU-05")
def test_an_operator_sends_the_same_file_again_once_the_cause_is_mended(refusing: Running) -> None:
    """Moved back to OutBox, it is the same message; customs' answer closes the alert."""
    installation = refusing.installation
    config = installation.customs_config
    config.write_text(config.read_text("utf-8").replace("DXPENT9999999999", OURS), "utf-8")
    refusing.office.close()
    refusing.office = type(refusing.office)(load(config), refusing.office._clock)
    boxes = installation.folder / "client/JB"
    (file,) = (boxes / "SentBox").iterdir()
    file.rename(boxes / "OutBox" / file.name)
    refusing.office.take()
    refusing.settle()
    assert refusing.document(erp.QUALIFICATION).state == "approved"
    assert refusing.alerts() == []
    assert len(refusing.submissions(erp.QUALIFICATION)) == 1


@pytest.mark.requirement("CU-06")
def test_a_file_that_the_client_cannot_send_is_told_until_it_is_sent(tmp_path: Path) -> None:
    """Its `Failed_` opens the alert, `gateway check` names what lies in FailBox, `Successed_` closes it."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]))
    boxes = installation.folder / "client/JB"
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (file,) = (boxes / "OutBox").iterdir()
        file.rename(boxes / "FailBox" / file.name)
        answer = '<R><ResponseCode>-9</ResponseCode><ErrorMessage>"网络不通"</ErrorMessage></R>'
        (boxes / f"InBox/Failed_{file.stem}_20261020090000000.xml").write_text(answer, "utf-8")
        running.settle()
        (alert,) = running.alerts()
        assert (alert.code, alert.subject, alert.values["code"]) == ("transport.refused", file.stem, "-9")
        assert running.document(erp.QUALIFICATION).state == "declared"
        (boxes / f"InBox/Successed_{file.stem}_20261020090100000.xml").write_bytes(b"no xml at all")
        running.settle()
        assert running.alerts() == []
    parts = check_installation(installation.settings, Clock(FILING))
    named = [fault for part in parts for fault in part.violations if fault.code == "channels.client-failed"]
    assert [(fault.warning, fault.values["names"]) for fault in named] == [(True, file.name)]


@pytest.mark.requirement("CU-05", "CU-06")
@pytest.mark.parametrize("box", ["OutBox", "SentBox"])
def test_a_resend_is_the_same_envelope_to_the_byte(tmp_path: Path, box: str) -> None:
    """Whenever it is made again, and wherever the client has it: one file, of the time of its making."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]))
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = (installation.folder / "client/JB/OutBox").iterdir()
        first = sent.read_bytes()
        (submission,) = running.submissions(erp.QUALIFICATION)
    sent = sent.rename(installation.folder / "client/JB" / box / sent.name)
    with installation.open(FILING + timedelta(days=9), customs=False) as running:
        gateway = running.gateway
        with gateway.store.begin() as unit:
            unit._connection.library.exec_driver_sql("UPDATE submissions SET state = 'in_doubt'")
        with gateway.store.begin() as unit:
            (attempt,) = begin_attempts(gateway.world, unit, gateway.member, "client", 10)
        assert attempt.file == (sent.name, first)
        running.settle()
        boxes = installation.folder.glob("client/JB/*Box/*.xml")
        assert [(file, file.read_bytes()) for file in boxes] == [(sent, first)]
        assert [row.id for row in running.submissions(erp.QUALIFICATION)] == [submission.id]


def _second_customs(folder: Path, more: str = "") -> tuple[dict[str, str], Identity]:
    """Return a route to another customs with a certificate of its own, before the usual one, and its key."""
    key, certificate = folder / "other.key", folder / "other.pem"
    make_identity(key, certificate)
    route = (
        'name = "other"\nreceiver = "CUSTOMS5101"\noutbox = "outbox/other"\nreceipts = "receipts/other"\n'
        f'trusted_certificates = ["{certificate}"{more}]\noffices = ["51"]\n'
    )
    return {FIRST_LINE: f"{route}\n[[route]]\n{FIRST_LINE}"}, load_identity(key, certificate)


def _deliver_over_other(running: Running, said: Said, identity: Identity | None) -> Mapping[str, object]:
    deliver(running.installation, "r.xml", said, identity)
    folder = running.installation.folder
    (folder / "receipts/customs/r.xml").rename(folder / "receipts/other/r.xml")
    running.settle()
    return running.installation.log()[-1]


@pytest.mark.requirement("CU-02", "CU-06")
def test_another_customs_can_never_answer_a_message_that_did_not_go_to_it(tmp_path: Path) -> None:
    """Well signed for its own route and naming the right ids, it moves nothing and is told."""
    route, other = _second_customs(tmp_path)
    installation = Installation(tmp_path / "site", route)
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = running.submissions(erp.QUALIFICATION)
        for said in (
            Said("A", message_type=sent.message_type, answers=sent.id),
            Said("A", message_type=sent.message_type, number=sent.number),
            Said("0", technical=True, message_type=sent.message_type, client_number=sent.client_number),
        ):
            line = _deliver_over_other(running, said, other)
            assert [fault["code"] for fault in line["violations"]] == ["receipt.other-route"]
        assert running.document(erp.QUALIFICATION).state == "declared"
        (sent,) = running.submissions(erp.QUALIFICATION)
        assert (sent.technical_at, sent.business_at) == (None, None)
        assert {alert.code for alert in running.alerts()} == {"receipt.not-applied"}


@pytest.mark.requirement("CU-02", "CU-06")
def test_our_customs_over_a_route_that_does_not_trust_it_is_not_believed(tmp_path: Path) -> None:
    """What comes over a route bears one of its certificates, whatever else is pinned elsewhere."""
    route, _ = _second_customs(tmp_path)
    installation = Installation(tmp_path / "site", route)
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = running.submissions(erp.QUALIFICATION)
        said = Said("A", message_type=sent.message_type, answers=sent.id)
        line = _deliver_over_other(running, said, None)
        assert [fault["code"] for fault in line["violations"]] == ["signature.untrusted-certificate"]
        assert running.document(erp.QUALIFICATION).state == "declared"


@pytest.mark.requirement("CU-06")
def test_one_customs_may_answer_over_any_route_that_trusts_it(tmp_path: Path) -> None:
    """A client may bring all answers into one box: the signature says whose they are."""
    route, _ = _second_customs(tmp_path, f', "{tmp_path}/site/var/customs/customs.pem"')
    installation = Installation(tmp_path / "site", route)
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = running.submissions(erp.QUALIFICATION)
        said = Said("A", message_type=sent.message_type, answers=sent.id)
        assert _deliver_over_other(running, said, None)["outcome"] == "applied"
        assert running.document(erp.QUALIFICATION).state == "approved"


@pytest.mark.requirement("CU-02", "CU-06")
def test_nothing_unsigned_about_an_envelope_counts(tmp_path: Path) -> None:
    """A bare receipt over an enclosed route counts, an envelope with a forged one does not."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]))
    inbox = installation.folder / "client/JB/InBox"
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = running.submissions(erp.QUALIFICATION)
        said = Said("A", message_type=sent.message_type, answers=sent.id)
        deliver(installation, "r.xml", said)
        receipt = (installation.folder / "receipts/customs/r.xml").read_bytes()
        (installation.folder / "receipts/customs/r.xml").unlink()
        forged = base64.b64encode(receipt.replace(b">A<", b">R<")).decode()
        envelope = f'<DxpMsg xmlns="{DXP["dxp"]}"><TransInfo/><Data>{forged}</Data></DxpMsg>'
        (inbox / "Receipt_1.xml").write_text(envelope)
        running.settle()
        assert running.installation.log()[-1]["outcome"] == "refused"
        assert running.document(erp.QUALIFICATION).state == "declared"
        (inbox / "Receipt_2.xml").write_bytes(receipt)
        running.settle()
        assert running.document(erp.QUALIFICATION).state == "approved"


def _two_offices(folder: Path) -> tuple[dict[str, str], Identity]:
    """Return a change by which the usual customs speaks for 5301 only, and another for 51, on one route."""
    key, certificate = folder / "north.key", folder / "north.pem"
    make_identity(key, certificate)
    limits = f'{{ file = "var/customs/customs.pem", offices = ["5301"] }}, {{ file = "{certificate}", '
    change = {'["var/customs/customs.pem"]': f'[{limits}offices = ["51"] }}]'}
    return change, load_identity(key, certificate)


def _refused(running: Running) -> str:
    line = running.installation.log()[-1]
    return f"{line['outcome']} {line['violations'][0]['code']}"


@pytest.mark.requirement("CU-02", "GF-09")
def test_an_office_speaks_for_itself_though_others_share_its_route(tmp_path: Path) -> None:
    """Its well signed receipts and reference data about others' offices move and change nothing."""
    change, north = _two_offices(tmp_path)
    installation = Installation(tmp_path / "site", change)
    parts = check_installation(installation.settings, Clock(FILING))
    (warned,) = (f for part in parts for f in part.violations if f.code == "config.office-unheard")
    assert (warned.warning, warned.values["offices"]) == (True, "*")
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        (sent,) = running.submissions(erp.QUALIFICATION)
        kind = sent.message_type
        for said, identity in (
            (Said("A", message_type=kind, answers=sent.id), north),
            (Said("A", message_type=kind, number=sent.number, office="5101"), north),
            (Said("A", message_type=kind, answers=sent.id, office="5101"), None),
        ):
            deliver(installation, "r.xml", said, identity)
            running.settle()
            assert _refused(running) == "refused receipt.other-office"
        assert running.document(erp.QUALIFICATION).state == "declared"
        for told, body in (
            ("AccountBook", account_book()),
            ("CargoManifest", cargo()),
            ("Licence", licence()),
        ):
            tell(installation, "ref.xml", told, body, north)
            running.settle()
            assert _refused(running) == "refused receipt.other-office"
        with running.gateway.store.read() as unit:
            assert all(unit.references.listing(kind=each, limit=9) == [] for each in REFERENCES)
        tell(installation, "book.xml", "AccountBook", account_book())
        deliver(installation, "yes.xml", Said("A", message_type=kind, answers=sent.id))
        running.settle()
        assert {line["outcome"] for line in installation.log()[-2:]} == {"applied"}
        assert running.document(erp.QUALIFICATION).state == "approved"
