"""The office's doors: what comes in at one is answered through it, dressed as its transport does."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from customs_stub.config import Config, ConfigError, load
from customs_stub.platform import DXP
from tests.unit.customs_stub import messages
from tests.unit.customs_stub.messages import qualification
from tests.unit.customs_stub.trial import QUALIFICATION, ROOT, Trial, read_receipt

SCHEMA = ROOT / "schemas/xsd/dxp/1.0/dxp.xsd"
CLIENT = '\n[[door]]\nname = "client"\nimport_client = "client"\n'
ENCLOSED = '\n[[door]]\nname = "dxp"\noutbox = "dxp-out"\nanswers = "dxp-in"\ndxp = "DXPEDC0000000000"\n'


def _with(trial: Trial, *lines: str) -> Trial:
    trial.config.write_text(trial.config.read_text("utf-8") + "".join(lines), "utf-8")
    return trial


def _filing(trial: Trial, message_id: str = "QF-1") -> bytes:
    root = messages.message(QUALIFICATION, qualification(), "A0-1", message_id)
    return messages.sign(root, trial.signer)


def _put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def _envelope(data: bytes, sender: str = "DXPENT0000000001", receiver: str = "DXPEDC0000000000") -> bytes:
    return (
        f'<d:DxpMsg ver="1.0" xmlns:d="{DXP}"><d:TransInfo><d:CopMsgId>QF-1</d:CopMsgId>'
        f"<d:SenderId>{sender}</d:SenderId><d:ReceiverIds><d:ReceiverId>{receiver}</d:ReceiverId>"
        "</d:ReceiverIds><d:CreatTime>2026-10-20T01:00:00Z</d:CreatTime><d:MsgType>X</d:MsgType>"
        f"</d:TransInfo><d:Data>{base64.b64encode(data).decode()}</d:Data></d:DxpMsg>"
    ).encode()


def _responses(folder: Path) -> list[str]:
    roots = [etree.fromstring(file.read_bytes()) for file in sorted(folder.glob("DxpRep_*.xml"))]
    return [root.findtext(f".//{{{DXP}}}ResponseCode") or "" for root in roots]


def test_what_comes_in_at_a_door_is_answered_through_it(trial: Trial) -> None:
    """The main door's folders stay empty; the office's records are the same at all doors."""
    _with(trial, '\n[[door]]\nname = "b"\noutbox = "b-out"\nanswers = "b-in"\n')
    _put(trial.folder / "b-out", "QF-1.xml", _filing(trial))
    trial.work()
    assert _names(trial.answers) == []
    assert len(_names(trial.folder / "b-in")) == 2
    _put(trial.outbox, "QF-2.xml", _filing(trial))
    trial.work()
    assert _names(trial.answers) == [], "it is the same message, answered once"


def test_the_import_client_moves_names_and_tells(trial: Trial) -> None:
    """From OutBox to SentBox, with its own word and the receipts in InBox; only .xml is taken."""
    _with(trial, CLIENT)
    boxes = trial.folder / "client"
    _put(boxes / "OutBox", "QF-1.xml", _filing(trial))
    _put(boxes / "OutBox", "QF-2.xml.Temp", b"half")
    trial.work()
    assert _names(boxes / "OutBox") == ["QF-2.xml.Temp"]
    assert _names(boxes / "SentBox") == ["QF-1.xml"]
    names = _names(boxes / "InBox")
    assert [name.partition("_")[0] for name in names] == ["Receipt", "Receipt", "Successed"]
    assert names[-1].startswith("Successed_QF-1_20261020")
    told = [read_receipt(boxes / "InBox" / name).told for name in names[:2]]
    assert sorted(told) == ["B A", "T 0"]


def test_the_import_client_fails_what_is_no_xml(trial: Trial) -> None:
    """It lies in FailBox, and no office has seen it."""
    _with(trial, CLIENT)
    boxes = trial.folder / "client"
    _put(boxes / "OutBox", "X.xml", b"no xml")
    trial.work()
    assert _names(boxes / "FailBox") == ["X.xml"]
    assert [name.partition("_")[0] for name in _names(boxes / "InBox")] == ["Failed"]


def test_a_message_in_an_envelope_is_answered_in_envelopes(trial: Trial) -> None:
    """The platform says that it passed it on; each receipt is enclosed, valid, and signed within."""
    _with(trial, ENCLOSED)
    _put(trial.folder / "dxp-out", "QF-1.xml", _envelope(_filing(trial)))
    trial.work()
    answers = trial.folder / "dxp-in"
    assert _responses(answers) == ["0"]
    receipts = []
    for file in sorted(answers.glob("R2*.xml")):
        inner = file.with_suffix(".inner")
        data = etree.fromstring(file.read_bytes()).findtext(f"{{{DXP}}}Data") or ""
        inner.write_bytes(base64.b64decode(data))
        receipts.append(read_receipt(inner).told)
        inner.unlink()
    assert receipts == ["T 0", "B A"]
    command = ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMA)]
    done = subprocess.run([*command, *answers.iterdir()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no xml", "-1201001"),
        (b"<a/>", "-1201001"),
        (_envelope(b""), "-1201001"),
        (_envelope(b"<a/>").replace(b"</d:Data>", b"*</d:Data>"), "-1201001"),
        (_envelope(b"<a/>", sender="DXPENT0000000009"), "-1201003"),
        (_envelope(b"<a/>", receiver="DXPEDC0000000009"), "-1201004"),
    ],
)
def test_what_the_platform_does_not_pass_on_gets_no_receipt(trial: Trial, data: bytes, code: str) -> None:
    """Its response is valid by the public structure, whatever came."""
    _with(trial, ENCLOSED, 'dxp_users = ["DXPENT0000000001"]\n')
    _put(trial.folder / "dxp-out", "QF-1.xml", data)
    trial.work()
    answers = trial.folder / "dxp-in"
    assert _responses(answers) == [code]
    assert len(_names(answers)) == 1
    command = ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMA)]
    done = subprocess.run([*command, *answers.iterdir()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_the_platform_refuses_the_client_has_sent(trial: Trial) -> None:
    """Behind the client: its part was done, so that the file lies in SentBox."""
    _with(trial, CLIENT, 'dxp = "DXPEDC0000000000"\n')
    boxes = trial.folder / "client"
    _put(boxes / "OutBox", "QF-1.xml", _envelope(b"<a/>", receiver="DXPEDC0000000009"))
    trial.work()
    assert _names(boxes / "SentBox") == ["QF-1.xml"]
    assert [name.split("_")[:2] for name in _names(boxes / "InBox")] == [
        ["Receipt", "QF-1"],
        ["Successed", "QF-1"],
    ]


def test_references_leave_through_the_first_door(trial: Trial) -> None:
    """In an envelope, where that door has them."""
    text = trial.config.read_text("utf-8")
    bare = "".join(line for line in text.splitlines(True) if not line.startswith(("outbox", "answers")))
    references = f'references = "{ROOT / "customs_stub/data/references.toml"}"\n'
    trial.config.write_text(bare + references + ENCLOSED, "utf-8")
    trial.work()
    found = list((trial.folder / "dxp-in").glob("*-reference.xml"))
    assert found
    assert all(b"DxpMsg" in file.read_bytes() for file in found)
    assert _names(trial.answers) == []


def test_an_office_stays_closed_while_answers_wait_for_a_door_that_is_gone(trial: Trial) -> None:
    """They would never leave."""
    before = trial.config.read_text("utf-8")
    _with(trial, CLIENT)
    root = messages.message(QUALIFICATION, qualification(), "A9-1", "QF-1")
    _put(trial.folder / "client/OutBox", "QF-1.xml", messages.sign(root, trial.signer))
    office = trial.office()
    office.take()
    office.close()
    trial.config.write_text(before, "utf-8")
    with pytest.raises(ConfigError, match="keep its door"):
        trial.office()


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('door = "x"\n', "must be tables"),
        ('[[door]]\nname = "a"\n', "must have either"),
        ('[[door]]\nname = "a"\noutbox = "o"\n', "must have either"),
        ('[[door]]\nname = "a"\nimport_client = "c"\noutbox = "o"\nanswers = "a"\n', "must have either"),
        ('[[door]]\nname = "a"\namqp = "amqp://u:p@h/v"\nsubmissions = "s"\n', "must have either"),
        ('[[door]]\nimport_client = "c"\n', "must have a name"),
        ('[[door]]\nname = "a"\nimport_client = 7\n', "must have a path"),
        ('[[door]]\nname = "a"\nimport_client = "c"\nkind = "x"\n', "unknown key `kind`"),
        (CLIENT + CLIENT, "two doors have one name"),
    ],
)
def test_a_door_that_cannot_be_understood_is_told(tmp_path: Path, lines: str, fault: str) -> None:
    """Before the office opens."""
    file = tmp_path / "customs_stub.toml"
    file.write_text(lines, "utf-8")
    with pytest.raises(ConfigError, match=fault):
        load(file)


def test_without_doors_there_is_the_main_one() -> None:
    """As it always was."""
    assert [door.name for door in Config().doors] == ["main"]
