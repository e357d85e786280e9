"""What the gateway believes, others believe too: the hostile receipts, shown to xmlsec1."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.services.forging import C14N, CURVE, CUSTOMS, EXCLUSIVE, WHOLE, outcome, signed
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


@pytest.mark.requirement("CU-02")
def test_xmlsec_believes_every_hostile_receipt_that_the_gateway_believes(tmp_path: Path) -> None:
    """Of hundreds, these are few: values broken into lines, encodings, chains of certificates."""
    trusted = []
    for number, certificate in enumerate((CUSTOMS, CURVE)):
        file = tmp_path / f"{number}.pem"
        file.write_bytes(certificate.public_bytes(Encoding.PEM))
        trusted += ["--trusted-pem", str(file)]
    believed = {what: data for what, data in hostile() if not outcome(data)}
    refused = {}
    for number, (what, data) in enumerate(believed.items()):
        file = tmp_path / f"{number}.xml"
        file.write_bytes(data)
        done = subprocess.run(
            ["xmlsec1", "--verify", *trusted, str(file)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            refused[what] = done.stdout + done.stderr
    assert len(believed) > 15
    assert refused == {}
