"""A private TPM 2.0 with its PKCS#11 library: a second token for tests, by other makers than SoftHSM2."""

from __future__ import annotations

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pkcs11
from cryptography import x509

from gateway.durable import write_private
from gateway.errors import RetryError
from gateway.latch import PinLatch
from gateway.signing import Binding, Login, Module, Token, Trial, pin_source
from gateway.signing.token import read_certificates
from gateway.signing.trial import fill
from tests.services.softhsm import ENTERPRISE, NOON

_PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.02


@dataclass
class Tpm:
    """The device: it can be pulled out and put back, and keeps what it holds.

    Attributes:
        folder: Where its state and the library's store lie.
        port: Where it listens, and one above for its control.
    """

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the library reads when it is initialised."""
        return {
            "TPM2_PKCS11_STORE": str(self.folder / "store"),
            "TPM2_PKCS11_TCTI": f"swtpm:host=127.0.0.1,port={self.port}",
            # It complains of each call that fails, as the tests make many do.
            "TPM2_PKCS11_LOG_LEVEL": "0",
            "TSS2_LOG": "all+NONE",
        }

    def module(self) -> Module:
        """Return the library of this device."""
        return Module(_library(), self.environment)

    def put_in(self) -> None:
        """Plug it in; when this returns, it answers."""
        state = self.folder / "state"
        state.mkdir(exist_ok=True)
        command = [
            *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
            *("--ctrl", f"type=tcp,bindaddr=127.0.0.1,port={self.port + 1}"),
            *("--server", f"type=tcp,bindaddr=127.0.0.1,port={self.port}"),
            *("--flags", "not-need-init,startup-clear"),
        ]
        with (self.folder / "swtpm.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        end = time.monotonic() + _PATIENCE_SECONDS
        # Its control port: the other one serves a single client, and ends with it.
        while not _answers(self.port + 1):
            assert self._process.poll() is None, (self.folder / "swtpm.log").read_text()
            assert time.monotonic() < end, "the device does not answer"
            time.sleep(_LOOK_SECONDS)

    def pull_out(self) -> None:
        """Take it away in the midst of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@dataclass(frozen=True)
class TpmToken:
    """A token on the device, with the key of an enterprise."""

    tpm: Tpm
    trial: Trial
    certificate: x509.Certificate

    def latch(self) -> PinLatch:
        """Return the PIN latch of this token, as a new process would see it."""
        return PinLatch(self.tpm.folder / "pin-latch", lambda: NOON)

    def open(self) -> Token:
        """Return the owner of the token; the caller closes it."""
        binding = Binding(ENTERPRISE, key_label=self.trial.key_label)
        login = Login(pin_source(self.trial.pin_file), self.latch())
        return Token(self.tpm.module(), self.trial.label, [binding], login, lambda: NOON)


@contextmanager
def tpm_token(folder: Path) -> Iterator[TpmToken]:
    """Make a device, a token on it and a key, and throw all of it away in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store").mkdir()
    tpm = Tpm(folder, _free_ports())
    tpm.put_in()
    try:
        trial = Trial(folder, ENTERPRISE, "深圳示例进出口有限公司")
        write_private(trial.pin_file, secrets.token_hex(8))
        module = tpm.module()
        fill(trial, module)
        with module.open(trial.label).open() as session:
            ((_, certificate),) = read_certificates(session, {pkcs11.Attribute.LABEL: trial.key_label})
        module.close()
        yield TpmToken(tpm, trial, certificate)
    finally:
        tpm.pull_out()


def _library() -> Path:
    for found in Path("/usr/lib").glob("*/pkcs11/libtpm2_pkcs11.so"):
        return found
    raise RetryError("token.module-absent", module="libtpm2_pkcs11.so")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_ports() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
