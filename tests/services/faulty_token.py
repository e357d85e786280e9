"""SoftHSM2 behind a library that fails, dawdles, hangs or crashes when it is told to."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gateway.signing import Binding, Login, Module, Token, find_softhsm
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken

# What PKCS#11 calls them; a library returns these when its device fails.
CODES = {
    "CKR_GENERAL_ERROR": 0x05,
    "CKR_FUNCTION_FAILED": 0x06,
    "CKR_DEVICE_ERROR": 0x30,
    "CKR_DEVICE_MEMORY": 0x31,
    "CKR_PIN_INCORRECT": 0xA0,
    "CKR_VENDOR_DEFINED": 0x80000001,
}
_SOURCE = Path(__file__).with_suffix(".c")
_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class FaultyToken:
    """A token whose library does what it is told.

    Attributes:
        private: The token itself.
    """

    private: PrivateToken

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs in its environment for the library."""
        folder = self.private.trial.folder
        return {
            **self.private.environment,
            "FAULTY_LIBRARY": str(find_softhsm()),
            "FAULTY_ORDERS": str(folder / "orders"),
            "FAULTY_CALLS": str(folder / "calls"),
        }

    def befall(self, what: str, number: int = 0, *, function: str = "C_Sign", spared: int = 0) -> None:
        """Let something befall each further call of a function, but for so many before."""
        fresh = self.private.trial.folder / "orders.new"
        fresh.write_text(f"{function} {what} {number} {spared}\n")
        fresh.replace(self.environment["FAULTY_ORDERS"])

    def heal(self) -> None:
        """Let nothing befall any call; what hangs goes on."""
        Path(self.environment["FAULTY_ORDERS"]).unlink(missing_ok=True)

    def calls(self, function: str) -> int:
        """Return how often a function was called since the token was made."""
        file = Path(self.environment["FAULTY_CALLS"])
        return file.read_text().split().count(function) if file.exists() else 0

    def open(self, module: Module | None = None, login: Login | None = None) -> Token:
        """Return the owner of the token; the caller closes it."""
        trial = self.private.trial
        binding = Binding(ENTERPRISE, key_label=trial.key_label)
        found = module or Module(faulty_library(), self.environment)
        return Token(found, trial.label, [binding], login or self.private.login(), lambda: NOON)


@dataclass(frozen=True)
class Aside:
    """The library at work in processes of its own, as p11-kit offers it.

    Attributes:
        server: Starts one process for each client.
        socket: Where it listens.
    """

    server: subprocess.Popen[bytes]
    socket: Path

    def module(self) -> Module:
        """Return the library by which others reach it."""
        (client,) = Path("/usr/lib").glob("*/pkcs11/p11-kit-client.so")
        # It asks for the address when it is loaded, and a process loads a library of one path once.
        own = self.socket.with_name("p11-kit-client.so")
        shutil.copy(client, own)
        return Module(own, {"P11_KIT_SERVER_ADDRESS": f"unix:path={self.socket}"})

    def kill(self) -> None:
        """Kill the processes in which the library works; the server stays."""
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)


@contextmanager
def aside(faulty: FaultyToken) -> Iterator[Aside]:
    """Let the library work in a process of its own, so that its crash is not the crash of its user."""
    socket = faulty.private.trial.folder / "pkcs11"
    command = ["p11-kit", "server", "-f", "-n", str(socket), "--provider", str(faulty_library()), "pkcs11:"]
    with subprocess.Popen(
        command,
        env={**os.environ, **faulty.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            end = time.monotonic() + _PATIENCE_SECONDS
            while not socket.exists():
                assert time.monotonic() < end, "p11-kit does not listen"
                time.sleep(_LOOK_SECONDS)
            yield Aside(server, socket)
        finally:
            server.terminate()


@cache
def faulty_library() -> Path:
    """Compile the library, once a process."""
    folder = Path(tempfile.mkdtemp(prefix="faulty-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = folder / "faulty_token.so"
    command = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", str(made), str(_SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return made
