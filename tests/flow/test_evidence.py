"""The evidence of a document: what is in it, and that its script finds out whatever was altered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from gateway.building import make_world
from gateway.cli import main
from gateway.clock import Clock
from tests.flow import erp
from tests.flow.test_amendments import WHY
from tests.flow.test_effects import CHANGE
from tests.services.installation import AGGREGATION, Installation, Running

# All that the script may need: one shell, coreutils, and the two programs.
TOOLS = ("sha256sum", "xmlsec1", "openssl", "cat", "date", "sort", "tr", "base64")
REFUSED, SILENT, SAVED, TWICE = "R0-1", "N0-1", "JB-9", str(CHANGE["number"])
# One of each sort of file in the evidence of a manifest.
SORTS = (
    *("SHA256SUMS", "contents.json", "verify.list", "document.json", "versions.json", "history.json"),
    *("acts.json", "timeline.en.txt", "timeline.zh.txt", "input/*/as-came.json", "input/*/about.json"),
    *("mappings/*.toml", "messages/*/unsigned.xml", "messages/*/signed.xml", "messages/*/about.json"),
    *("certificates/enterprise/*.pem", "certificates/customs/*.pem", "receipts/*/as-came.xml"),
    *("receipts/*/about.json", "notices/*/as-told.json", "notices/*/about.json"),
)


class Desk:
    """An installation in which much has happened, and evidence that was taken there.

    Args:
        folder: Where evidence is put, and the only programs for its script.
        installation: Where it is taken.
    """

    def __init__(self, folder: Path, installation: Installation) -> None:
        self.folder = folder
        self.installation = installation
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None, tool
            (self.bin / tool).symlink_to(found)
        self.numbers: dict[str, str] = {}

    def take(self, number: str, *words: str) -> Path:
        """Take the evidence of a document by the command, and return the ZIP."""
        file = self.folder / f"{number}.zip"
        start = ["--config", str(self.installation.config), "--now", AGGREGATION.isoformat()]
        done = CliRunner(catch_exceptions=False).invoke(
            main, [*start, "evidence", number, "-o", str(file), *words]
        )
        assert done.exit_code == 0, done.output
        return file

    def unpack(self, number: str, into: Path) -> Path:
        """Take evidence and unpack it; return its folder."""
        with ZipFile(self.take(number)) as archive:
            archive.extractall(into)
        (folder,) = into.iterdir()
        return folder

    def verify(self, folder: Path) -> tuple[int, str]:
        """Run the script with nothing else at hand than it says; return exit code and output."""
        command = ["/bin/sh", f"{folder.name}/verify.sh"]
        done = subprocess.run(
            command,
            cwd=folder.parent,
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout


def _file(running: Running) -> None:
    running.send("q.json", erp.qualification())
    running.send("v.json", erp.volume())
    running.send("m.json", erp.manifests(erp.manifest(), erp.manifest(REFUSED), erp.manifest(SILENT)))
    # The second has the number of the change as well.
    running.send("s.json", erp.manifests(erp.manifest(SAVED), erp.manifest(TWICE), action="save"))
    asked = {"document": "modification", "number": "XG-1", "manifest": {"ourNumber": erp.MANIFEST}, **WHY}
    weight = erp.manifest(weight={"gross": 1090, "net": 1000})
    company = {"company": {"customsCode": "4403180001", "name": "深圳示例进出口有限公司"}}
    running.send("x.json", json.dumps({**asked, "corrected": weight | company}))
    running.send("c.json", json.dumps(CHANGE))
    assert running.document("XG-1").state == running.document(TWICE, "change").state == "approved"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One of each kind, passed, refused, unanswered and never sent."""
    with pytest.MonkeyPatch.context() as patch:
        # This process's own logging is left alone.
        patch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)
        folder = tmp_path_factory.mktemp("evidence")
        desk = Desk(folder, Installation(folder / "gateway"))
        # Schemas and tables are the same for each command.
        world = make_world(desk.installation.settings, Clock(AGGREGATION))
        patch.setattr(import_module("gateway.building"), "make_world", lambda *_: world)
        with desk.installation.open() as running:
            _file(running)
        month = ["aggregate", "--month", "2026-10", "--json"]
        start = ["--config", str(desk.installation.config), "--now", AGGREGATION.isoformat()]
        done = CliRunner(catch_exceptions=False).invoke(main, [*start, *month])
        assert done.exit_code == 0, done.output
        with desk.installation.open(AGGREGATION) as running:
            running.settle()
            for kind in ("aggregation", "declaration", "change"):
                (row,) = running.documents(kind=kind)
                desk.numbers[kind] = row.number
        yield desk


@pytest.fixture(scope="module")
def manifest(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a manifest that has been through everything."""
    return desk.unpack(erp.MANIFEST, tmp_path_factory.mktemp("manifest"))


@pytest.fixture
def altered(manifest: Path, tmp_path: Path) -> Path:
    """A copy of it for a test to alter."""
    return Path(shutil.copytree(manifest, tmp_path / manifest.name))


def _told(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_bytes())


def _sum_up(folder: Path) -> None:
    """Write contents and sums anew, as one would who alters a file and knows how."""
    contents = _told(folder, "contents.json")
    for each in contents["files"]:
        each["sha256"] = sha256((folder / each["name"]).read_bytes()).hexdigest()
    (folder / "contents.json").write_text(json.dumps(contents, ensure_ascii=False, indent=1) + "\n")
    names = sorted(each["name"] for each in contents["files"])
    sums = [
        f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in sorted([*names, "contents.json"])
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))


@pytest.mark.requirement("CU-03", "CU-05")
@pytest.mark.parametrize(
    ("which", "messages", "receipts"),
    [
        # Its own two, and the one that approved its change.
        (erp.QUALIFICATION, 1, 3),
        (erp.VOLUME, 1, 2),
        # Its own three, and the one that approved its modification.
        (erp.MANIFEST, 1, 4),
        (REFUSED, 1, 2),
        (SILENT, 1, 0),
        (SAVED, 0, 0),
        ("change", 1, 2),
        ("XG-1", 1, 2),
        ("declaration", 1, 4),
        ("aggregation", 0, 0),
    ],
)
def test_each_kind_proves_itself_without_the_gateway(
    desk: Desk, tmp_path: Path, which: str, messages: int, receipts: int
) -> None:
    """Whatever became of it: the script has sha256sum, xmlsec1, openssl, and finds everything sound."""
    folder = desk.unpack(desk.numbers.get(which, which), tmp_path)
    code, said = desk.verify(folder)
    assert (code, [line for line in said.splitlines() if line.startswith("FAULT")]) == (0, [])
    assert said.count(": what was signed is ") == messages
    assert (
        len([line for line in said.splitlines() if "receipts/" in line and ": signed by " in line])
        == receipts
    )
    names = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    listed = {each["name"] for each in _told(folder, "contents.json")["files"]}
    assert names == listed | {"contents.json", "SHA256SUMS"}


@pytest.mark.parametrize("sort", SORTS)
def test_one_altered_byte_of_any_file_is_found(desk: Desk, altered: Path, sort: str) -> None:
    """In the input as in a receipt, in what is told as in the list of what is checked."""
    file = next(iter(sorted(altered.glob(sort))))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    code, said = desk.verify(altered)
    assert code == 1
    assert "FAULT" in said


def test_every_sort_of_file_is_among_those_that_are_altered(manifest: Path) -> None:
    """Besides the script: who alters that can let it say anything, which is why it is the same everywhere."""
    found = {file for sort in SORTS for file in manifest.glob(sort)}
    missed = {str(f.relative_to(manifest)) for f in manifest.rglob("*") if f.is_file() and f not in found}
    assert missed == {"verify.sh"}
    source = Path(str(import_module("gateway.reports").__file__)).with_name("verify.sh")
    assert (manifest / "verify.sh").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("sort", "change", "fault"),
    [
        ("messages/*/signed.xml", ("<GrossWet>1080", "<GrossWet>1081"), "signed.xml: not signed by"),
        ("messages/*/unsigned.xml", ("<GrossWet>1080", "<GrossWet>1081"), "what was signed is not"),
        ("receipts/*/as-came.xml", ("<ReceiptType>T", "<ReceiptType>B"), "as-came.xml: not signed by"),
        ("verify.list", ("RefMessageId\t", "RefMessageId\tX"), "RefMessageId is not X"),
        ("verify.list", ("seal\t", "seal\tx\tx\tx\tx\tx\nseal\t"), "seal x: not in the chain"),
        ("verify.list", ("Z\t", "0Z\t"), "not in the chain"),
        ("verify.list", ("\t1792", "\t9792"), "the certificate was not valid at its moment"),
        ("verify.list", ("receipt\t", "other\t"), "verify.list: other is no check"),
    ],
)
def test_who_writes_the_sums_anew_meets_the_signatures(
    altered: Path, desk: Desk, sort: str, change: tuple[str, str], fault: str
) -> None:
    """Digests keep accidents out, signatures forgers."""
    file = next(iter(sorted(altered.glob(sort))))
    text = file.read_text("utf-8")
    assert change[0] in text
    file.write_text(text.replace(*change, 1), "utf-8")
    _sum_up(altered)
    code, said = desk.verify(altered)
    assert code == 1
    assert fault in said


def test_another_certificate_and_a_further_file_are_found(desk: Desk, altered: Path) -> None:
    """A certificate under the name of another, and what somebody has put in."""
    (theirs,) = altered.glob("certificates/customs/*.pem")
    (ours,) = altered.glob("certificates/enterprise/*.pem")
    theirs.write_bytes(ours.read_bytes())
    _sum_up(altered)
    (altered / "receipts/.a more.xml").write_text("<Receipt/>")
    code, said = desk.verify(altered)
    assert code == 1
    assert f"FAULT  {theirs.relative_to(altered)}: its SHA-256 is not {theirs.stem}" in said
    assert "FAULT  SHA256SUMS: other files than are here" in said


def test_the_same_document_gives_the_same_bytes_and_the_act_is_noted(desk: Desk) -> None:
    """However often it is taken; who took it is in the audit trail, with the digest of what they got."""
    first = desk.take(erp.VOLUME).read_bytes()
    file = desk.take(erp.VOLUME, "--json")
    assert file.read_bytes() == first
    assert file.stat().st_mode & 0o777 == 0o600
    with desk.installation.open(AGGREGATION) as running, running.gateway.store.read() as unit:
        act = unit.audit.acts(1)[0]
    number = running.document(erp.VOLUME).number
    assert (act.act, act.subject, act.detail["sha256"]) == ("evidence", number, sha256(first).hexdigest())


def test_what_was_sent_and_told_is_there_byte_for_byte(desk: Desk, manifest: Path) -> None:
    """The ERP's file, the message in the outbox, the receipts, the notices, and both timelines."""
    at = desk.installation
    inputs = [file.read_bytes() for file in sorted(manifest.glob("input/*/as-came.json"))]
    assert [b"JB-1" in data for data in inputs] == [True, True]
    (signed,) = manifest.glob("messages/*/signed.xml")
    assert signed.read_bytes() in [file.read_bytes() for file in at.sent()]
    told = {file.read_bytes() for file in (at.folder / "receipts/acme").iterdir()}
    assert {file.read_bytes() for file in manifest.glob("notices/*/as-told.json")} <= told
    about = _told(manifest, f"{signed.parent.relative_to(manifest)}/about.json")
    assert [attempt["outcome"] for attempt in about["attempts"]] == ["sent"]
    assert "cleared by customs: approved → cleared (receipt " in (manifest / "timeline.en.txt").read_text()
    assert "海关结关：海关审批通过 → 已结关（回执 " in (manifest / "timeline.zh.txt").read_text()
    contents = _told(manifest, "contents.json")
    assert contents["related"]["merged"] == [desk.numbers["declaration"]]


def test_nothing_secret_is_handed_out(desk: Desk, manifest: Path) -> None:
    """Neither the PIN nor a key, nor where the gateway keeps anything."""
    pin = desk.installation.token.trial.pin_file.read_bytes().strip()
    for file in manifest.rglob("*"):
        data = file.read_bytes() if file.is_file() else b""
        assert pin not in data
        assert b"PRIVATE KEY" not in data
        assert str(desk.folder).encode() not in data


@pytest.mark.parametrize(
    ("number", "place", "code"),
    [
        ("NOBODY", "e.zip", "cli.unknown-document"),
        (TWICE, "e.zip", "cli.several-documents"),
        (erp.VOLUME, "nowhere/e.zip", "cli.not-written"),
    ],
)
def test_what_cannot_be_handed_out_is_told(desk: Desk, number: str, place: str, code: str) -> None:
    """Of a number that several documents have one is to be named; nothing is left behind."""
    before = sorted(desk.folder.iterdir())
    start = ["--config", str(desk.installation.config), "evidence", number]
    done = CliRunner(catch_exceptions=False).invoke(main, [*start, "-o", str(desk.folder / place)])
    assert done.exit_code == 1
    assert code in done.stderr
    assert sorted(desk.folder.iterdir()) == before
