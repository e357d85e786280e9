"""Signatures and verifications a second beside their floors. Run: `python -m tests.bench.signing`."""

from __future__ import annotations

import os
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from lxml import etree
from pkcs11 import Mechanism

from gateway.signing import Signer, Verifier
from gateway.signing.keys import RsaTokenKey
from gateway.signing.trial import Algorithm
from tests.services.faulty_token import FaultyToken
from tests.services.softhsm import ENTERPRISE, NOON, private_token

NS = "urn:cn:collective-declaration:1.0"
SECONDS = 2.0
SLOW = 25


def message(items: int) -> etree._Element:
    """Build a manifest of the usual size."""
    root = etree.Element(f"{{{NS}}}Message", nsmap={None: NS})
    body = etree.SubElement(root, f"{{{NS}}}Manifest")
    for number in range(items):
        item = etree.SubElement(body, f"{{{NS}}}Item")
        for name in ("GNo", "ContrItem", "CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "TradeCurr"):
            etree.SubElement(item, f"{{{NS}}}{name}").text = f"片式多层瓷介电容器 {number}"
        for name in ("GQty", "DeclPrice", "DeclTotal", "FirstUnit", "FirstQty", "DutyMode"):
            etree.SubElement(item, f"{{{NS}}}{name}").text = f"{number}.12345"
    return root


def rate(call: Callable[[], object]) -> float:
    """Return how often in a second of processor time the call can be made, as the best of three runs.

    SoftHSM2 computes in this process, so that other work on the machine does not count.
    """
    best = 0.0
    for _ in range(3):
        count, start = 0, time.process_time()
        while time.process_time() - start < SECONDS / 3:
            call()
            count += 1
        best = max(best, count / (time.process_time() - start))
    return best


def sign_anew(signer: Signer, root: etree._Element) -> None:
    """Sign a message and let the next call find it as it was."""
    root.remove(signer.sign(root, ENTERPRISE)[-1])


def bare_verification(data: bytes, certificate: x509.Certificate) -> None:
    """Do what no verifier can do without: read, two canonical forms, a digest, and the key's own verdict."""
    root = etree.fromstring(data)
    signature = root[-1]
    info = etree.tostring(signature[0], method="c14n", with_comments=False)
    root.remove(signature)
    digest = sha256(etree.tostring(root, method="c14n", with_comments=False)).digest()
    assert digest == b64decode(signature.findtext(".//{*}DigestValue", ""))
    value, key = b64decode(signature[1].text or ""), certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, info, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        half = len(value) // 2
        parts = int.from_bytes(value[:half]), int.from_bytes(value[half:])
        key.verify(utils.encode_dss_signature(*parts), info, ec.ECDSA(hashes.SHA256()))


def measure(folder: Path, algorithm: Algorithm) -> None:
    """Print the figures of one kind of key, each beside its floor."""
    private = private_token(folder / algorithm, algorithm)
    token = private.open()
    key = token.identity(ENTERPRISE).key
    mechanism = Mechanism.SHA256_RSA_PKCS if isinstance(key, RsaTokenKey) else Mechanism.ECDSA
    data = b"x" * (900 if isinstance(key, RsaTokenKey) else 32)
    signer = Signer(token, lambda: NOON)
    verifier = Verifier([private.certificate])
    for items in (10, 99):
        root = message(items)
        data_signed = etree.tostring(signer.sign(root, ENTERPRISE), xml_declaration=True, encoding="UTF-8")
        root.remove(root[-1])
        what = f"{algorithm:3} {items:2} items, {len(data_signed) // 1000:2} kB"
        sign = rate(partial(sign_anew, signer, root))
        tell(what, "sign", sign, "bare C_Sign", rate(partial(key._sign, mechanism, data)))
        verify = rate(partial(verifier.verify, data_signed, NOON))
        floor = rate(partial(bare_verification, data_signed, private.certificate))
        tell(what, "verify", verify, "bare verification", floor)
    token.close()


def measure_slow(folder: Path) -> None:
    """Print the figures of a device that needs 240 ms for each signature; its time is not this process's."""
    faulty = FaultyToken(private_token(folder / "slow"))
    token = faulty.open()
    signer, root = Signer(token, lambda: NOON), message(10)
    sign_anew(signer, root)
    faulty.befall("delay", 240)
    start = time.monotonic()
    for _ in range(SLOW):
        sign_anew(signer, root)
    tell("a device of 240 ms", "sign", SLOW * 60 / (time.monotonic() - start), "device", 250, each="min")
    token.close()


def tell(what: str, does: str, found: float, floor_name: str, floor: float, *, each: str = "s") -> None:
    """Print one figure beside its floor."""
    beside = f"{floor_name:17} {floor:6.0f}/{each}   {found / floor:.2f}"
    print(f"{what:18}  {does:6} {found:6.0f}/{each}   {beside}")  # noqa: T201 -- it is a script


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f}")  # noqa: T201 -- it is a script
    with tempfile.TemporaryDirectory() as name:
        for kind in ("rsa", "ec"):
            measure(Path(name), kind)
        measure_slow(Path(name))
