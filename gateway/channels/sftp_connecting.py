"""Reaching an SFTP server: one whose key is known, with our own key or password, and nothing else tried."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paramiko import (
    AuthenticationException,
    BadHostKeyException,
    Channel,
    HostKeys,
    MissingHostKeyPolicy,
    PKey,
    SSHClient,
    SSHException,
    Transport,
)
from paramiko.hostkeys import InvalidHostKey
from paramiko.pkey import UnknownKeyType

from gateway.channels.sftp_socket import PatientSocket
from gateway.errors import GatewayError, ParkedError, RetryError

# What it says of a lost connection, with a traceback, is told by our own alert.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)

# Of what paramiko can, in this order; without CBC, MD5 and SHA-1. Keys and their exchange have none of these.
CIPHERS = ("aes256-gcm@openssh.com", "aes128-gcm@openssh.com", "aes256-ctr", "aes192-ctr", "aes128-ctr")
DIGESTS = (
    *("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com"),
    *("hmac-sha2-256", "hmac-sha2-512"),
)
_KEEP_ALIVE_SECONDS = 30
_SSH_PORT = 22


@dataclass(frozen=True)
class SftpAccess:
    """How a server is reached.

    Attributes:
        server: Its name in the configuration.
        host: Its name or address.
        port: Its port.
        user: As whom.
        known_hosts: The file with its keys.
        key_file: Our private key; without one the secret is the password.
        timeout: How many seconds any operation may take.
        secret: Gives the key's passphrase or the password, None if there is none.
    """

    server: str
    host: str
    port: int
    user: str
    known_hosts: Path
    key_file: Path | None
    timeout: float
    secret: Callable[[], str | None] = field(repr=False)

    @property
    def entry(self) -> str:
        """How known_hosts names the server."""
        return self.host if self.port == _SSH_PORT else f"[{self.host}]:{self.port}"

    def known_keys(self) -> HostKeys:
        """Return the keys that are believed.

        Raises:
            ParkedError: `channels.sftp-known-hosts`, `channels.sftp-host-unlisted`.
        """
        keys = HostKeys()
        try:
            text = self.known_hosts.read_text("utf-8")
            keys.load(str(self.known_hosts))
        except OSError as fault:
            raise self._no_known_hosts(fault.strerror) from fault
        except (ValueError, InvalidHostKey, SSHException) as fault:
            raise self._no_known_hosts(type(fault).__name__) from fault
        if any(line.lstrip().startswith("@") for line in text.splitlines()):
            # Who revokes a key by such a line would not be heeded.
            raise self._no_known_hosts("@revoked, @cert-authority")
        if keys.lookup(self.entry) is None:
            raise ParkedError("channels.sftp-host-unlisted", file=self.known_hosts, entry=self.entry)
        return keys

    def _no_known_hosts(self, reason: str | None) -> ParkedError:
        return ParkedError("channels.sftp-known-hosts", file=self.known_hosts, reason=reason)

    def private_key(self) -> PKey | None:
        """Return our key, or None where the password is to serve.

        Raises:
            ParkedError: `channels.sftp-key-file`, `channels.sftp-no-secret`, or the secret is open to others.
        """
        secret = self.secret()
        # Bytes, whatever the declared type says: cryptography takes nothing else.
        password: Any = secret.encode() if secret else None
        if self.key_file is None:
            if secret is None:
                raise ParkedError("channels.sftp-no-secret", server=self.server)
            return None
        try:
            return PKey.from_path(self.key_file, password)
        except OSError as fault:
            reason = fault.strerror or type(fault).__name__
            raise ParkedError("channels.sftp-key-file", file=self.key_file, reason=reason) from fault
        except (SSHException, UnknownKeyType, ValueError, TypeError) as fault:
            # Its text is not told: nobody knows what of the file or passphrase stands in it.
            reason = type(fault).__name__
            raise ParkedError("channels.sftp-key-file", file=self.key_file, reason=reason) from None

    def check(self) -> None:
        """See that everything is there that a connection needs.

        Raises:
            ParkedError: What is missing.
        """
        self.known_keys()
        self.private_key()


def connect(access: SftpAccess) -> tuple[SSHClient, Channel]:
    """Return a connection on which SFTP can be spoken; the caller closes it.

    Raises:
        RetryError: `channels.sftp-unreachable`, `channels.sftp-key-changed`, `channels.sftp-key-unknown`,
            `channels.sftp-login`; or what is missing here.
    """
    client = SSHClient()
    with ExitStack() as undone:
        undone.callback(close, client, access.timeout)
        with _told(access, client):
            channel = _open(access, client)
        undone.pop_all()
    return client, channel


def close(client: SSHClient, patience: float) -> None:
    """End a connection and its thread."""
    transport = client.get_transport()
    if transport is not None:
        # Its thread hears of it at once, instead of when it next looks up.
        with suppress(OSError):
            transport.sock.shutdown(socket.SHUT_RDWR)
        transport.close()
        transport.join(patience)
        transport.sock.close()
    client.close()


def _open(access: SftpAccess, client: SSHClient) -> Channel:
    access.known_keys()
    client.load_host_keys(str(access.known_hosts))
    client.set_missing_host_key_policy(_Refuse())
    key = access.private_key()
    limit = access.timeout
    with socket.create_connection((access.host, access.port), timeout=limit) as plain:
        patient = PatientSocket(plain, limit)
    with ExitStack() as undone:
        undone.callback(patient.close)
        client.connect(
            access.host,
            access.port,
            access.user,
            pkey=key,
            password=None if key else access.secret(),
            allow_agent=False,
            look_for_keys=False,
            sock=patient,
            timeout=limit,
            banner_timeout=limit,
            auth_timeout=limit,
            channel_timeout=limit,
            transport_factory=_transport,
        )
        undone.pop_all()
    transport = client.get_transport()
    assert transport is not None
    transport.set_keepalive(_KEEP_ALIVE_SECONDS)
    channel = transport.open_session(timeout=limit)
    channel.settimeout(limit)
    channel.invoke_subsystem("sftp")
    return channel


def _transport(sock: Any, /, **_: object) -> Transport:
    transport = Transport(sock)
    options = transport.get_security_options()
    options.ciphers = CIPHERS
    options.digests = DIGESTS
    return transport


@contextmanager
def _told(access: SftpAccess, client: SSHClient) -> Iterator[None]:
    """Tell what stands between us and the server; nothing that was secret stands in it."""
    server = f"{access.server} ({access.entry})"
    try:
        yield
    except BadHostKeyException as fault:
        shown, known = fault.key.fingerprint, fault.expected_key.fingerprint
        values = {"server": server, "shown": shown, "known": known, "file": access.known_hosts}
        raise RetryError("channels.sftp-key-changed", **values) from None
    except _UnknownKeyError as fault:
        values = {"server": server, "shown": fault.fingerprint, "file": access.known_hosts}
        raise RetryError("channels.sftp-key-unknown", **values) from None
    except AuthenticationException as fault:
        if not _heard_no(client):
            raise RetryError("channels.sftp-unreachable", server=server, reason=str(fault)) from fault
        raise RetryError("channels.sftp-login", server=server, user=access.user) from None
    except (OSError, EOFError, SSHException, ValueError) as fault:
        reason = str(fault) or type(fault).__name__
        raise RetryError("channels.sftp-unreachable", server=server, reason=reason) from fault
    except ParkedError as fault:
        raise RetryError(fault.code, **fault.values) from fault


def _heard_no(client: SSHClient) -> bool:
    """Tell whether the server said no to the login; one that went away in the middle of it said nothing."""
    transport = client.get_transport()
    login = None if transport is None else transport.auth_handler
    # The library forgets whom it has asked for when the answer is no.
    return login is None or login.username is None


class _UnknownKeyError(GatewayError):
    """The server's key is that of no line of known_hosts."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__("channels.sftp-key-unknown")
        self.fingerprint = fingerprint


class _Refuse(MissingHostKeyPolicy):
    """Believes nobody."""

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002 - paramiko's
        raise _UnknownKeyError(key.fingerprint)
