"""The same work without any framework: `python -m tests.bench.straight SITE MANIFESTS ITEMS [--replies]`.

Files are read, mapped by hand, validated, signed on the token, committed and written out; receipts are
read, verified and committed; one thread, in lines that follow each other. The libraries are those of
the gateway: lxml, signxml, the token through PKCS#11, SQLAlchemy Core on SQLite, 50 documents a commit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier
from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    update,
)

from customs_stub.config import Config
from customs_stub.courses import Step
from customs_stub.keys import load_identity
from customs_stub.receipts import Result, build
from customs_stub.schedule import arrange
from customs_stub.submission import Submission
from customs_stub.xmltree import Record
from gateway.building import make_token
from gateway.clock import parse_moment
from gateway.signing import load_certificates
from tests.bench import by_hand, erp
from tests.bench.site import NOW, ROOT, Site

BATCH = 50
FOLDERS = ("in", "sent", "answers", "done", "told")

metadata = MetaData()
raw = Table("raw", metadata, Column("id", String, primary_key=True), Column("bytes", LargeBinary))
documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("client_number", String),
    Column("state", String),
    Column("content", String),
)
MOVE = update(documents).where(documents.c.id == bindparam("_id")).values(state=bindparam("state"))


class Script:
    """The work, and what is opened before the clock starts."""

    def __init__(self, site: Site, *, replies: bool) -> None:
        self._folder = site.folder / "straight"
        for name in FOLDERS:
            (self._folder / name).mkdir(parents=True)
        self._replies = replies
        self._tables = by_hand.read_tables(ROOT / "gateway" / "codes" / "data")
        self._identity = make_token(site.session.settings, site.session.clock).identity(erp.ENTERPRISE)
        self._schema = etree.XMLSchema(file=str(ROOT / "schemas/xsd/jb/1.0/message.xsd"))
        (self._customs,) = load_certificates([site.folder / Config().certificate])
        self._engine = create_engine(f"sqlite:///{self._folder / 'straight.db'}")
        event.listen(self._engine, "connect", _durable)
        metadata.create_all(self._engine)

    def submit(self, files: Sequence[Path]) -> None:
        """Read, map, validate, sign, commit, write out, and put the files away."""
        kept, stored, out, told = [], [], [], []
        for file in files:
            data = file.read_bytes()
            mapped = by_hand.map_text(data.decode("gb18030"), self._tables)
            message_id = message_id_of(mapped["number"])
            root = by_hand.build(message_id, mapped)
            self._schema.assertValid(root)
            signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0)
            signed = signer.sign(root, key=self._identity.key, cert=[self._identity.certificate])
            message = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
            content = json.dumps(mapped, ensure_ascii=False)
            kept += [{"id": str(uuid4()), "bytes": data}, {"id": message_id, "bytes": message}]
            row = {"id": message_id, "client_number": mapped["number"], "state": "sent", "content": content}
            stored.append(row)
            out.append((f"{message_id}.xml", message))
            told.append((f"{file.name}.reply.json", content.encode()))
        with self._engine.begin() as connection:
            connection.execute(insert(raw), kept)
            connection.execute(insert(documents), stored)
        self._write("sent", out)
        self._end(files, told)

    def receive(self, files: Sequence[Path]) -> None:
        """Read, verify and commit receipts, and put them away."""
        kept, moved, told = [], [], []
        expected = SignatureConfiguration(location="./", expect_references=1)
        for file in files:
            data = file.read_bytes()
            found = XMLVerifier().verify(data, x509_cert=self._customs, expect_config=expected).signed_xml
            said = {etree.QName(node).localname: node.text or "" for node in found.iter("{*}*")}
            kept.append({"id": str(uuid4()), "bytes": data})
            moved.append({"_id": said["RefMessageId"], "state": said["ResultCode"]})
            told.append((f"{file.name}.json", json.dumps(said, ensure_ascii=False).encode()))
        with self._engine.begin() as connection:
            connection.execute(insert(raw), kept)
            connection.execute(MOVE, moved)
        self._end(files, told)

    def run(self, work: Callable[[Sequence[Path]], None], name: str) -> None:
        """Do the work for each batch of a folder."""
        files = sorted((self._folder / name).iterdir())
        for start in range(0, len(files), BATCH):
            work(files[start : start + BATCH])

    def _end(self, files: Sequence[Path], told: Sequence[tuple[str, bytes]]) -> None:
        if self._replies:
            self._write("told", told)
        for file in files:
            file.rename(self._folder / "done" / file.name)

    def _write(self, name: str, files: Sequence[tuple[str, bytes]]) -> None:
        folder = self._folder / name
        for file, data in files:
            draft = folder / f".{file}.tmp"
            with draft.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            draft.rename(folder / file)
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def message_id_of(client_number: str) -> str:
    """Return an id that is known before the message is made, so that receipts can name it."""
    return str(UUID(bytes=client_number.encode().rjust(16, b"0")[-16:])).upper()


def answer(site: Site, folder: Path, numbers: Sequence[str]) -> None:
    """Sign the receipts beforehand: a technical one and an approval of each manifest."""
    identity = load_identity(site.folder / Config().key, site.folder / Config().certificate)
    steps = (
        Step(technical=True, code="0", text="接收成功"),
        Step(technical=False, code="7", text="海关审批通过"),
    )
    for number in numbers:
        head = (message_id_of(number), "Manifest", "GW4403180001", number, "", "5301", erp.ENTERPRISE)
        submission = Submission(*head, Record())
        for slot in arrange(steps, 0, parse_moment(NOW), 0.0):
            data = build(submission, slot, Result("530120260000000001"), "5301", identity)
            (folder / f"{number}-{slot.step.code:0>2}.xml").write_bytes(data)


def main() -> None:
    """Run the script and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("manifests", type=int)
    parser.add_argument("items", type=int)
    parser.add_argument("--replies", action="store_true", help="write a reply to each file and receipt")
    asked = parser.parse_args()
    site = Site(asked.site)
    script = Script(site, replies=asked.replies)
    folder = site.folder / "straight"
    files = dict(erp.manifests("JB", asked.manifests, asked.items))
    for name, data in files.items():
        (folder / "in" / name).write_bytes(data)
    answer(site, folder / "answers", [name.removesuffix(".csv") for name in files])
    wall, processor = time.perf_counter(), time.process_time()
    script.run(script.submit, "in")
    script.run(script.receive, "answers")
    told = {
        "seconds": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    json.dump(told, sys.stdout)


def _durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


if __name__ == "__main__":
    main()
