"""Signatures and verifications a second beside their floors. Run: `python -m tests.bench.signing`."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
from lxml import etree
from pkcs11 import Mechanism

from gateway.signing import Signer, Verifier
from gateway.signing.keys import EcTokenKey, RsaTokenKey
from gateway.signing.trial import Algorithm
from tests.bench.hands import BareHand, verify_bare
from tests.services.softhsm import ENTERPRISE, NOON, private_token

NS = "urn:cn:collective-declaration:1.0"
SECONDS, RUNS = 0.2, 12


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


def rates(*calls: Callable[[], object]) -> list[float]:
    """Return how often in a second of processor time each call can be made, as the best of several runs.

    In turns, so that what slows the machine for a while slows all of them. SoftHSM2 computes in this
    process, so that other work on the machine does not count.
    """
    best = [0.0] * len(calls)
    for _ in range(RUNS):
        for place, call in enumerate(calls):
            count, start = 0, time.process_time()
            while (passed := time.process_time() - start) < SECONDS:
                call()
                count += 1
            best[place] = max(best[place], count / passed)
    return best


def sign_anew(signer: Signer, root: etree._Element) -> None:
    """Sign a message and let the next call find it as it was."""
    root.remove(signer.sign(root, ENTERPRISE)[-1])


def compare(algorithm: Algorithm = "rsa") -> list[dict[str, Any]]:
    """Return signatures and verifications a second of a key, each beside its floor.

    The floor of a signature is a canonical form, a digest and C_Sign.
    """
    found = []
    with tempfile.TemporaryDirectory() as name:
        private = private_token(Path(name), algorithm)
        token = private.open()
        signer, verifier = Signer(token, lambda: NOON), Verifier([private.certificate])
        bare = BareHand(_raw(token.identity(ENTERPRISE).key), private.certificate, private.certificate)
        for items in (10, 99):
            root = message(items)
            signed = etree.tostring(signer.sign(root, ENTERPRISE), xml_declaration=True, encoding="UTF-8")
            root.remove(root[-1])
            sign, least = rates(partial(sign_anew, signer, root), partial(bare.value, root))
            verify, floor = rates(
                partial(verifier.verify, signed, NOON), partial(verify_bare, signed, private.certificate)
            )
            told = {"algorithm": algorithm, "items": items, "bytes": len(signed)}
            found.append(told | {"does": "sign", "rate": round(sign), "floor": round(least)})
            found.append(told | {"does": "verify", "rate": round(verify), "floor": round(floor)})
        token.close()
    return found


def _raw(key: RsaTokenKey | EcTokenKey) -> Callable[[bytes], bytes]:
    if isinstance(key, RsaTokenKey):
        return partial(key._sign, Mechanism.SHA256_RSA_PKCS)
    # Its digest is not made by the token; a signature of any 32 bytes takes as long.
    return lambda data: key._sign(Mechanism.ECDSA, data[:32])


def main() -> None:
    """Print the figures of both kinds of key."""
    click.echo(f"load {os.getloadavg()[0]:.1f}")
    kinds: tuple[Algorithm, ...] = ("rsa", "ec")
    for kind in kinds:
        for each in compare(kind):
            beside = f"floor {each['floor']:6}/s   {each['rate'] / each['floor']:.2f}"
            what = f"{each['algorithm']:3} {each['items']:2} items, {each['bytes'] // 1000:2} kB"
            click.echo(f"{what:18} {each['does']:6} {each['rate']:6}/s   {beside}")


if __name__ == "__main__":
    main()
