"""A whole installation of the gateway in a folder of its own: configuration, token, customs office."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any

from customs_stub.clock import OfficeClock
from customs_stub.config import load
from customs_stub.keys import make_identity
from customs_stub.office import Office
from gateway.bootstrap import Bell, open_gateway
from gateway.clock import CHINA, Clock
from gateway.config import Settings, load_settings
from gateway.errors import RetryError
from gateway.parts import Gateway
from gateway.signing import make_trial_token
from gateway.stages import stages
from gateway.store import AlertRow, DocumentFilter, DocumentRow, ReceiptRow, SubmissionRow
from tests.services.forking import beside, run
from tests.services.softhsm import ENTERPRISE, PrivateToken, private_token
from tests.services.warm import warm

ROOT = Path(__file__).parents[2]
FILING = datetime(2026, 10, 20, 9, tzinfo=CHINA)
AGGREGATION = datetime(2026, 11, 3, 9, tzinfo=CHINA)
# Only what hangs comes near it: a test waits for a condition, never for a time.
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.02

_CUSTOMS = """
outbox = "outbox/customs"
answers = "receipts/customs"
state = "var/customs/stub.db"
key = "var/customs/customs.key"
certificate = "var/customs/customs.pem"
enterprises = "var/customs/enterprises"
schemas = "{schemas}"
"""


class Installation:
    """Everything that an operator would have on one machine, each piece real.

    Args:
        folder: Where all of it lies.
        changes: Lines of the shipped gateway.toml and what stands there instead.
        more: What is appended to gateway.toml.
        customs: Lines appended to customs_stub.toml.
    """

    def __init__(
        self, folder: Path, changes: Mapping[str, str] | None = None, more: str = "", customs: str = ""
    ) -> None:
        self.folder = folder
        self.config = folder / "gateway.toml"
        self.customs_config = folder / "customs_stub.toml"
        folder.mkdir(parents=True, exist_ok=True)
        self.write_config(changes or {}, more)
        self.customs_config.write_text(_CUSTOMS.format(schemas=ROOT / "schemas/xsd") + customs, "utf-8")
        (folder / "var").mkdir(mode=0o700)
        self.token: PrivateToken = private_token(folder / "var/token")
        self.register = folder / "var/customs/enterprises" / f"{ENTERPRISE}.pem"
        self.register.parent.mkdir(parents=True)
        shutil.copy(self.token.certificate_file, self.register)
        self.customs_certificate = folder / "var/customs/customs.pem"
        key, certificate = _identity()
        (folder / "var/customs/customs.key").write_bytes(key)
        self.customs_certificate.write_bytes(certificate)
        for place in ("inbox/acme", "outbox/customs", "receipts/acme", "receipts/customs"):
            (folder / place).mkdir(parents=True)

    def write_config(self, changes: Mapping[str, str], more: str = "") -> None:
        """Write gateway.toml: the shipped one, with the folders of the project by their full path."""
        text = (ROOT / "gateway.toml").read_text("utf-8")
        full = {
            'schemas = "schemas/xsd"': f'schemas = "{ROOT}/schemas/xsd"',
            'mappings = "mappings"': f'mappings = "{ROOT}/mappings"',
        }
        for old, new in {**full, **changes}.items():
            assert old in text, old
            text = text.replace(old, new)
        self.config.write_text(text + more, "utf-8")

    def add_key(self, enterprise: str, name: str, key_label: str) -> Path:
        """Put a further enterprise's key on the token, known to customs; return its certificate file."""
        trial = replace(self.token.trial, enterprise=enterprise, name=name, key_label=key_label)
        file = self.register.with_name(f"{enterprise}.pem")
        make_trial_token(trial, file)
        return file

    @property
    def settings(self) -> Settings:
        """The configuration as it stands in the file."""
        return load_settings(self.config)

    @property
    def outbox(self) -> Path:
        """What goes to customs."""
        return self.folder / "outbox/customs"

    def inbox(self, partner: str = "acme") -> Path:
        """Where a partner puts its files."""
        return self.folder / "inbox" / partner

    def drop(self, name: str, data: bytes | str, partner: str = "acme") -> str:
        """Put a file into the inbox as a careful ERP does: under another name, then renamed."""
        draft = self.inbox(partner) / ".draft.tmp"
        draft.write_bytes(data.encode() if isinstance(data, str) else data)
        draft.rename(self.inbox(partner) / name)
        return name

    def done(self, partner: str = "acme") -> list[str]:
        """Return the names of what was put away."""
        return _names(self.inbox(partner) / ".done")

    def quarantined(self, partner: str = "acme") -> list[str]:
        """Return the names of what lies in quarantine, reasons among them."""
        return _names(self.inbox(partner) / ".quarantine")

    def notices(self, pattern: str = "*.json", partner: str = "acme") -> list[dict[str, Any]]:
        """Return what the ERP was told, in the order of the names."""
        files = sorted((self.folder / "receipts" / partner).glob(pattern))
        return [json.loads(file.read_bytes()) for file in files]

    def replies(self, name: str, partner: str = "acme") -> list[bytes]:
        """Return the bytes of each reply to a file, oldest first."""
        exact = re.compile(re.escape(name) + r"\.\d+\.reply\.json")
        files = sorted((self.folder / "receipts" / partner).iterdir())
        return [file.read_bytes() for file in files if exact.fullmatch(file.name)]

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the receipt log."""
        file = self.folder / "receipts/receipts.log"
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    def sent(self) -> list[Path]:
        """Return what was sent to customs."""
        return sorted(self.outbox.glob("*.xml"))

    @contextmanager
    def open(self, now: datetime = FILING, *, customs: bool = True) -> Iterator[Running]:
        """Open the gateway in this process, with a customs office beside it unless that is closed."""
        with ExitStack() as parts:
            with warm():
                gateway = parts.enter_context(open_gateway(self.settings, Clock(now), Bell()))
            office = Office(load(self.customs_config), OfficeClock(now)) if customs else None
            try:
                yield Running(self, gateway, office)
            finally:
                if office is not None:
                    office.close()

    def command(self, *arguments: str, now: datetime = FILING) -> list[str]:
        """Return the command line of the gateway."""
        return [sys.executable, "-m", "gateway", *self._arguments(now), *arguments]

    def gateway(self, *arguments: str, now: datetime = FILING) -> subprocess.CompletedProcess[str]:
        """Run a command of the gateway as a process to its end."""
        return run("gateway", [*self._arguments(now), *arguments])

    def _arguments(self, now: datetime) -> list[str]:
        return ["--config", str(self.config), "--now", now.isoformat()]

    @contextmanager
    def customs(self, now: datetime = FILING) -> Iterator[None]:
        """Run the customs office as a process; it is open when the block begins."""
        arguments = ["run", "--config", str(self.customs_config), "--now", now.isoformat()]
        with beside("customs-stub", arguments, "customs-stub ready\n"):
            yield


@dataclass
class Running:
    """A gateway open in this process; the test says when a stage looks.

    Attributes:
        installation: Where it lies.
        gateway: Its real parts.
        office: The customs office beside it, if it is open.
        troubles: What stages have raised and the workers would have tried again later.
    """

    installation: Installation
    gateway: Gateway
    office: Office | None
    troubles: list[str] = field(default_factory=list)

    def look(self) -> int:
        """Let each stage look once, in order, then customs; return how much was done."""
        done = 0
        for stage in stages(self.gateway).values():
            try:
                done += stage()
            except RetryError as fault:
                self.troubles.append(fault.code)
        if self.office is not None:
            before = len(list(self.installation.outbox.iterdir()))
            self.office.run(Event(), until_idle=True)
            done += len(list(self.installation.outbox.iterdir())) - before
        return done

    def until(self, reached: Callable[[], bool]) -> None:
        """Let all stages look until something is reached; what never is makes the test fail."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            if self.look() == 0:
                assert time.monotonic() < end, "it is not reached"
                time.sleep(_LOOK_SECONDS)

    def settle(self) -> None:
        """Let all stages look until nothing is left that could move."""
        self.until(lambda: self.look() == 0 and not self._arriving())

    def _arriving(self) -> bool:
        inboxes = (*self.gateway.partner_inboxes.values(), *self.gateway.customs_inboxes.values())
        return any(inbox.waiting() for inbox in inboxes)

    def send(self, name: str, data: bytes | str, partner: str = "acme") -> dict[str, Any]:
        """Drop a file, let everything settle, and return its newest reply."""
        before = len(self.installation.replies(name, partner))
        self.installation.drop(name, data, partner)
        self.settle()
        replies = self.installation.replies(name, partner)
        assert len(replies) == before + 1, "each input gets exactly one reply"
        answer: dict[str, Any] = json.loads(replies[-1])
        return answer

    def documents(self, **asked: Any) -> list[DocumentRow]:
        """Return documents by number."""
        with self.gateway.store.read() as unit:
            listed = unit.documents.listing(DocumentFilter(**asked), limit=1000)
            found = [unit.documents.get(row.number) for row in listed]
        return [row for row in found if row is not None]

    def document(self, client_number: str, kind: str | None = None) -> DocumentRow:
        """Return the one document of a client's number."""
        (found,) = self.documents(client_number=client_number, kind=kind)
        return found

    def states(self, client_number: str) -> list[str]:
        """Return the states that a document has been in, in order."""
        with self.gateway.store.read() as unit:
            return [row.to_state for row in unit.documents.history(self.document(client_number).number)]

    def submissions(self, client_number: str) -> list[SubmissionRow]:
        """Return what was made for customs of a document."""
        with self.gateway.store.read() as unit:
            return unit.submissions.by_number(self.document(client_number).number)

    def receipts(self) -> list[ReceiptRow]:
        """Return every receipt that was stored."""
        with self.gateway.store.read() as unit:
            return unit.receipts.listing(limit=1000)

    def alerts(self) -> list[AlertRow]:
        """Return the open alerts."""
        with self.gateway.store.read() as unit:
            return unit.alerts.opened()


@cache
def _identity() -> tuple[bytes, bytes]:
    """Make the office's key and certificate once a process: that takes a while."""
    with TemporaryDirectory() as folder:
        key, certificate = Path(folder) / "customs.key", Path(folder) / "customs.pem"
        make_identity(key, certificate)
        return key.read_bytes(), certificate.read_bytes()


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []
