"""What is encrypted for the office: opened with its key before anybody reads it (XML Encryption 1.1)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from customs_stub.layers import Opened, Piece
from customs_stub.xmltree import UnreadableError, parse

_XENC = "{http://www.w3.org/2001/04/xmlenc#}"
_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
_OAEP_URI = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)  # noqa: S303
_IV_BYTES = 12


@dataclass(frozen=True, slots=True)
class Decryption:
    """Opens what is encrypted; what is not, or not for this office, goes on for the office to judge.

    Attributes:
        key: The file of the office's private key.
    """

    key: Path

    def open(self, name: str, data: bytes, moment: datetime) -> Opened:  # noqa: ARG002 -- every layer's
        """Decrypt a message."""
        try:
            root = parse(data)
            if root.tag == f"{_XENC}EncryptedData":
                return Opened(self._decrypt(root))
        except (UnreadableError, ValueError, InvalidTag):
            pass
        return Opened(data)

    def dress(self, piece: Piece, number: str, moment: datetime) -> Piece:  # noqa: ARG002 -- every layer's
        """Leave answers as they are: they are signed, and no secret."""
        return piece

    def _decrypt(self, root: etree._Element) -> bytes:
        (wrapped,) = root.iter(f"{_XENC}EncryptedKey")
        if (_method(root), _method(wrapped)) != (_GCM, _OAEP_URI):
            raise ValueError("another algorithm")
        private = load_pem_private_key(self.key.read_bytes(), None)
        assert isinstance(private, rsa.RSAPrivateKey), "the office makes itself an RSA key"
        sealed = _value(root)
        return AESGCM(private.decrypt(_value(wrapped), _OAEP)).decrypt(
            sealed[:_IV_BYTES], sealed[_IV_BYTES:], None
        )


def _method(element: etree._Element) -> str:
    found = element.find(f"{_XENC}EncryptionMethod")
    return "" if found is None else found.get("Algorithm", "")


def _value(element: etree._Element) -> bytes:
    text = element.findtext(f"{_XENC}CipherData/{_XENC}CipherValue") or ""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as fault:
        raise ValueError("no base64") from fault
