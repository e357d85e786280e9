"""A private OpenSSH for tests: own host and login keys, a free port of 127.0.0.1, SFTP and nothing else."""

from __future__ import annotations

import atexit
import getpass
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from gateway.channels.sftp_connecting import SftpAccess

PATIENCE = 20.0  # seconds
PASSPHRASE = "open sesame"  # of the key that has one

_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
UseDNS no
PasswordAuthentication yes
KbdInteractiveAuthentication no
PermitRootLogin yes
MaxStartups 1000
MaxAuthTries 20
Subsystem sftp internal-sftp {options}
ForceCommand internal-sftp {options}
"""


@dataclass
class Sshd:
    """A server that can be stopped, started again and given another host key.

    Attributes:
        folder: Where its keys lie.
        port: Where it listens.
        largest_file: No file that it writes may grow beyond it, as on a disk that is full.
        within: A command that makes its surroundings, then becomes what its further words say.
    """

    folder: Path
    port: int
    largest_file: int | None = None
    within: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("sshd", path=f"/usr/sbin:{os.environ['PATH']}")
        assert program, "OpenSSH is not installed: make setup-tests"
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            command = [*self.within, program, "-D", "-e", "-f", str(self.folder / "config")]
            # Without the signals' defaults: a write that goes too far fails, and does not end the server.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, restore_signals=False
            )
            if self.largest_file is not None:
                limits = (self.largest_file, self.largest_file)
                resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, limits)
        _until(self._answers, "sshd does not start")

    def stop(self) -> None:
        """End it and every connection to it."""
        if self._process is not None:
            self.hang_up()
            self._process.terminate()
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        """End it and every connection to it as a lack of memory does."""
        assert self._process is not None
        self.hang_up()
        self._process.kill()
        self._process.wait()
        self._process = None

    def hang_up(self) -> None:
        """End every connection, as a server does that is short of memory."""
        assert self._process is not None
        for child in _descendants(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def freeze(self) -> None:
        """Stop answering, on connections that are there as well, until `thaw`."""
        assert self._process is not None
        for process in (self._process.pid, *_descendants(self._process.pid)):
            os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on."""
        assert self._process is not None
        for process in (self._process.pid, *_descendants(self._process.pid)):
            os.kill(process, signal.SIGCONT)

    def new_host_key(self) -> None:
        """Take another key, as after a new installation; it counts for new connections."""
        self.stop()
        make_key(self.folder / "host")
        self.start()

    def known_hosts(self, file: Path, port: int | None = None) -> Path:
        """Write the file that names the server's key, for another port if a proxy stands before it."""
        key = self.folder.joinpath("host.pub").read_text("ascii").split()
        file.write_text(f"[127.0.0.1]:{port or self.port} {key[0]} {key[1]}\n", "ascii")
        return file

    def access(self, folder: Path, port: int | None = None, timeout: float = PATIENCE) -> SftpAccess:
        """Return how it is reached; its known_hosts is written into the folder."""
        return SftpAccess(
            server="hub",
            host="127.0.0.1",
            port=port or self.port,
            user=getpass.getuser(),
            known_hosts=self.known_hosts(folder / "known_hosts", port),
            key_file=self.folder / "login",
            timeout=timeout,
            secret=lambda: None,
        )

    def with_passphrase(self, access: SftpAccess, passphrase: str | None = PASSPHRASE) -> SftpAccess:
        """Return the same with a key that has a passphrase."""
        return replace(access, key_file=self.folder / "locked", secret=lambda: passphrase)

    def connections(self) -> int:
        """Return how many processes serve connections."""
        assert self._process is not None
        return len(_descendants(self._process.pid))

    def _answers(self) -> bool:
        assert self._process is not None
        log = self.folder / "log"
        assert self._process.poll() is None, log.read_text("utf-8")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain:
            return plain.recv(4) == b"SSH-"
        return False


@cache
def sshd(options: str = "", largest_file: int | None = None) -> Sshd:
    """Return the server of this process with these options of internal-sftp; it ends with the process."""
    folder = Path(tempfile.mkdtemp(prefix="sshd-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    server = new_sshd(folder, options, largest_file)
    atexit.register(server.stop)
    return server


def new_sshd(folder: Path, options: str = "", largest_file: int | None = None) -> Sshd:
    """Start a server of the test's own; the test stops it."""
    make_key(folder / "host")
    make_key(folder / "login")
    make_key(folder / "locked", PASSPHRASE)
    keys = [folder.joinpath(f"{name}.pub").read_text("ascii") for name in ("login", "locked")]
    (folder / "authorized_keys").write_text("".join(keys), "ascii")
    port = free_port()
    (folder / "config").write_text(_CONFIG.format(port=port, folder=folder, options=options), "ascii")
    server = Sshd(folder, port, largest_file)
    server.start()
    return server


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def make_key(file: Path, passphrase: str = "") -> None:
    """Make an Ed25519 key in place of one that is there."""
    for each in (file, file.with_name(f"{file.name}.pub")):
        each.unlink(missing_ok=True)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(file)]
    subprocess.run(command, check=True, capture_output=True)


def _descendants(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return []
    children = [int(child) for child in text.split()]
    return children + [each for child in children for each in _descendants(child)]


def _until(reached: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, otherwise
        time.sleep(0.01)
