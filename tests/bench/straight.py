"""The same work without any gateway: `python -m tests.bench.straight PLACE TOKEN MODULE [DATABASE | --bare]`.

Files are read, mapped by hand, validated, signed on the token, committed, written out and replied to;
receipts are read, verified, committed and told; one thread, in lines that follow each other. The
libraries are those of the gateway: lxml, signxml, the token through PKCS#11, SQLAlchemy Core, 50
documents a commit. With `--bare` not even these: canonical form, digest, C_Sign and sqlite3 by themselves.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from cryptography import x509
from lxml import etree
from pkcs11 import Mechanism

from gateway.signing.trial import Trial
from tests.bench import by_hand, erp
from tests.bench.hands import BareHand, Hand, LibraryHand, open_token
from tests.bench.ledgers import BareLedger, CoreLedger, Ledger
from tests.bench.process import ROOT

BATCH = 50
FOLDERS = ("in", "sent", "answers", "done", "told")


class Script:
    """The work, and what is opened before the clock starts.

    Args:
        place: Where its folders are.
        hand: Signs and verifies.
        ledger: Keeps.
    """

    def __init__(self, place: Path, hand: Hand, ledger: Ledger) -> None:
        self._place = place
        self._hand = hand
        self._ledger = ledger
        self._tables = by_hand.read_tables(ROOT / "gateway" / "codes" / "data")
        self._schema = etree.XMLSchema(file=str(ROOT / "schemas/xsd/jb/1.0/message.xsd"))

    def submit(self, files: Sequence[Path]) -> None:
        """Read, map, validate, sign, commit, write out, reply, and put the files away."""
        kept, made, out, told = [], [], [], []
        for file in files:
            data = file.read_bytes()
            mapped = by_hand.map_text(data.decode("gb18030"), self._tables)
            message_id = message_id_of(mapped["number"])
            root = by_hand.build(message_id, mapped)
            self._schema.assertValid(root)
            message = self._hand.sign(root)
            content = json.dumps(mapped, ensure_ascii=False)
            kept += [(str(uuid4()), data), (message_id, message)]
            made.append((message_id, mapped["number"], content))
            out.append((f"{message_id}.xml", message))
            told.append((f"{file.name}.reply.json", content.encode()))
        self._ledger.sent(kept, made)
        self._write("sent", out)
        self._write("told", told)
        self._put_away(files)

    def receive(self, files: Sequence[Path]) -> None:
        """Read, verify, commit and tell receipts, and put them away."""
        kept, moved, told = [], [], []
        for file in files:
            data = file.read_bytes()
            said = self._hand.verify(data)
            kept.append((str(uuid4()), data))
            moved.append((said["RefMessageId"], said["ResultCode"]))
            told.append((f"{file.name}.json", json.dumps(said, ensure_ascii=False).encode()))
        self._ledger.answered(kept, moved)
        self._write("told", told)
        self._put_away(files)

    def run(self) -> int:
        """Do everything that lies there; return how many documents there were."""
        count = self._each("in", self.submit)
        self._each("answers", self.receive)
        return count

    def _each(self, name: str, work: Callable[[Sequence[Path]], None]) -> int:
        files = sorted((self._place / name).iterdir())
        for start in range(0, len(files), BATCH):
            work(files[start : start + BATCH])
        return len(files)

    def _put_away(self, files: Sequence[Path]) -> None:
        for file in files:
            file.rename(self._place / "done" / file.name)

    def _write(self, name: str, files: Sequence[tuple[str, bytes]]) -> None:
        folder = self._place / name
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


def main() -> None:
    """Run the script and print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("token", type=Path)
    parser.add_argument("module", type=Path)
    parser.add_argument("database", nargs="?", default="")
    parser.add_argument("--bare", action="store_true")
    asked = parser.parse_args()
    customs = x509.load_pem_x509_certificate((asked.place / "customs.pem").read_bytes())
    file = asked.place / "ledger.db"
    with open_token(asked.module, Trial(asked.token, erp.ENTERPRISE, erp.NAME)) as (sign, key, own):
        hand: Hand = LibraryHand(key, own, customs)
        if asked.bare:
            hand = BareHand(partial(sign, Mechanism.SHA256_RSA_PKCS), own, customs)
        ledger = BareLedger(file) if asked.bare else CoreLedger(asked.database or f"sqlite:///{file}")
        script = Script(asked.place, hand, ledger)
        wall, processor = time.perf_counter(), time.process_time()
        count = script.run()
        told = {
            "documents_per_second": count / (time.perf_counter() - wall),
            "cpu_ms": (time.process_time() - processor) / count * 1000,
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
