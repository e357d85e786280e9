"""Connecting to real SFTP servers: whom we believe, as whom we come, and how long we wait."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paramiko
import pytest

from gateway.channels.sftp_connecting import CIPHERS, DIGESTS
from gateway.channels.sftp_link import SftpLink
from gateway.errors import ParkedError, RetryError
from tests.contract.pier import Pier
from tests.services.cable import Cable
from tests.services.foreign_sftp import PASSWORD, foreign_server
from tests.services.sshd import Sshd, make_key, new_sshd, sshd

LIMIT = 0.5  # seconds that an operation may take where a test waits for its end


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sshd]:
    """A server of the test's own, whose key it may change."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    server = new_sshd(folder)
    yield server
    server.stop()


@pytest.fixture
def cable() -> Iterator[Cable]:
    """A cable to the common server."""
    with Cable(sshd().port) as cable:
        yield cable


def text(link: SftpLink) -> str:
    """Return what stands in the way of a connection."""
    with pytest.raises(RetryError) as caught, link.session():
        pass
    return str(caught.value)


def fingerprint(server: Sshd) -> str:
    """Return the fingerprint of its key, by paramiko."""
    return paramiko.PKey.from_path(server.folder / "host").fingerprint


def test_a_changed_host_key_is_refused_and_both_fingerprints_are_told(own: Sshd, tmp_path: Path) -> None:
    """Nothing is said to the server beyond that, no key is learned, and the operator can compare."""
    pier = Pier(own, tmp_path)
    pier.put("a.csv", b"1")
    assert pier.finished() == {"a.csv": b"1"}
    known = pier.access.known_hosts.read_bytes()
    old = fingerprint(own)
    own.new_host_key()
    pier.ticks.now += 60
    told = text(pier.link)
    assert told.startswith("channels.sftp-key-changed: ")
    assert old in told
    assert fingerprint(own) in told
    assert str(pier.access.known_hosts) in told
    assert pier.access.known_hosts.read_bytes() == known


def test_another_server_at_the_known_place_is_refused(own: Sshd, tmp_path: Path) -> None:
    """The name and port are known, the key is that of somebody else."""
    access = replace(own.access(tmp_path), known_hosts=sshd().known_hosts(tmp_path / "other", own.port))
    link = SftpLink(access)
    assert text(link).startswith("channels.sftp-key-changed: ")
    assert text(link).startswith("channels.sftp-key-changed: "), "it is not connected to again at once"


@pytest.mark.parametrize("name", ["127.0.0.1", "[127.0.0.1]:1", "elsewhere"])
def test_a_server_that_is_not_listed_is_refused_before_anything_is_sent(name: str, tmp_path: Path) -> None:
    """The address with its port must stand there; what is known of another port is not believed."""
    with Cable(sshd().port) as cable:
        access = sshd().access(tmp_path, cable.port)
        line = access.known_hosts.read_text("ascii").replace(f"[127.0.0.1]:{cable.port}", name)
        access.known_hosts.write_text(line, "ascii")
        link = SftpLink(access)
        assert text(link).startswith("channels.sftp-host-unlisted: ")
        assert cable.opened == 0
        with pytest.raises(ParkedError, match=r"channels\.sftp-host-unlisted"):
            access.check()


def test_hashed_entries_are_known(tmp_path: Path) -> None:
    """As ssh-keyscan -H writes them."""
    access = sshd().access(tmp_path)
    line = access.known_hosts.read_text("ascii")
    hashed = paramiko.HostKeys.hash_host(access.entry)
    access.known_hosts.write_text(line.replace(access.entry, hashed), "ascii")
    link = SftpLink(access)
    with link.session() as session:
        assert session.exists(str(tmp_path))
    link.close()


@pytest.mark.parametrize(
    "content", [None, "@revoked * ssh-ed25519 AAAA\n", "\xff\n", "a ssh-ed25519 !\n", ""]
)
def test_a_known_hosts_that_does_not_serve_is_told_before_the_start(
    content: str | None, tmp_path: Path
) -> None:
    """Absent, with markers that would not be heeded, unreadable, without a key."""
    access = sshd().access(tmp_path)
    if content is None:
        access.known_hosts.unlink()
    else:
        access.known_hosts.write_text(content, "latin-1")
    with pytest.raises(ParkedError, match=r"channels\.sftp-(known-hosts|host-unlisted)"):
        access.check()
    assert text(SftpLink(access)).startswith("channels.sftp-")


def test_a_key_with_a_passphrase_opens_the_door(tmp_path: Path) -> None:
    """The passphrase is the secret; it stands in nothing that could be shown."""
    access = sshd().with_passphrase(sshd().access(tmp_path))
    access.check()
    link = SftpLink(access)
    with link.session() as session:
        assert session.exists(str(tmp_path))
    link.close()
    assert "sesame" not in repr(access)


@pytest.mark.parametrize("passphrase", ["wrong passphrase", None])
def test_a_wrong_passphrase_is_told_without_it(passphrase: str | None, tmp_path: Path) -> None:
    """At the start, by `gateway check`, and at each connection; the server hears nothing of it."""
    access = sshd().with_passphrase(sshd().access(tmp_path), passphrase)
    with pytest.raises(ParkedError, match=r"channels\.sftp-key-file") as caught:
        access.check()
    assert "wrong passphrase" not in str(caught.value)
    assert text(SftpLink(access)).startswith("channels.sftp-key-file: ")


def test_a_file_that_is_no_key_is_told(tmp_path: Path) -> None:
    """Absent, or something else."""
    access = replace(sshd().access(tmp_path), key_file=tmp_path / "key")
    with pytest.raises(ParkedError, match=r"channels\.sftp-key-file"):
        access.check()
    (tmp_path / "key").write_text("no key\n", "ascii")
    with pytest.raises(ParkedError, match=r"channels\.sftp-key-file"):
        access.check()


def test_a_key_that_the_server_does_not_take_is_refused(tmp_path: Path) -> None:
    """The login is told as refused, with the user, and is not tried again for a minute."""
    make_key(tmp_path / "stranger")
    with Cable(sshd().port) as cable:
        pier = Pier(
            sshd(), tmp_path, replace(sshd().access(tmp_path, cable.port), key_file=tmp_path / "stranger")
        )
        assert text(pier.link).startswith("channels.sftp-login: ")
        pier.ticks.now += 59
        assert text(pier.link).startswith("channels.sftp-login: ")
        assert cable.opened == 1
        pier.ticks.now += 2
        assert text(pier.link).startswith("channels.sftp-login: ")
        assert cable.opened == 2


def test_a_password_opens_the_door_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    """Where there is no key; neither password is shown by anything."""
    with foreign_server(tmp_path) as access:
        link = SftpLink(access)
        with link.session() as session:
            assert session.exists(str(tmp_path))
        link.close()
        wrong = replace(access, secret=lambda: "not the password")
        told = text(SftpLink(wrong))
        assert told.startswith("channels.sftp-login: ")
        assert "not the password" not in told + repr(wrong)
        assert PASSWORD not in repr(access)
    absent = replace(access, secret=lambda: None)
    with pytest.raises(ParkedError, match=r"channels\.sftp-no-secret"):
        absent.check()


def test_a_wrong_password_is_refused_by_openssh_too(tmp_path: Path) -> None:
    """OpenSSH keeps asking; we ask once."""
    access = replace(sshd().access(tmp_path), key_file=None, secret=lambda: "not the password")
    assert text(SftpLink(access)).startswith("channels.sftp-login: ")


@pytest.mark.parametrize("cut", [True, False])
def test_a_connection_that_is_lost_during_the_login_is_no_refusal(
    cut: bool, cable: Cable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut or silent while the server is asked: nobody looks for a wrong key, and it is soon tried again."""
    handler = paramiko.auth_handler.AuthHandler
    ask, wait = handler.auth_publickey, handler.wait_for_response

    def unheard(self: Any, *given: Any) -> Any:
        cable.stall()
        return ask(self, *given)

    def waiting(self: Any, *given: Any) -> Any:
        if cut:
            cable.cut()
        return wait(self, *given)

    pier = Pier(sshd(), tmp_path, sshd().access(tmp_path, cable.port, LIMIT))
    with monkeypatch.context() as patched:
        patched.setattr(handler, "auth_publickey", unheard)
        patched.setattr(handler, "wait_for_response", waiting)
        assert text(pier.link).startswith("channels.sftp-unreachable: ")
    cable.flow()
    pier.ticks.now += 6
    with pier.link.session() as session:
        assert session.exists(str(tmp_path))


def test_only_sound_algorithms_are_offered(tmp_path: Path) -> None:
    """No CBC, MD5 or SHA-1, and encryption that authenticates comes first."""
    link = SftpLink(sshd().access(tmp_path))
    with link.session():
        assert link._client is not None
        transport = link._client.get_transport()
        options = transport.get_security_options()
        offered = (*options.ciphers, *options.digests, *options.key_types, *options.kex)
        assert [
            name for name in offered if name.endswith(("cbc", "md5", "sha1", "96", "dss", "ssh-rsa"))
        ] == []
        assert transport.local_cipher == CIPHERS[0]
        assert (options.ciphers, options.digests) == (CIPHERS, DIGESTS)
    link.close()


def test_an_absent_server_is_asked_less_and_less_often(tmp_path: Path) -> None:
    """Each pause is twice the one before, up to a minute; in between the fault is told at once."""
    pier = Pier(sshd(), tmp_path, replace(sshd().access(tmp_path, 1), timeout=LIMIT))
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        assert pier.fault() == "channels.sftp-unreachable"
        before = pier.link._not_before
        assert before == pier.ticks.now + pause
        pier.ticks.now += pause - 0.1
        assert pier.fault() == "channels.sftp-unreachable"
        assert pier.link._not_before == before
        pier.ticks.now += 0.2


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-Slow\r\n"])
def test_who_is_no_ssh_server_or_says_nothing_is_given_up(says: bytes, tmp_path: Path) -> None:
    """Silence, another protocol, and a greeting after which nothing comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        ends: list[socket.socket] = []

        def answer() -> None:
            end, _ = listening.accept()
            ends.append(end)
            end.sendall(says)

        thread = threading.Thread(target=answer)
        thread.start()
        told = text(SftpLink(replace(sshd().access(tmp_path, port), timeout=LIMIT)))
        assert told.startswith("channels.sftp-unreachable: ")
        thread.join()
        for end in ends:
            end.close()


def test_a_server_that_stalls_is_given_up_and_comes_back(cable: Cable, tmp_path: Path) -> None:
    """Every operation ends within its time: looking, reading, sending little and much."""
    pier = Pier(sshd(), tmp_path, sshd().access(tmp_path, cable.port, timeout=LIMIT))
    pier.put("a.csv", b"1")
    pier.look()
    cable.stall()
    pier.ticks.now += 2
    assert pier.fault() == "channels.sftp-lost"
    assert pier.fault() == "channels.sftp-lost"
    pier.ticks.now += 60
    assert pier.fault() == "channels.sftp-unreachable"
    cable.flow()
    assert pier.finished() == {"a.csv": b"1"}
    for size in (1, 30_000_000):
        assert pier.finished() == {"a.csv": b"1"}
        cable.stall()
        faults = pier.outbox.send_many([("out.xml", bytes(size))])
        assert {name: fault.code for name, fault in faults.items()} == {"out.xml": "channels.sftp-lost"}
        cable.flow()
        pier.ticks.now += 60
    assert pier.outbox.send_many([("out.xml", b"1")]) == {}
    pier.link.close()


def test_a_server_started_again_is_found_again_without_a_fault(own: Sshd, tmp_path: Path) -> None:
    """A connection that has ended is made anew before it is used."""
    pier = Pier(own, tmp_path)
    pier.look()
    own.stop()
    own.start()
    pier.put("a.csv", b"1")
    until(lambda: not pier.link._client.get_transport().is_active())
    assert pier.finished() == {"a.csv": b"1"}
    pier.link.close()


def test_connections_leave_nothing_behind(cable: Cable, tmp_path: Path) -> None:
    """However often one is lost, closed or refused: no thread of ours and no process of the server stays."""
    pier = Pier(sshd(), tmp_path, sshd().access(tmp_path, cable.port, timeout=LIMIT * 10))
    pier.look()
    for turn in range(9):
        before = cable.opened
        if turn % 3 == 0:
            cable.cut()
            pier.ticks.now += 60
            pier.fault()
            pier.ticks.now += 60
        elif turn % 3 == 1:
            pier.link.close()
        else:
            refused = SftpLink(replace(pier.access, user="nobody-here"))
            assert text(refused).startswith("channels.sftp-login: ")
        assert pier.fault() == ""
        assert cable.opened > before
    pier.link.close()
    until(lambda: not [thread for thread in threading.enumerate() if isinstance(thread, paramiko.Transport)])
    until(lambda: sshd().connections() == 0)


def until(reached) -> None:
    """Wait for what must come soon."""
    end = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)
