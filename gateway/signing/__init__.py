"""The signing room: the token, XML signatures made with it, and the verification of others' signatures."""

from gateway.signing.binding import Binding, fingerprint
from gateway.signing.certificates import Certificate, pinned_certificates, stated_certificates
from gateway.signing.encryption import Encrypter, load_recipient
from gateway.signing.inspection import TokenStatus, inspect_token
from gateway.signing.module import Module, find_softhsm
from gateway.signing.pin import Login, PinSource, pin_source
from gateway.signing.suites import SUITES, SignaturePolicy, Suite
from gateway.signing.token import Identity, Token
from gateway.signing.trial import Trial, make_trial_token
from gateway.signing.verification import Verified, Verifier, load_certificates, load_files
from gateway.signing.xmldsig import Signer

__all__ = [
    "SUITES",
    "Binding",
    "Certificate",
    "Encrypter",
    "Identity",
    "Login",
    "Module",
    "PinSource",
    "SignaturePolicy",
    "Signer",
    "Suite",
    "Token",
    "TokenStatus",
    "Trial",
    "Verified",
    "Verifier",
    "find_softhsm",
    "fingerprint",
    "inspect_token",
    "load_certificates",
    "load_files",
    "load_recipient",
    "make_trial_token",
    "pin_source",
    "pinned_certificates",
    "stated_certificates",
]
