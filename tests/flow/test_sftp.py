"""The whole way over SFTP: an ERP's files, the way to customs and back, and the answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.doors import check_place
from tests.services.installation import ROOT, Installation, Running
from tests.services.sshd import Sshd, new_sshd, sshd

EXAMPLES = ROOT / "tests/examples/main-job"

_SERVER = """
[sftp.hub]
host = "127.0.0.1"
port = {port}
user = "{user}"
known_hosts = "known_hosts"
key_file = "{key}"
timeout_seconds = 5
"""


class Remote(Installation):
    """An installation of which every folder lies on an SFTP server; the ERP and customs use them there."""

    def __init__(self, folder: Path, server: Sshd) -> None:
        self.server = server
        self.access = server.access(_made(folder))
        source = '{{ sftp = "hub", folder = "{0}", still_seconds = 0, poll_seconds = 0.01 }}'
        target = '{{ sftp = "hub", folder = "{0}" }}'
        places = [
            *(("inbox", "inbox/acme", source), ("receipts", "receipts/acme", target)),
            *(("outbox", "outbox/customs", target), ("receipts", "receipts/customs", source)),
        ]
        changes = {
            f'\n{key} = "{place}"': f"\n{key} = " + kind.format(folder / place) for key, place, kind in places
        }
        values = {"port": server.port, "user": self.access.user, "key": self.access.key_file}
        super().__init__(folder, changes, _SERVER.format(**values))

    def drop(self, name: str, data: bytes | str, partner: str = "acme") -> str:
        """Upload a file as an ERP does with OpenSSH's own client: under another name, then renamed."""
        local = self.folder / "upload"
        local.write_bytes(data.encode() if isinstance(data, str) else data)
        inbox = self.inbox(partner)
        batch = f'put "{local}" "{inbox}/{name}.part"\nrename "{inbox}/{name}.part" "{inbox}/{name}"\n'
        options = [
            *("-i", str(self.access.key_file), "-P", str(self.access.port)),
            *("-o", f"UserKnownHostsFile={self.access.known_hosts}", "-o", "BatchMode=yes"),
        ]
        command = ["sftp", "-q", "-b", "-", *options, f"{self.access.user}@127.0.0.1"]
        done = subprocess.run(command, input=batch, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return name


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sshd]:
    """A server of the test's own, which it may stop."""
    server = new_sshd(_made(tmp_path / "sshd"))
    yield server
    server.stop()


def send(running: Running, name: str) -> str:
    """Send one of the example's files and return what the reply says."""
    return running.send(name, (EXAMPLES / name).read_bytes())["outcome"]


@pytest.mark.requirement("ER-01", "CU-06", "ER-05")
def test_a_manifest_that_came_by_sftp_is_cleared_by_customs_behind_sftp(tmp_path: Path) -> None:
    """Filings and manifest go up as files, replies and receipts come down, everything is put away there."""
    installation = Remote(tmp_path / "remote", sshd())
    with installation.open() as running:
        for name in ("01-qualification.csv", "02-goods.xml", "03-manifest.csv"):
            assert send(running, name) == "accepted"
        assert running.document("JB-2026-10-0001").state == "cleared"
        assert running.alerts() == []
    assert installation.done() == ["01-qualification.csv", "02-goods.xml", "03-manifest.csv"]
    told = installation.notices("*.receipt.json")
    states = [notice["state"] for notice in told if notice["client_number"] == "JB-2026-10-0001"]
    assert states == ["sent", "approved", "cleared"]
    assert len(told) == 7
    came = installation.folder / "receipts/customs"
    assert [file for file in came.iterdir() if file.is_file()] == []
    assert len(list((came / ".done").iterdir())) == 7


@pytest.mark.requirement("ER-01")
def test_a_server_that_is_away_is_told_once_and_holds_up_nothing_else(own: Sshd, tmp_path: Path) -> None:
    """One alert for each channel while it lasts; what waited goes its way when the server is back."""
    installation = Remote(tmp_path / "remote", own)
    with installation.open() as running:
        assert send(running, "01-qualification.csv") == "accepted"
        own.stop()
        running.until(lambda: len(running.alerts()) >= 2)
        assert {alert.code for alert in running.alerts()} == {"trouble.channel"}
        own.start()
        name = installation.drop("02-goods.xml", (EXAMPLES / "02-goods.xml").read_bytes())
        running.until(lambda: installation.replies(name) and not running.alerts())
        assert running.document("GF-2026-0001").state in {"declared", "approved"}


def test_check_tells_each_place_that_cannot_be_used(own: Sshd, tmp_path: Path) -> None:
    """Nothing while all is well; then the other key, the absent folder, the claims of somebody else."""
    installation = Remote(tmp_path / "remote", own)
    assert codes(installation) == []
    (installation.inbox() / ".claimed" / ("f" * 32)).mkdir(parents=True)
    assert codes(installation) == ["channels.claims-of-others"]
    installation.outbox.rmdir()
    assert codes(installation) == ["channels.claims-of-others", "channels.folder-unusable"]
    assert installation.access.key_file is not None
    installation.access.key_file.chmod(0o644)
    assert codes(installation).count("operations.secret-open") == 4
    installation.access.key_file.chmod(0o600)
    own.new_host_key()
    assert codes(installation) == ["channels.sftp-key-changed"] * 4
    (installation.folder / "known_hosts").unlink()
    assert codes(installation) == ["channels.sftp-known-hosts"] * 4


def codes(installation: Installation) -> list[str]:
    """Return what `gateway check` finds at the channels."""
    settings = installation.settings
    places = [place for _, place in settings.channel_places()]
    return [violation.code for place in places for violation in check_place(settings, place)]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
