"""The token's owner, with a real SoftHSM2: keys that never leave, faults that heal, a PIN tried once."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.constants import CertificateType

from gateway.errors import GatewayError, ParkedError, RetryError
from gateway.signing import (
    Binding,
    LatchState,
    Login,
    Module,
    Token,
    find_softhsm,
    fingerprint,
    inspect_token,
    make_trial_token,
    module,
    pin_from_file,
)
from gateway.signing.keys import RsaTokenKey
from gateway.signing.pin import write_private
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token


@pytest.fixture
def private(tmp_path: Path) -> PrivateToken:
    """Return a token of this test's own, with an RSA key."""
    return private_token(tmp_path / "token")


@pytest.fixture
def opened(private: PrivateToken) -> Iterator[Token]:
    """Return the token's owner, and let go of it in the end."""
    token = private.open()
    yield token
    token.close()


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


def session_of(private: PrivateToken) -> pkcs11.Session:
    """Open the token for writing, as its issuer would."""
    pin = private.trial.pin_file.read_text()
    return private.trial.module().open(private.trial.label).open(rw=True, user_pin=pin)


@pytest.mark.requirement("ID-01")
def test_the_key_signs_and_the_certificate_comes_from_the_token(private: PrivateToken, opened: Token) -> None:
    """What the token signs fits the certificate that is stored beside the key."""
    identity = opened.identity(ENTERPRISE)
    assert identity.certificate == private.certificate
    public = identity.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(sign(opened), b"data", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.requirement("ID-01")
def test_the_key_never_leaves_the_token(private: PrivateToken) -> None:
    """The token refuses to give the private exponent even to who knows the PIN."""
    with session_of(private) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        assert key[Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.PRIVATE_EXPONENT]
    private.trial.module().close()


def test_a_key_of_the_token_cannot_be_pickled(opened: Token) -> None:
    """Nor can what holds it: an identity never reaches another process."""
    with pytest.raises(TypeError):
        pickle.dumps(opened.identity(ENTERPRISE))


@pytest.mark.requirement("ID-02")
def test_an_unbound_enterprise_is_refused_before_the_token_is_touched(private: PrivateToken) -> None:
    """The refusal needs no token at all."""
    token = Token(
        Module(private.trial.folder / "no-module.so"), "any", [Binding(ENTERPRISE)], private.login()
    )
    error = refusal(lambda: token.identity("4403189999"))
    assert isinstance(error, ParkedError)
    assert error.code == "token.enterprise-not-bound"


@pytest.mark.requirement("ID-02")
def test_a_key_is_bound_by_id_and_its_certificate_by_fingerprint(private: PrivateToken) -> None:
    """Another token with the same labels signs nothing."""
    good = fingerprint(private.certificate).upper()
    token = private.open(
        Binding("A", key_id=b"\x01", fingerprint=good),
        Binding("B", key_label="declarant", fingerprint="00" * 32),
    )
    assert sign(token, "A")
    assert refusal(lambda: sign(token, "B")).code == "token.certificate-differs"
    assert sign(token, "A")
    token.close()


@pytest.mark.requirement("ID-02")
def test_each_enterprise_signs_with_its_own_key(private: PrivateToken) -> None:
    """Keys without certificate, doubled ones and missing ones are told apart and stop nobody else."""
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", label="bare", store=True)
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x03", label="bare", store=True)
        certificate = next(iter(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})))
        certificate.copy({Attribute.TOKEN: True, Attribute.ID: b"\x03"})
        certificate.copy({Attribute.TOKEN: True, Attribute.ID: b"\x03", Attribute.LABEL: "again"})
    private.trial.module().close()
    token = private.open(
        Binding(ENTERPRISE, key_label="declarant"),
        Binding("bare", key_id=b"\x02"),
        Binding("doubled", key_label="bare"),
        Binding("ambiguous", key_id=b"\x03"),
        Binding("missing", key_label="none"),
    )
    codes = {
        name: refusal(lambda name=name: token.identity(name)).code
        for name in ("bare", "doubled", "ambiguous", "missing")
    }
    assert codes == {
        "bare": "token.certificate-absent",
        "doubled": "token.key-not-unique",
        "ambiguous": "token.certificate-not-unique",
        "missing": "token.key-absent",
    }
    assert sign(token)
    token.close()


def _odd_certificate(session: pkcs11.Session, key_id: bytes, value: bytes) -> None:
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.SUBJECT: b"0\x00",
            Attribute.LABEL: "odd",
            Attribute.ID: key_id,
            Attribute.VALUE: value,
        }
    )


@pytest.mark.requirement("ID-02")
def test_keys_that_cannot_sign_as_agreed_are_refused(private: PrivateToken) -> None:
    """Another curve, a key for decryption only, and bytes that are no certificate."""
    large = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "P-384")])
    builder = x509.CertificateBuilder(name, name, large.public_key(), 1, NOON, NOON)
    foreign = builder.sign(large, hashes.SHA256()).public_bytes(Encoding.DER)
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", store=True)
        _odd_certificate(session, b"\x02", foreign)
        session.generate_keypair(
            KeyType.RSA, 2048, id=b"\x03", store=True, capabilities=MechanismFlag.DECRYPT
        )
        _odd_certificate(session, b"\x03", foreign)
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x04", store=True)
        _odd_certificate(session, b"\x04", b"not a certificate")
    private.trial.module().close()
    ids = {"curve": b"\x02", "decrypts": b"\x03", "garbage": b"\x04"}
    token = private.open(*(Binding(enterprise, key_id=key_id) for enterprise, key_id in ids.items()))
    codes = {name: refusal(lambda name=name: token.identity(name)).code for name in ids}
    assert codes == {
        "curve": "token.key-unsupported",
        "decrypts": "token.key-unsupported",
        "garbage": "token.certificate-unreadable",
    }
    token.close()
    status = inspect_token(private.trial.module(), private.trial.label, private.latch())
    assert status.fault is not None
    assert status.fault.code == "token.certificate-unreadable"


@pytest.mark.requirement("ID-02")
def test_a_certificate_of_another_key_signs_nothing(private: PrivateToken) -> None:
    """The certificate's id may lie; the signature's check does not."""
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", label="other", store=True)
        certificate = next(iter(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})))
        certificate.copy({Attribute.TOKEN: True, Attribute.ID: b"\x02"})
    private.trial.module().close()
    token = private.open(Binding(ENTERPRISE, key_label="other"))
    assert refusal(lambda: sign(token)).code == "token.certificate-mismatch"
    token.close()


@pytest.mark.requirement("ID-03")
def test_signing_resumes_by_itself_when_the_token_is_back(private: PrivateToken, opened: Token) -> None:
    """Pulled out in the midst of work: each attempt says so, and the first one after its return succeeds."""
    before = sign(opened)
    private.tokens.rename(private.trial.folder / "pulled-out")
    assert refusal(lambda: sign(opened)).code == "token.session-lost"
    for _ in range(2):
        error = refusal(lambda: sign(opened))
        assert isinstance(error, RetryError)
        assert error.code == "token.absent"
    (private.trial.folder / "pulled-out").rename(private.tokens)
    assert sign(opened) == before
    assert private.latch().read().state is LatchState.CLEAR


@pytest.mark.requirement("ID-03")
def test_a_library_that_was_reset_is_opened_anew(private: PrivateToken, opened: Token) -> None:
    """Whatever the library says when its sessions are gone, the next attempt begins from the start."""
    before = sign(opened)
    pkcs11.lib(str(find_softhsm())).finalize()
    assert refusal(lambda: sign(opened)).code == "token.session-lost"
    assert sign(opened) == before


@pytest.mark.requirement("ID-03")
def test_a_token_that_was_never_there_is_absent(private: PrivateToken) -> None:
    """Neither another label, nor a missing library, nor a missing folder ends the gateway."""
    for library, label, code in [
        (private.trial.module(), "another", "token.absent"),
        (Module(Path("/no/such/module.so")), private.trial.label, "token.module-absent"),
        (Module(private.trial.pin_file), private.trial.label, "token.absent"),
    ]:
        token = Token(library, label, [Binding(ENTERPRISE, "declarant")], private.login())
        for _ in range(2):
            assert refusal(lambda token=token: token.identity(ENTERPRISE)).code == code
        token.close()


def test_two_tokens_of_one_label_are_not_guessed_between(private: PrivateToken, tmp_path: Path) -> None:
    """Signing with the wrong one would be worse than not signing."""
    other = replace(private.trial, folder=tmp_path / "other", algorithm="ec")
    make_trial_token(other, tmp_path / "other.pem")
    (made,) = (other.folder / "tokens").iterdir()
    made.rename(private.tokens / made.name)
    token = private.open()
    assert refusal(lambda: sign(token)).code == "token.label-not-unique"
    token.close()


def test_a_key_of_before_is_not_used_after_the_token_was_closed(opened: Token) -> None:
    """Its handle may be another key's by now."""
    stale = opened.identity(ENTERPRISE).key
    opened.close()
    assert sign(opened)
    assert isinstance(stale, RsaTokenKey)
    error = refusal(lambda: stale.sign(b"data", padding.PKCS1v15(), hashes.SHA256()))
    assert error.code == "token.session-lost"


def test_the_token_belongs_to_one_thread(opened: Token) -> None:
    """The library was told that one thread calls it; any other is refused until the owner closes."""
    sign(opened)
    outcome: list[BaseException | bytes] = []

    def elsewhere() -> None:
        try:
            outcome.append(sign(opened))
        except RuntimeError as fault:
            outcome.append(fault)

    def run() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    run()
    opened.close()
    run()
    assert isinstance(outcome[0], RuntimeError)
    assert isinstance(outcome[1], bytes)


@pytest.mark.requirement("ID-05")
def test_a_really_wrong_pin_is_tried_once(private: PrivateToken) -> None:
    """After a restart not even the right one is tried, until an operator unlocks."""
    right = private.trial.pin_file.read_text()
    write_private(private.trial.pin_file, "0000")
    token = private.open()
    assert refusal(lambda: sign(token)).code == "token.pin-latched"
    token.close()
    assert inspect_token(private.trial.module(), private.trial.label, private.latch()).pin_tried_wrong

    write_private(private.trial.pin_file, right)
    restarted = private.open()
    for _ in range(2):
        assert refusal(lambda: sign(restarted)).code == "token.pin-latched"
    private.latch().unlock()
    assert sign(restarted)
    restarted.close()
    assert not inspect_token(private.trial.module(), private.trial.label, private.latch()).pin_tried_wrong


@pytest.mark.requirement("ID-05")
def test_a_gateway_killed_while_it_logged_in_goes_on(private: PrivateToken) -> None:
    """SoftHSM2 reports failed logins, so that a mark without failure stops nothing; a strict login stops."""
    private.latch().attempt()
    token = private.open()
    assert sign(token)
    token.close()
    private.latch().attempt()
    strict = private.open(login=Login(pin_from_file(private.trial.pin_file), private.latch()))
    assert refusal(lambda: sign(strict)).code == "token.pin-latched"
    strict.close()


def test_an_operator_sees_the_token_without_a_pin(private: PrivateToken) -> None:
    """Serial, flags and certificates are public; a fault is told instead of raised."""
    library, label = private.trial.module(), private.trial.label
    status = inspect_token(library, label, private.latch())
    assert status.fault is None
    assert status.serial
    assert "SoftHSM" in status.model
    assert status.certificates == (("declarant", private.certificate),)
    assert not any([status.pin_tried_wrong, status.pin_final_try, status.pin_locked])
    private.tokens.rename(private.trial.folder / "pulled-out")
    private.latch().fail("PinIncorrect")
    gone = inspect_token(library, label, private.latch())
    assert gone.fault is not None
    assert gone.fault.code == "token.absent"
    assert gone.latch.state is LatchState.FAILED


def test_a_token_that_fails_while_it_is_looked_at_is_told(
    private: PrivateToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own word is the reason."""

    class Failing:
        def open(self) -> None:
            raise pkcs11.DeviceError

    library = private.trial.module()
    monkeypatch.setattr(library, "open", lambda _: Failing())
    status = inspect_token(library, private.trial.label, private.latch())
    assert status.fault is not None
    assert "DeviceError" in status.fault.text("zh")


def test_a_machine_without_softhsm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual places are searched, and the refusal names the package."""
    assert find_softhsm().is_file()
    monkeypatch.setattr(module, "_SOFTHSM_PLACES", ("/no/such/*",))
    error = refusal(find_softhsm)
    assert error.code == "token.softhsm-absent"
    assert "softhsm2" in error.text("zh")
