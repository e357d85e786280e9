"""Partners at a real SFTP server set up as documented: each sees its own, and nothing of another's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import paramiko
import pytest

from gateway.channels.sftp_connecting import SftpAccess
from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from tests.contract.desk import Ticks
from tests.services.documented import PARTNERS
from tests.services.sftp_site import start_site
from tests.services.sshd import Sshd

pytestmark = pytest.mark.requirement("ER-01", "QR-08")
OWNER = "0" * 32
SECRET = b'{"number": "of beta"}'


@dataclass(frozen=True)
class Site:
    """The server, the gateway's way to it, and each partner's login."""

    server: Sshd
    gateway: SftpLink
    logins: dict[str, paramiko.SSHClient]

    def partner(self, name: str) -> paramiko.SFTPClient:
        """Open a session of a partner."""
        return self.logins[name].open_sftp()


def _access(server: Sshd, user: str) -> SftpAccess:
    return replace(server.access(server.folder), user=user, key_file=server.folder / user)


def _login(server: Sshd, user: str) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.load_host_keys(str(server.known_hosts(server.folder / "known_hosts")))
    client.connect(
        "127.0.0.1",
        server.port,
        user,
        key_filename=str(server.folder / user),
        allow_agent=False,
        look_for_keys=False,
    )
    return client


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two partners by the lines of the documentation; in each one's folder lies a reply of the gateway."""
    # Not pytest's own folder: into that nobody else may look, and whom the server makes a user is another.
    folder = Path(tempfile.mkdtemp(prefix="sftp-site-"))
    server = start_site(folder)
    made = Site(server, SftpLink(_access(server, "gateway")), {p: _login(server, p) for p in PARTNERS})
    for partner in PARTNERS:
        SftpOutbox(made.gateway, f"/{partner}/in").send("reply.json", SECRET)
    yield made
    for login in made.logins.values():
        login.close()
    made.gateway.close()
    server.stop()
    shutil.rmtree(folder)


def test_a_partner_sends_and_gets_and_the_gateway_takes_and_gives(site: Site) -> None:
    """Each can read, and remove, what the other wrote."""
    ticks = Ticks()
    inbox = SftpInbox(site.gateway, SftpIntake("/acme/out", OWNER, poll_seconds=0), clock=ticks)
    with closing(site.partner("acme")) as acme:
        with acme.open("/out/order.json", "wb") as file:
            file.write(b"{}")
        for _ in range(2):
            ticks.now += 60
            arrivals = inbox.receive(10)
        assert {each.name: each.data for each in arrivals} == {"order.json": b"{}"}
        inbox.stored(arrivals)
        inbox.settle(arrivals[0].delivery, "done")
        SftpOutbox(site.gateway, "/acme/in").send("another.json", b"[]")
        with acme.open("/in/another.json") as file:
            assert file.read() == b"[]"
        acme.remove("/in/another.json")
        assert acme.listdir("/in") == ["reply.json"]


ANOTHERS = (
    *("/beta", "/beta/in", "/beta/in/reply.json", "/beta/out", "../beta/in/reply.json"),
    *("/srv/sftp/beta/in/reply.json", "in/../../beta/in/reply.json", "/etc/passwd"),
)
ATTEMPTS: dict[str, Callable[[paramiko.SFTPClient, str], object]] = {
    "list": lambda acme, path: acme.listdir(path),
    "look": lambda acme, path: acme.stat(path),
    "read": lambda acme, path: acme.open(path).read(),
    "write": lambda acme, path: acme.open(f"{path}/new.json", "wb"),
    "rename": lambda acme, path: acme.rename(path, "/out/taken.json"),
    "remove": lambda acme, path: acme.remove(path),
    "make": lambda acme, path: acme.mkdir(f"{path}/new"),
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_partner_reaches_nothing_of_anothers(
    site: Site, attempt: Callable[[paramiko.SFTPClient, str], object]
) -> None:
    """By whatever path; what is another's does not even exist there."""
    with closing(site.partner("acme")) as acme:
        assert sorted(acme.listdir("/")) == ["in", "out"]
        for path in ANOTHERS:
            with pytest.raises(FileNotFoundError):
                attempt(acme, path)
        with pytest.raises(PermissionError):
            acme.mkdir("/beta")
    with closing(site.partner("beta")) as beta, beta.open("/in/reply.json") as file:
        assert file.read() == SECRET


def test_a_link_leads_a_partner_nowhere_and_the_gateway_follows_none(site: Site) -> None:
    """Not even the gateway, which sees both, gives one partner by a link what is another's."""
    ticks = Ticks()
    inbox = SftpInbox(site.gateway, SftpIntake("/acme/out", OWNER, poll_seconds=0), clock=ticks)
    with closing(site.partner("acme")) as acme:
        acme.symlink("/beta/in/reply.json", "/out/order.json")
        with pytest.raises(FileNotFoundError):
            acme.open("/out/order.json")
        for _ in range(2):
            ticks.now += 60
            assert inbox.receive(10) == []
        (refusal,) = inbox.refusals()
        inbox.settle(refusal.delivery, "quarantined", {})
        assert [name for name in acme.listdir("/out") if not name.startswith(".")] == []


def test_a_partner_gets_no_shell_and_no_way_on_into_the_network(site: Site) -> None:
    """Whatever it asks to run is not run; no port is forwarded."""
    transport = site.logins["acme"].get_transport()
    assert transport is not None
    channel = transport.open_session()
    channel.exec_command("cat /etc/passwd")
    assert channel.recv(100) == b"This service allows sftp connections only.\n"
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", site.server.port), ("127.0.0.1", 0))
