"""Signatures a second: the bare token against whole messages. Run: `python -m tests.bench.signing`."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree
from pkcs11 import Mechanism

from gateway.signing import Signer, Verifier
from gateway.signing.keys import RsaTokenKey
from gateway.signing.trial import Algorithm
from tests.services.softhsm import ENTERPRISE, NOON, private_token

NS = "urn:cn:collective-declaration:1.0"
SECONDS = 2.0


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


def measure(folder: Path, algorithm: Algorithm) -> None:
    """Print one line for each thing measured."""
    private = private_token(folder / algorithm, algorithm)
    token = private.open()
    key = token.identity(ENTERPRISE).key
    mechanism = Mechanism.SHA256_RSA_PKCS if isinstance(key, RsaTokenKey) else Mechanism.ECDSA
    data = b"x" * (900 if isinstance(key, RsaTokenKey) else 32)
    bare = rate(lambda: key._sign(mechanism, data))
    print(f"{algorithm:3}  bare C_Sign              {bare:7.0f}/s")  # noqa: T201 -- it is a script
    signer = Signer(token, lambda: NOON)
    verifier = Verifier([private.certificate])
    for items in (10, 99):
        root = message(items)
        data = etree.tostring(signer.sign(root, ENTERPRISE), xml_declaration=True, encoding="UTF-8")
        root.remove(root[-1])
        sign = rate(lambda root=root: root.remove(signer.sign(root, ENTERPRISE)[-1]))
        verify = rate(lambda data=data: verifier.verify(data, NOON))
        size = len(data) // 1000
        print(  # noqa: T201 -- it is a script
            f"{algorithm:3}  {items:2} items, {size:3} kB   sign {sign:7.0f}/s   verify {verify:7.0f}/s"
        )
    token.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for kind in ("rsa", "ec"):
            measure(Path(name), kind)
