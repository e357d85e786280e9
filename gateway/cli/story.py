"""The example that `gateway demo` tells, step by step, with every part of a real installation."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.cli.processes import Supervised
from gateway.cli.session import Session
from gateway.config import FolderPlace
from gateway.database import make_private_folder
from gateway.documents import Kind
from gateway.errors import ParkedError
from gateway.signing import Trial, make_trial_token
from gateway.store import DocumentFilter, ListedDocument, SubmissionState

EXAMPLES = Path("tests/examples/main-job")
MONTH = "2026-10"
PERIOD = MONTH.replace("-", "")
# The story is told at its own time, so that its dates are right on every day of the reader's.
FILING = "2026-10-20T09:00:00+08:00"
AGGREGATION = "2026-11-03T09:00:00+08:00"
_PATIENCE_SECONDS = 150.0
_LOOK_SECONDS = 0.1
# More than operators do between two looks.
_LAST_ACTS = 50
_STUCK = {"receive_failed", "refused", "rejected", "not_accepted"}


@dataclass(frozen=True, slots=True)
class Step:
    """A file that the ERP drops, and the document that it makes."""

    file: str
    kind: Kind
    client_number: str


QUALIFICATION = Step("01-qualification.csv", Kind.QUALIFICATION, "A2-QF-2026-0001")
VOLUME = Step("02-goods.xml", Kind.VOLUME, "GF-2026-0001")
MANIFESTS = (
    Step("03-manifest.csv", Kind.MANIFEST, "JB-2026-10-0001"),
    Step("04-manifest.json", Kind.MANIFEST, "JB-2026-10-0002"),
)
BONDED_QUALIFICATION = Step("05-bonded-qualification.json", Kind.QUALIFICATION, "A1-QF-2026-0002")
BONDED_MANIFEST = Step("06-bonded-manifest.xml", Kind.MANIFEST, "JB-2026-10-0101")
MODIFICATION = Step("07-modification.csv", Kind.AMENDMENT, "XG-2026-10-0001")
STEPS = (QUALIFICATION, VOLUME, *MANIFESTS, BONDED_QUALIFICATION, BONDED_MANIFEST, MODIFICATION)


@dataclass
class Story:
    """The example, told step by step; told again from any point, it ends in the same result."""

    session: Session
    seen: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make what a trial needs and is not there: token, key, certificates, register of customs.

        Raises:
            ParkedError: `store.runs-already`.
        """
        settings = self.session.settings
        make_private_folder(settings)
        # A gateway that works here already would keep this one's from ever starting.
        with self.session.store.alone():
            pass
        self._run("customs-stub", "init")
        folder = settings.path(settings.token.pin_file).parent
        register = settings.path(settings.folders.var) / "customs" / "enterprises"
        for each in settings.enterprise:
            trial = Trial(folder, each.code, each.name, settings.token.label, each.key_label)
            make_trial_token(trial, register / f"{each.code}.pem")
        self.session.show.line(
            "demo-prepared", token=settings.token.label, folder=settings.token.pin_file.parent
        )

    def tell_known(self) -> None:
        """Show what an earlier telling has left, so that no file of this one seems to have done it."""
        if self._listed(DocumentFilter()):
            self.session.show.line("demo-known")
            self._tell_changes()

    @contextmanager
    def both_at(self, moment: str) -> Iterator[None]:
        """Run customs and the gateway, their clocks set to a moment, as soon as the gateway takes files."""
        before = self._last_start()
        with (
            self._process("customs-stub", "run", "--now", moment),
            self._process("gateway", "--now", moment, "run"),
        ):
            self._until(lambda: self._last_start() > before)
            yield

    def _process(self, program: str, *arguments: str) -> Supervised:
        """Return one of the project's own programs, with its log under var/log."""
        settings = self.session.settings
        log = settings.path(settings.folders.var) / "log" / f"{program}.log"

        def restarted(code: int) -> bool:
            self.session.show.line("demo-restarted", program=program, code=code)
            return True

        return Supervised(lambda: self._command(program, *arguments), restarted, log, settings.root)

    def file_and_pass(self) -> None:
        """File the qualification and the goods, and let two batches pass."""
        self._drop(QUALIFICATION)
        self._until(lambda: self._document(QUALIFICATION) is not None)
        self._drop(VOLUME)
        self._until(lambda: self._document(VOLUME) is not None)
        self._tell_if_held()
        self._until(lambda: self._state(VOLUME) == "approved")
        for step in MANIFESTS:
            self._drop(step)
        self._until(lambda: all(self._state(step) in {"cleared", "aggregated"} for step in MANIFESTS))

    def pass_bonded(self) -> None:
        """File for bonded goods, and let a batch pass under the account book that customs has told of."""
        self._drop(BONDED_QUALIFICATION)
        self._until(lambda: self._state(BONDED_QUALIFICATION) == "approved" and self._has_account_book())
        self._drop(BONDED_MANIFEST)
        self._until(lambda: self._state(BONDED_MANIFEST) == "cleared")

    def modify(self) -> None:
        """Correct what one of the manifests says, and show each field's old and new value."""
        self._drop(MODIFICATION)
        self._until(lambda: self._state(MODIFICATION) == "approved")
        self._tell_changed_fields()
        # Told a second time, all is there already, and yet each file is to get its reply.
        self._until(lambda: not any(self._waits(step) for step in STEPS))

    def is_aggregating(self) -> bool:
        """Return whether the month's aggregation was asked for and is not through."""
        return self._is_aggregated() and self._declared() != {"cleared"}

    def aggregate(self) -> None:
        """Aggregate the month, unless that was done before, and wait for the declaration to be cleared."""
        if not self._is_aggregated():
            self.session.show.line("demo-aggregate", month=MONTH)
            self._run("gateway", "--now", AGGREGATION, "aggregate", "--month", MONTH, "--json")
        self._until(lambda: self._declared() == {"cleared"})

    def tell_result(self) -> None:
        """Show what became of every document, and where everything lies."""
        rows = [
            {
                "number": row.number,
                "kind": row.kind,
                "state": row.state,
                "client_number": row.client_number,
                "customs_number": row.customs_number,
            }
            for row in self._listed(DocumentFilter())
        ]
        show, settings = self.session.show, self.session.settings
        show.rows("documents", ("number", "kind", "state", "client_number", "customs_number"), rows)
        route, partner = settings.route[0], settings.partner[0]
        show.line(
            "demo-done", outbox=route.outbox, receipts=partner.receipts, log=settings.folders.receipt_log
        )

    def keep_running(self) -> None:
        """Leave gateway and customs at work until Ctrl-C."""
        partner = self.session.settings.partner[0]
        self.session.show.line("demo-running", inbox=partner.inbox, receipts=partner.receipts)
        try:
            # A Ctrl-C that comes just before the thread sleeps wakes nobody.
            while True:
                time.sleep(_LOOK_SECONDS)
        except KeyboardInterrupt:
            self.session.show.line("demo-stopped")

    def _command(self, program: str, *arguments: str) -> list[str]:
        """Return the command line of a program that is installed beside this one."""
        configured = ["--config", str(self.session.file.resolve())] if program == "gateway" else []
        return [str(Path(sys.executable).with_name(program)), *configured, *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program to its end.

        Raises:
            ParkedError: `cli.command-failed` with what it said.
        """
        done = subprocess.run(  # noqa: S603 -- our own programs
            self._command(program, *arguments),
            cwd=self.session.settings.root,
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise ParkedError("cli.command-failed", program=program, said=done.stderr.strip())

    @property
    def _inbox(self) -> Path:
        """The folder of the first partner.

        Raises:
            ParkedError: `cli.demo-folder`: it sends in another way.
        """
        settings = self.session.settings
        place = settings.partner[0].inbox
        if not isinstance(place, FolderPlace):
            raise ParkedError("cli.demo-folder", partner=settings.partner[0].name, inbox=place)
        return settings.path(place.folder)

    def _drop(self, step: Step) -> None:
        """Put a file into the inbox as a careful ERP does: under another name, then renamed."""
        settings, inbox = self.session.settings, self._inbox
        inbox.mkdir(parents=True, exist_ok=True)
        draft = inbox / f"{step.file}.tmp"
        shutil.copyfile(settings.path(EXAMPLES) / step.file, draft)
        draft.rename(inbox / step.file)
        self.session.show.line("demo-dropped", file=step.file, inbox=settings.partner[0].inbox)

    def _until(self, reached: Callable[[], bool]) -> None:
        """Wait, and tell each change of state meanwhile."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not reached():
            if time.monotonic() > end:
                raise ParkedError("cli.demo-stuck", seconds=int(_PATIENCE_SECONDS))
            self._tell_changes()
            time.sleep(_LOOK_SECONDS)
        self._tell_changes()

    def _tell_changes(self) -> None:
        for row in self._listed(DocumentFilter()):
            if self.seen.get(row.number) != row.state:
                self.seen[row.number] = row.state
                self.session.show.event(row.kind, row.number, row.client_number, row.state)
            if row.state in _STUCK and self._is_told(row):
                raise ParkedError("cli.demo-refused", number=row.number, state=row.state)

    def _is_told(self, row: ListedDocument) -> bool:
        """Whether a document belongs to the story; the reader's own may end as the reader likes."""
        own = {(step.kind, step.client_number) for step in STEPS}
        return (row.kind, row.client_number) in own or (row.kind, row.period) == (Kind.DECLARATION, PERIOD)

    def _last_start(self) -> int:
        """Return the act with which the gateway was last ready."""
        with self.session.store.read() as unit:
            return max((each.id for each in unit.audit.acts(_LAST_ACTS) if each.act == "run"), default=0)

    def _waits(self, step: Step) -> bool:
        """Whether a file still lies in the inbox."""
        return (self._inbox / step.file).exists()

    def _has_account_book(self) -> bool:
        with self.session.store.read() as unit:
            return bool(unit.references.listing(kind="AccountBook", limit=1))

    def _tell_changed_fields(self) -> None:
        amendment = self._document(MODIFICATION)
        assert amendment is not None, "it was waited for"
        with self.session.store.read() as unit:
            row = unit.documents.get(amendment.number)
        changes = row.content.get("Change") if row is not None else None
        dictionary, show = self.session.world.catalogue.dictionary, self.session.show
        for change in changes if isinstance(changes, list) else ():
            group = "Manifest/Item" if change.get("GNo") else "Manifest"
            spec = dictionary.find(f"{group}/{change['FieldCode']}")
            assert spec is not None, "the gateway has worked it out"
            name = spec.zh if show.language == "zh" else spec.en
            show.line("demo-changed", field=name, old=change.get("OldValue"), new=change.get("NewValue"))

    def _tell_if_held(self) -> None:
        """Show that a volume waits for its qualification (GF-07)."""
        volume = self._document(VOLUME)
        assert volume is not None, "it was waited for"
        with self.session.store.read() as unit:
            latest = unit.submissions.latest_of_number(volume.number)
        if latest is not None and latest.state == SubmissionState.HELD:
            self.session.show.event(volume.kind, volume.number, volume.client_number, "held")

    def _is_aggregated(self) -> bool:
        return bool(self._listed(DocumentFilter(kind=Kind.AGGREGATION, period=PERIOD)))

    def _declared(self) -> set[str]:
        """Return the states of the month's declarations."""
        return {row.state for row in self._listed(DocumentFilter(kind=Kind.DECLARATION, period=PERIOD))}

    def _document(self, step: Step) -> ListedDocument | None:
        found = self._listed(DocumentFilter(kind=step.kind, client_number=step.client_number))
        return found[0] if found else None

    def _state(self, step: Step) -> str:
        found = self._document(step)
        return found.state if found else ""

    def _listed(self, asked: DocumentFilter) -> list[ListedDocument]:
        with self.session.store.read() as unit:
            return unit.documents.listing(asked, limit=1000)
