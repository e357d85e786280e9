"""What the gateway believes, others believe too: the hostile receipts, shown to xmlsec1 and signxml."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from tests.services.forging import (
    AT,
    C14N,
    CURVE,
    CUSTOMS,
    ECDSA,
    EXCLUSIVE,
    VERIFIER,
    WHOLE,
    outcome,
    signed,
)
from tests.unit.signing import test_hostile_algorithms as algorithms
from tests.unit.signing import test_hostile_shape as shape
from tests.unit.signing import test_hostile_values as values


def hostile() -> Iterator[tuple[str, bytes]]:
    """Yield the receipts of the suites of which some are believed."""
    for form in (C14N, EXCLUSIVE):
        yield form, signed(WHOLE.replace(C14N, form)).encode()
    yield "curve", values.ON_A_CURVE.encode()
    for what, (change, _) in values.ODDITIES.items():
        for name in values.VALUES:
            yield f"{what} {name}", values.inside(name, change)(values.GOOD).encode()
    for what, data in values.ENCODINGS.items():
        yield what, data
    for what, (old, new) in values.NAMESPACES.items():
        yield what, values.GOOD.replace(old, new).encode()
    for what in ("customs' before the stranger's", "the stranger's before customs'"):
        yield what, signed(WHOLE.replace(algorithms.KEY_INFO, algorithms.KEYS[what])).encode()
    for what in shape.MUTATIONS:
        for name, text in shape.changed(shape.WHOLE, what).items():
            yield f"{what} {name}", signed(text).encode()


@cache
def believed() -> dict[str, bytes]:
    """Return the hostile receipts that the gateway believes, each of which is sound in truth."""
    return {what: data for what, data in hostile() if not outcome(data)}


class Whole(XMLVerifier):
    """Canonicalizes each element as a document of its own, which lxml does aright."""

    def _c14n(self, nodes: etree._Element, *args: Any, **kwargs: Any) -> bytes:
        data: bytes = super()._c14n(etree.fromstring(etree.tostring(nodes)), *args, **kwargs)
        return data


@pytest.mark.requirement("CU-02")
def test_signxml_returns_the_same_bytes_of_every_hostile_receipt_that_the_gateway_believes() -> None:
    """It verifies by ways of its own, schema and all; what the gateway would read is what it would read."""
    expected = SignatureConfiguration(location="./", verification_time=AT)
    for what, data in believed().items():
        certificate = CURVE if ECDSA.encode() in data else CUSTOMS
        result = Whole().verify(data, x509_cert=certificate, expect_config=expected)
        assert isinstance(result, VerifyResult)
        assert result.signed_data == VERIFIER.verify(data, AT).data, what


@pytest.mark.requirement("CU-02")
def test_xmlsec_believes_every_hostile_receipt_that_the_gateway_believes(tmp_path: Path) -> None:
    """Of hundreds, these are few: values broken into lines, encodings, chains of certificates."""
    trusted = []
    for number, certificate in enumerate((CUSTOMS, CURVE)):
        file = tmp_path / f"{number}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        trusted += ["--trusted-pem", str(file)]
    refused = {}
    for number, (what, data) in enumerate(believed().items()):
        file = tmp_path / f"{number}.xml"
        file.write_bytes(data)
        done = subprocess.run(
            ["xmlsec1", "--verify", *trusted, str(file)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            refused[what] = done.stdout + done.stderr
    assert len(believed()) > 15
    assert refused == {}
