"""A backup made while the gateway works, and beginning again from it: no number twice, nothing sent twice."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main
from gateway.errors import ParkedError
from gateway.stages import stages
from gateway.store import Store
from tests.faults.site import wait_until
from tests.flow import erp
from tests.services.installation import FILING, Installation, Running
from tests.services.postgres import Server

pytest_plugins = ["tests.services.store_fixtures"]


def said(installation: Installation, *arguments: str) -> Result:
    """Run a command in this process."""
    now = ["--now", FILING.isoformat()]
    return CliRunner().invoke(main, ["--config", str(installation.config), *now, *arguments])


def saved(number: str) -> str:
    """Return a qualification that is kept and not declared."""
    return erp.qualification(number, action="save")


def understand(running: Running, client_number: str) -> None:
    """Let a file be obeyed, and what it made stay unsigned."""
    work = stages(running.gateway)

    def obeyed() -> bool:
        work["intake"]()
        work["understand"]()
        return bool(running.documents(client_number=client_number))

    wait_until(obeyed, "it is obeyed")


def verified(file: Path) -> tuple[int, int]:
    """Examine the audit trail of a copy; return how many rows it seals, and how many seals do not hold."""
    store = Store(f"sqlite:///{file}")
    try:
        with store.read() as unit:
            trail = unit.audit.verify()
        return trail.rows, len(trail.broken)
    finally:
        store.close()


def test_a_backup_under_load_is_whole_and_of_one_moment(installation: Installation) -> None:
    """Each is one sound file; what it knows is what had been committed, its trail holds, nobody waited."""
    made = [installation.folder / f"backup-{number}.db" for number in range(4)]
    over = threading.Event()

    def work(running: Running) -> int:
        for number in count(1):
            running.send(f"{number}.json", saved(f"QF-{number}"))
            if over.is_set():
                return number
        return 0

    with installation.open(customs=False) as running, ThreadPoolExecutor() as threads:
        working = threads.submit(work, running)
        try:
            for file in made:
                assert said(installation, "backup", "-o", str(file)).exit_code == 0
        finally:
            over.set()
        assert working.result()
    known = [verified(file) for file in made]
    assert [broken for _, broken in known] == [0] * len(made)
    assert known == sorted(known), "a later one knows as much or more"
    assert {file.stat().st_mode & 0o777 for file in made} == {0o600}
    assert not list(installation.folder.glob("*.tmp")) + list(installation.folder.glob("backup-*.db-*"))
    assert "store.backup-exists" in said(installation, "backup", "-o", str(made[0])).stderr
    assert "store.backup-not-written" in said(installation, "backup", "-o", "/proc/nowhere.db").stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def crashed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Crash]:
    """An installation whose backup is older than what it has done, on either database."""
    if request.param == "sqlite":
        yield Crash(Installation(tmp_path / "site"), None, tmp_path / "backup")
        return
    server: Server = request.getfixturevalue("postgres_server")
    name = server.create()
    url = server.url(name)
    yield Crash(
        Installation(
            tmp_path / "site", {"sqlite:///var/gateway.db": url, "lease_seconds = 15": "lease_seconds = 3"}
        ),
        server,
        tmp_path / "backup",
    )
    server.drop(name)


class Crash:
    """A day of a gateway: what is known before the backup, what happens after it, and the end."""

    def __init__(self, installation: Installation, server: Server | None, file: Path) -> None:
        self.installation = installation
        self.file = file
        self._server = server

    def happen(self) -> set[str]:
        """Let it happen, and the database be lost; return every number, id and name that was given."""
        with self.installation.open() as running:
            running.send("before.json", erp.qualification())
            # Signed and sent after the backup, though its document is older.
            self.installation.drop("between.json", erp.volume("GF-2"))
            understand(running, "GF-2")
            self.back_up()
            running.settle()
            running.send("after.json", erp.volume("GF-3"))
            return self.given(running)

    def given(self, running: Running) -> set[str]:
        """Return what must never be given twice."""
        numbers = {row.number for row in running.documents()}
        return numbers | {file.name for file in (self.installation.folder / "receipts/acme").iterdir()}

    def back_up(self) -> None:
        """Back up by the means of the database."""
        if self._server is None:
            assert said(self.installation, "backup", "-o", str(self.file)).exit_code == 0
        else:
            refused = said(self.installation, "backup", "-o", str(self.file)).stderr
            assert "store.backup-by-server" in refused
            assert "pg_dump" in refused
            self._server.dump(self._database, self.file)

    def restore(self) -> Result:
        """Restore by the means of the database."""
        if self._server is None:
            (self.installation.folder / "var/gateway.db").write_bytes(b"lost")
            return said(self.installation, "restore", str(self.file))
        self.put_back()
        return self.say_done()

    def put_back(self) -> None:
        """Put the database back, and tell nobody."""
        if self._server is not None:
            self._server.restore(self._database, self.file)
            return
        database = self.installation.folder / "var/gateway.db"
        for place in database.parent.glob("gateway.db*"):
            place.unlink()
        shutil.copy(self.file, database)

    def say_done(self) -> Result:
        """Say that it was put back; the backup knows a gateway that lived, whose lease has to run out."""
        told: list[Result] = []

        def done() -> bool:
            told.append(said(self.installation, "restore", "--done"))
            return told[-1].exit_code == 0

        wait_until(done, "nobody is taken to be alive", 0.2)
        return told[-1]

    @property
    def _database(self) -> str:
        return self.installation.settings.database.rpartition("/")[2]


@pytest.mark.requirement("CU-05", "ER-04")
def test_after_a_restore_nothing_is_given_or_sent_twice(crashed: Crash) -> None:
    """Held until somebody has looked; what left is found; customs' answers settle what they prove."""
    installation = crashed.installation
    given = crashed.happen()
    sent = {file.name: file.read_bytes() for file in installation.sent()}
    done = crashed.restore()
    assert done.exit_code == 0, done.output

    found = json.loads(said(installation, "restore", "--review", "--json").stdout)
    inputs = [each["file"] for each in found if each["kind"] == "found-input"]
    assert inputs == ["after.json"]
    left = [each["file"] for each in found if each["kind"] == "found-message"]
    assert len(left) == 2
    assert set(left) < set(sent)

    with installation.open(customs=False) as running:
        (held,) = running.alerts()
        assert held.code == "restore.held"
        for word in (("drop", "--reason", "seen"), ("retry",)):
            assert said(installation, *word, f"alert:{held.id}").exit_code == 1
        assert running.alerts() == [held], "only --release closes it"
        assert [row.state for row in running.submissions("GF-2")] == ["failed"]
        installation.drop("new.json", erp.volume("GF-4"))
        for _ in range(3):
            running.look()
        assert (installation.inbox() / "new.json").exists(), "nothing is taken in"
        # What customs has said since the backup is given once more; it proves what was sent.
        for receipt in (installation.folder / "receipts/customs/.done").iterdir():
            shutil.copy(receipt, installation.folder / "receipts/customs" / f"again-{receipt.name}")
        running.until(lambda: running.document("GF-2").state == "approved")
        assert [row.state for row in running.submissions("GF-2")] == ["sent"]
        while running.look():
            pass
        assert {file.name: file.read_bytes() for file in installation.sent()} == sent

    assert said(installation, "restore", "--release").exit_code == 0
    assert "restore.not-held" in said(installation, "restore", "--release").stderr
    with installation.open() as running:
        running.until(lambda: bool(running.documents(client_number="GF-4")))
        running.settle()
        new = running.document("GF-4")
        assert new.number not in given
        assert new.number > max(name for name in given if name.startswith("G"))
        told = [file.name for file in (installation.folder / "receipts/acme").glob("new.json*")]
        assert not set(told) & given
        assert len(told) == 1
        assert not [alert for alert in running.alerts() if alert.code == "channels.name-taken"]
    assert {file.name for file in installation.sent()} > set(sent)
    assert {name: (installation.outbox / name).read_bytes() for name in sent} == sent
    told = json.loads(said(installation, "audit", "verify", "--json").stdout)
    assert told["result"] == "ok"
    acts = [act["act"] for act in json.loads(said(installation, "audit", "list", "--json").stdout)]
    assert [act for act in acts if act.startswith("restore")][:2] == ["restore release", "restore"]


def test_the_same_backup_restored_twice_gives_no_number_twice(installation: Installation) -> None:
    """What was given between two restores is beyond the first, and the second goes beyond that."""
    backup = installation.folder / "backup.db"
    numbers = []
    assert said(installation, "backup", "-o", str(backup)).exit_code == 0
    for turn in range(3):
        if turn:
            assert said(installation, "restore", str(backup), "--force").exit_code == 0
            assert said(installation, "restore", "--release").exit_code == 0
        with installation.open(customs=False) as running:
            running.send(f"{turn}.json", saved(f"QF-{turn}"))
            numbers.append(running.document(f"QF-{turn}").number)
    assert len(set(numbers)) == 3
    assert numbers == sorted(numbers)
    assert len(list((installation.folder / "var").glob("gateway.db.replaced-*"))) == 2


def test_a_database_that_was_put_back_by_hand_is_not_worked_on(crashed: Crash) -> None:
    """It does not know the seal that was set last here; after `--done` the gateway starts, held."""
    installation = crashed.installation
    with installation.open(customs=False) as running:
        running.send("1.json", saved("QF-1"))
        crashed.back_up()
        running.send("2.json", erp.qualification("QF-2", action="save", customs={"office": "5304"}))
    with installation.open(customs=False):
        pass
    crashed.put_back()
    with pytest.raises(ParkedError, match=r"restore\.put-back"), installation.open(customs=False):
        pass
    assert "restore --done" in said(installation, "run", "--until-idle").stderr
    assert crashed.say_done().exit_code == 0
    with installation.open(customs=False) as running:
        assert [alert.code for alert in running.alerts()] == ["restore.held"]
        running.settle()
    with installation.open(customs=False):
        pass


def test_a_restore_that_would_lose_or_break_something_is_refused(installation: Installation) -> None:
    """While the gateway runs, over more than the backup knows, and from what is no backup."""
    backup, rubbish = installation.folder / "backup.db", installation.folder / "rubbish.db"
    rubbish.write_bytes(b"rubbish")
    with installation.open() as running:
        assert said(installation, "backup", "-o", str(backup)).exit_code == 0
        running.send("1.json", saved("QF-1"))
        assert "store.runs-already" in said(installation, "restore", str(backup), "--force").stderr
        assert "store.runs-already" in said(installation, "restore", "--done").stderr
    before = verified(installation.folder / "var/gateway.db")
    assert "restore.would-lose" in said(installation, "restore", str(backup)).stderr
    assert "store.no-backup" in said(installation, "restore", str(rubbish), "--force").stderr
    assert said(installation, "restore", str(backup), "--done").exit_code == 2
    assert verified(installation.folder / "var/gateway.db") == before
    assert list((installation.folder / "var").glob("gateway.db.*[!k]")) == []
