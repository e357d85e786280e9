"""An SFTP server that is not OpenSSH: it takes a password, and its rename overwrites, as it should not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

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


class _Files(paramiko.SFTPServerInterface):
    """The machine's own files, with the names that paramiko can say."""

    def list_folder(self, path: str) -> Any:
        def listed() -> list[paramiko.SFTPAttributes]:
            entries = list(os.scandir(path))
            return [
                paramiko.SFTPAttributes.from_stat(entry.stat(follow_symlinks=False), entry.name)
                for entry in entries
            ]

        return _tried(listed)

    def stat(self, path: str) -> Any:
        return _tried(lambda: paramiko.SFTPAttributes.from_stat(Path(path).stat()))

    def lstat(self, path: str) -> Any:
        return _tried(lambda: paramiko.SFTPAttributes.from_stat(os.lstat(path)))

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes) -> Any:  # noqa: ARG002 - paramiko's
        def opened() -> paramiko.SFTPHandle:
            handle = paramiko.SFTPHandle(flags)
            writing = flags & (os.O_WRONLY | os.O_RDWR)
            file = os.fdopen(os.open(path, flags, 0o666), "wb" if writing else "rb")
            if writing:
                handle.writefile = file
            else:
                handle.readfile = file
            handle.stat = lambda: paramiko.SFTPAttributes.from_stat(os.fstat(file.fileno()))
            return handle

        return _tried(opened)

    def remove(self, path: str) -> int:
        return _tried(lambda: Path(path).unlink())

    def rename(self, oldpath: str, newpath: str) -> int:
        return _tried(partial(os.replace, oldpath, newpath))

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:  # noqa: ARG002 - paramiko's
        return _tried(lambda: Path(path).mkdir())

    def rmdir(self, path: str) -> int:
        return _tried(lambda: Path(path).rmdir())


def _tried(work: Callable[[], object]) -> Any:
    try:
        done = work()
    except OSError as fault:
        return paramiko.SFTPServer.convert_errno(fault.errno)
    return paramiko.SFTP_OK if done is None else done


@contextmanager
def foreign_server(folder: Path) -> Iterator[SftpAccess]:
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
                    transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files)
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
