"""A private PostgreSQL for tests: own data folder, own socket folder, a free port of 127.0.0.1."""

from __future__ import annotations

import atexit
import fcntl
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

_USER = "postgres"
_names = count(1)


@dataclass(frozen=True)
class Server:
    """A running server that can be killed and started again; every test makes a database of its own in it.

    Attributes:
        port: Where it takes connections.
        folder: Where its data lies, and its log.
        flushes: Whether a commit waits for the disk, as where figures are to be true.
    """

    port: int
    folder: Path
    flushes: bool = False

    @property
    def pid(self) -> int:
        """The process that all others are children of."""
        return int((self.folder / "data/postmaster.pid").read_text("ascii").split()[0])

    def url(self, database: str) -> str:
        """Return the URL of a database, as the gateway's configuration has it."""
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a database like the template and return its name."""
        name = f"test_{next(_names)}"
        # Copying files takes half the time of writing each page to the log.
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        with self._connect() as connection:
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def dump(self, database: str, file: Path) -> None:
        """Back a database up with the server's own tool."""
        words = ["--format=custom", f"--file={file}", self.url(database)]
        subprocess.run([_programs() / "pg_dump", *words], check=True)

    def restore(self, database: str, file: Path) -> None:
        """Make a database anew from a backup."""
        words = ["--clean", "--if-exists", f"--dbname={self.url(database)}"]
        subprocess.run([_programs() / "pg_restore", *words, str(file)], check=True)

    def start(self) -> None:
        """Start it, after a death with all that was committed."""
        # No test outlives the machine, so that flushing to its disk proves nothing.
        places = f"-c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        options = f"{places} -p {self.port} -c fsync={'on' if self.flushes else 'off'}"
        _run([*self._control, "--log", self.folder / "log", "--options", options, "start"], self.folder)

    def certify(self, certificate: Path, key: Path) -> None:
        """Let it prove with a certificate who it is, to whoever connects with TLS from now on."""
        for name, file in (("server.crt", certificate), ("server.key", key)):
            shown = self.folder / "data" / name
            shown.touch(mode=0o600)
            _give_to_server(shown)
            shown.write_bytes(file.read_bytes())
        self._set(ssl="on")

    def uncertify(self) -> None:
        """Let it be as it was, without TLS."""
        self._set(ssl="off")

    def stop(self) -> None:
        """End it at once."""
        _run([*self._control, "--mode", "immediate", "stop"], self.folder)

    def kill(self) -> None:
        """End all its processes as a lack of memory does; its successor needs the memory that they share."""
        first = self.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text("ascii").split()
        killed = [os.pidfd_open(pid) for pid in (first, *map(int, children))]
        for handle in killed:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        for handle in killed:
            select.select([handle], [], [])
            os.close(handle)
        # Where nobody fetches what has ended, its number stays in use, and the successor would not start.
        for lock in (self.folder / "data/postmaster.pid", *self.folder.glob(".s.PGSQL.*.lock")):
            lock.unlink()

    @property
    def _control(self) -> list[str | Path]:
        return [_programs() / "pg_ctl", "--pgdata", self.folder / "data", "--wait"]

    def _set(self, **values: str) -> None:
        """Change settings, also for files that it has read, and wait until connections begin with them."""
        with self._connect() as connection:
            for name, value in values.items():
                change = sql.SQL("ALTER SYSTEM SET {} = {}")
                connection.execute(change.format(sql.Identifier(name), sql.Literal(value)))
            before = self._loaded()
            connection.execute("SELECT pg_reload_conf()")
        while self._loaded() == before:
            pass

    def _loaded(self) -> tuple[object, ...] | None:
        with self._connect() as connection:
            return connection.execute("SELECT pg_conf_load_time()").fetchone()

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.url("postgres"), autocommit=True)


@contextmanager
def server(*, flushes: bool = False) -> Iterator[Server]:
    """Run a server until the block ends."""
    programs = _programs()
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        made = Server(_free_port(), folder, flushes)
        _give_to_server(folder)
        # Sorting by the rules of a language shows whatever relies on sorting by code points.
        sorting = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=zh"]
        access = [f"--username={_USER}", "--auth=trust"]
        _run([programs / "initdb", "--pgdata", folder / "data", "--no-sync", *access, *sorting], folder)
        made.start()
        atexit.register(_stop_left_over, made)
        try:
            yield made
        finally:
            atexit.unregister(_stop_left_over)
            made.stop()


def _give_to_server(path: Path) -> None:
    # As root the server runs as another user.
    if os.geteuid() == 0:
        account = pwd.getpwnam(_USER)
        os.chown(path, account.pw_uid, account.pw_gid)


def _stop_left_over(left: Server) -> None:
    if left.folder.exists():
        left.stop()


def _run(command: Sequence[str | Path], folder: Path) -> None:
    # The server refuses to run as root.
    other = {"user": _USER, "group": _USER, "extra_groups": ()} if os.geteuid() == 0 else {}
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder)}
    # A file, because the server inherits it: a pipe would stay open for as long as the server runs.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            **other,
        )
        output.seek(0)
        told = output.read().decode("utf-8", "replace")
    assert done.returncode == 0, f"{command[0]} failed:\n{told}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path:
    found = _find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with Path(tempfile.gettempdir(), "install-postgresql.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _install()
        found = _find()
    assert found is not None, "PostgreSQL is missing; install it, for example: apt-get install postgresql"
    return found


def _find() -> Path | None:
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda file: int(file.parts[4]))
    named = [Path(found) for found in (shutil.which("initdb"),) if found]
    return next((file.parent for file in (*packaged[::-1], *named)), None)


def _install() -> None:
    # A system service must not start because tests want the programs.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for words in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", "postgresql"]):
            subprocess.run(["apt-get", *words], env=environment, stdout=subprocess.DEVNULL, check=True)
    finally:
        if ours:
            policy.unlink()
