"""Encryption of a signed message for customs: XML Encryption with AES-256-GCM under a key of RSA-OAEP."""

from __future__ import annotations

import secrets
from base64 import b64encode
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.errors import RejectedError, Violation
from gateway.signing.binding import fingerprint

NS = "http://www.w3.org/2001/04/xmlenc#"

_KEY_BYTES, _IV_BYTES = 32, 12
_LEAST_BITS = 2048
# What XML Encryption demands of every program. OAEP does not rest on what SHA-1 has lost: nobody gains by two
# inputs of one digest here.
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303
_FORM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<xenc:EncryptedData xmlns:xenc="{NS}" MimeType="text/xml">'
    '<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>'
    '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>'
    f'<xenc:EncryptionMethod Algorithm="{NS}rsa-oaep-mgf1p">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'
    "</xenc:EncryptionMethod><ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo>"
    "<xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    "</ds:KeyInfo><xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData>"
    "</xenc:EncryptedData>\n"
)


class Encrypter:
    """Encrypts for the holder of one certificate (ID-04)."""

    def __init__(self, certificate: x509.Certificate) -> None:
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey), "see load_recipient"
        self._key = key
        self._name = fingerprint(certificate)

    def encrypt(self, data: bytes) -> bytes:
        """Return an EncryptedData document that only the holder of the private key can open.

        The whole signed message is inside, so that nobody on the way sees who signed what. Each call
        gives other bytes: what is to be sent again is kept.
        """
        key, iv = secrets.token_bytes(_KEY_BYTES), secrets.token_bytes(_IV_BYTES)
        sealed = iv + AESGCM(key).encrypt(iv, data, None)
        text = _FORM.format(
            name=self._name,
            key=b64encode(self._key.encrypt(key, _OAEP)).decode(),
            data=b64encode(sealed).decode(),
        )
        return text.encode()


def load_recipient(file: Path) -> x509.Certificate:
    """Read the certificate for which a route's messages are encrypted.

    Raises:
        RejectedError: `signature.certificate-file`, or `signature.recipient-unsuitable`: its key is not
            RSA of 2048 bits or more.
    """
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        values = {"file": str(file), "reason": reason}
        raise RejectedError([Violation("signature.certificate-file", values=values)]) from fault
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _LEAST_BITS:
        raise RejectedError([Violation("signature.recipient-unsuitable", values={"file": str(file)})])
    return certificate
