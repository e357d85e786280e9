"""The token's owner with a second, independent library: a real TPM 2.0 under tpm2-pkcs11."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from gateway.durable import write_private
from gateway.errors import RetryError
from gateway.latch import LatchState
from gateway.signing import inspect_token
from tests.services.softhsm import ENTERPRISE, refusal, sign
from tests.services.tpm import TpmToken, tpm_token


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TpmToken]:
    """One device with an RSA key, which each test leaves plugged in and unlocked."""
    with tpm_token(tmp_path_factory.mktemp("tpm")) as made:
        yield made


@pytest.mark.requirement("ID-01")
def test_another_makers_token_signs_as_well(device: TpmToken) -> None:
    """What it signs fits the certificate that is stored beside the key."""
    token = device.open()
    assert token.identity(ENTERPRISE).certificate == device.certificate
    public = device.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(sign(token), b"data", padding.PKCS1v15(), hashes.SHA256())
    token.close()


@pytest.mark.requirement("ID-03")
def test_signing_resumes_when_the_device_is_back(device: TpmToken) -> None:
    """Pulled out in the midst of work and put back, by the same owner and without a further word."""
    token = device.open()
    before = sign(token)
    device.tpm.pull_out()
    for _ in range(3):
        assert isinstance(refusal(lambda: sign(token)), RetryError)
    assert device.latch().read().state is LatchState.CLEAR, "a device that is away has refused no PIN"
    device.tpm.put_in()
    assert sign(token) == before
    token.close()


@pytest.mark.requirement("ID-05")
def test_a_wrong_pin_is_tried_once_there_too(device: TpmToken) -> None:
    """The device counts wrong ones for itself, and locks; it is given a single one."""
    right = device.trial.pin_file.read_text()
    write_private(device.trial.pin_file, "0000")
    token = device.open()
    for _ in range(3):
        assert refusal(lambda: sign(token)).code == "token.pin-latched"
    write_private(device.trial.pin_file, right)
    assert refusal(lambda: sign(token)).code == "token.pin-latched"
    device.latch().unlock()
    assert sign(token)
    token.close()


def test_an_operator_sees_the_device_without_a_pin(device: TpmToken) -> None:
    """Maker, model and certificates are public."""
    status = inspect_token(device.tpm.module(), device.trial.label, device.latch())
    assert status.fault is None
    assert "SoftHSM" not in status.model
    assert status.certificates == ((device.trial.key_label, device.certificate),)
