"""A trial customs office on a folder of its own, in this process or as one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from lxml import etree

from customs_stub.clock import BEIJING, OfficeClock
from customs_stub.config import load
from customs_stub.keys import make_identity
from customs_stub.office import Office
from tests.services.forking import run
from tests.unit.customs_stub import messages
from tests.unit.customs_stub.messages import JB, OFFICE, Signer

ROOT = Path(__file__).parents[3]
SCHEMAS = ROOT / "schemas" / "xsd"
NOW = datetime(2026, 10, 20, 8, tzinfo=BEIJING)
QUALIFICATION, VOLUME, MANIFEST, DECLARATION = "QualificationFiling", "GoodsFiling", "Manifest", "DecMessage"


@dataclass(frozen=True)
class Receipt:
    """A receipt as the file holds it; `code` is empty for one that is no XML."""

    file: Path
    code: str = ""
    kind: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def told(self) -> str:
        """The receipt in short: `T 0`, `B 15`, or `broken`."""
        return f"{self.kind} {self.code}" if self.kind else "broken"


class Trial:
    """An office with one registered enterprise; messages go in, receipts come out."""

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.folder = folder
        self.signer = signer
        self.outbox, self.answers = folder / "outbox", folder / "answers"
        self.key, self.certificate = folder / "customs.key", folder / "customs.pem"
        self.config = folder / "customs_stub.toml"
        for each in (self.outbox, self.answers, folder / "enterprises"):
            each.mkdir(parents=True)
        (folder / "enterprises" / f"{messages.ENTERPRISE}.pem").write_bytes(signer.pem)
        self.config.write_text(
            f'outbox = "outbox"\nanswers = "answers"\nstate = "stub.db"\nkey = "customs.key"\n'
            f'certificate = "customs.pem"\nenterprises = "enterprises"\n'
            f'schemas = "{SCHEMAS}"\noffices = ["{OFFICE}"]\n',
            "utf-8",
        )
        for file, data in zip((self.key, self.certificate), _identity(), strict=True):
            file.write_bytes(data)
        self._sent = 0

    def keep(self, text: str) -> Trial:
        """Give the office a file of references."""
        (self.folder / "references.toml").write_text(text, "utf-8")
        settings = self.config.read_text("utf-8")
        if "references" not in settings:
            self.config.write_text(f'{settings}references = "references.toml"\n', "utf-8")
        return self

    def references(self) -> list[Mapping[str, str]]:
        """Return what was sent of account books, cargo manifests and licences, in the order of the files."""
        files = sorted(self.answers.glob("*-reference.xml"))
        roots = [etree.fromstring(file.read_bytes()) for file in files]
        return [
            {etree.QName(node).localname: node.text or "" for node in root.iter(f"{{{JB}}}*")}
            for root in roots
        ]

    def send(
        self, message_type: str, body: Mapping[str, object], client_number: str = "A0-1", message_id: str = ""
    ) -> str:
        """Put a signed submission into the outbox and return its message id."""
        self._sent += 1
        message_id = message_id or f"{message_type.upper()}-{self._sent:04}"
        if message_type == DECLARATION:
            root = messages.declaration_message(body, client_number)
        else:
            root = messages.message(message_type, body, client_number, message_id)
        self.put(f"{message_id}.xml", messages.sign(root, self.signer))
        return message_id

    def put(self, name: str, data: bytes) -> None:
        """Put a file into the outbox as agreed: under another name, then renamed."""
        temporary = self.outbox / f"{name}.tmp"
        temporary.write_bytes(data)
        temporary.replace(self.outbox / name)

    def work(self) -> None:
        """Let an office in this process answer everything there is."""
        office = self.office()
        try:
            office.run(Event(), until_idle=True)
        finally:
            office.close()

    def office(self) -> Office:
        """Open an office in this process; the caller closes it."""
        return Office(load(self.config), OfficeClock(NOW))

    def command(self, *extra: str) -> list[str]:
        """Return the command line that opens the office as a process."""
        return [sys.executable, "-m", "customs_stub", *self.arguments(*extra)]

    def arguments(self, *extra: str) -> list[str]:
        """Return the arguments that open the office as a process."""
        return ["run", "--config", str(self.config), "--now", NOW.isoformat(), *extra]

    def work_as_process(self) -> str:
        """Let a process answer everything there is and return what it logged."""
        done = run("customs-stub", self.arguments("--until-idle"))
        assert done.returncode == 0, done.stderr
        return done.stderr

    def receipts(self, message_id: str = "") -> list[Receipt]:
        """Return the receipts in order of their names, all or those to one message."""
        files = [file for file in sorted(self.answers.glob("*.xml")) if "reference" not in file.name]
        found = [read_receipt(file) for file in files]
        return [each for each in found if not message_id or each.values.get("RefMessageId") == message_id]

    def told(self, message_id: str) -> list[str]:
        """Return the receipts to one message in short; broken ones name none and are not among them."""
        return [each.told for each in self.receipts(message_id)]

    def approved_volume(self) -> str:
        """Bring a qualification and a volume through and return the volume's customs number."""
        self.send(QUALIFICATION, messages.qualification())
        self.work()
        volume = self.send(VOLUME, messages.volume())
        self.work()
        return self.receipts(volume)[-1].values["CustomsNo"]


@cache
def _identity() -> tuple[bytes, bytes]:
    """Make the office's key and certificate once for all trials: that takes a while."""
    with TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "customs.key", Path(folder) / "customs.pem"
        make_identity(key, certificate)
        return key.read_bytes(), certificate.read_bytes()


def read_receipt(file: Path) -> Receipt:
    """Read a receipt's file."""
    try:
        root = etree.fromstring(file.read_bytes())
    except etree.XMLSyntaxError:
        return Receipt(file)
    values = {
        etree.QName(node).localname: node.text or "" for node in root.iter(f"{{{JB}}}*") if len(node) == 0
    }
    faults = tuple(
        (fault.findtext(f"{{{JB}}}Code", ""), fault.findtext(f"{{{JB}}}FieldPath", ""))
        for fault in root.iter(f"{{{JB}}}Fault")
    )
    return Receipt(file, values["ResultCode"], values["ReceiptType"], values, faults)


def altered(data: bytes) -> bytes:
    """Return a signed file whose content was altered afterwards."""
    return data.replace("深圳示例".encode(), "深圳假冒".encode())


def xmlsec_says(receipt: Path, certificate: Path) -> subprocess.CompletedProcess[str]:
    """Let xmlsec1 verify a receipt."""
    command = [
        "xmlsec1",
        "--verify",
        "--pubkey-cert-pem",
        str(certificate),
        "--enabled-key-data",
        "rsa",
        str(receipt),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def xmllint_says(receipt: Path) -> subprocess.CompletedProcess[str]:
    """Let xmllint validate a receipt."""
    schema = SCHEMAS / "jb" / "1.0" / "message.xsd"
    command = ["xmllint", "--noout", "--nonet", "--schema", str(schema), str(receipt)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def kill(process: subprocess.Popen[str]) -> None:
    """End a process without any chance to tidy up."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
