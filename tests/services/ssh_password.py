"""An SSH server that takes a password, as OpenSSH cannot without accounts; its SFTP holds nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import paramiko

from gateway.channels.sftp_connecting import SftpAccess

PASSWORD = "correct horse battery"


class _Door(paramiko.ServerInterface):
    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == ("acme", PASSWORD)
        return paramiko.AUTH_SUCCESSFUL if right else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's
        return "password"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - paramiko's
        return paramiko.OPEN_SUCCEEDED


class _Empty(paramiko.SFTPServerInterface):
    def lstat(self, path: str) -> int:  # noqa: ARG002 - paramiko's
        return paramiko.SFTP_NO_SUCH_FILE


@contextmanager
def password_server(folder: Path) -> Iterator[SftpAccess]:
    """Run the server until the block ends, and say how it is reached."""
    key = paramiko.ECDSAKey.generate()
    transports: list[paramiko.Transport] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    plain, _ = listening.accept()
                    transport = paramiko.Transport(plain)
                    transport.add_server_key(key)
                    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Empty)
                    transport.start_server(event=threading.Event(), server=_Door())
                    transports.append(transport)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n", "ascii")
        yield SftpAccess("hub", "127.0.0.1", port, "acme", known_hosts, None, 10.0, lambda: PASSWORD)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for transport in transports:
        transport.close()
        transport.join()
