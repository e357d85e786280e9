"""Private SoftHSM2 tokens for tests: each in a folder of its own, made once a process and then copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.errors import GatewayError
from gateway.latch import PinLatch
from gateway.signing import Binding, Login, Token, Trial, make_trial_token, pin_source
from gateway.signing.keys import RsaTokenKey
from gateway.signing.trial import Algorithm

ENTERPRISE = "4403180001"
NOON = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class PrivateToken:
    """A token that one test may use, break and throw away."""

    trial: Trial
    certificate: x509.Certificate
    certificate_file: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs in its environment to see this token."""
        return {"SOFTHSM2_CONF": str(self.trial.configuration)}

    @property
    def tokens(self) -> Path:
        """The folder whose absence is the token's absence."""
        return self.trial.folder / "tokens"

    def latch(self) -> PinLatch:
        """Return the PIN latch of this token, as a new process would see it."""
        return PinLatch(self.trial.folder / "pin-latch", lambda: NOON)

    def login(self) -> Login:
        """Return the login that bootstrap would make."""
        return Login(pin_source(self.trial.pin_file), self.latch(), token_reports_failed_logins=True)

    def open(self, *bindings: Binding, login: Login | None = None) -> Token:
        """Return the owner of the token; the caller closes it."""
        found = bindings or (Binding(ENTERPRISE, key_label=self.trial.key_label),)
        return Token(self.trial.module(), self.trial.label, found, login or self.login(), lambda: NOON)


def private_token(folder: Path, algorithm: Algorithm = "rsa") -> PrivateToken:
    """Copy a freshly made token into the folder."""
    shutil.copytree(_template(algorithm).folder, folder, dirs_exist_ok=True)
    trial = replace(_template(algorithm), folder=folder)
    certificate_file = folder / "enterprise.pem"
    return PrivateToken(trial, make_trial_token(trial, certificate_file), certificate_file)


@cache
def _template(algorithm: Algorithm) -> Trial:
    folder = Path(tempfile.mkdtemp(prefix="token-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    trial = Trial(folder, ENTERPRISE, "深圳示例进出口有限公司", algorithm=algorithm)
    make_trial_token(trial, folder / "enterprise.pem")
    return trial


def sign(token: Token, enterprise: str = ENTERPRISE) -> bytes:
    """Sign something with the enterprise's RSA key."""
    key = token.identity(enterprise).key
    assert isinstance(key, RsaTokenKey)
    return key.sign(b"data", padding.PKCS1v15(), hashes.SHA256())


def refusal(call: Callable[[], object]) -> GatewayError:
    """Return the error of a call that must fail; it says what to do in both languages."""
    with pytest.raises(GatewayError) as caught:
        call()
    assert "{" not in caught.value.text("en") + caught.value.text("zh")
    return caught.value
