"""Bindings: whose certificate it is, and until when a choice stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.errors import RetryError
from gateway.signing.binding import Binding

ENTERPRISE = "4403180001"
NOON = datetime(2026, 10, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(since: datetime, until: datetime, unit: str = ENTERPRISE) -> x509.Certificate:
    """Make a certificate whose subject names a code."""
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    return made.sign(KEY, hashes.SHA256())


OLD = certificate(NOON - 300 * DAY, NOON)
NEW = certificate(NOON - DAY, NOON + 300 * DAY)
LATE = certificate(NOON + DAY, NOON + 300 * DAY)


def test_a_choice_stands_until_a_certificate_begins_or_ends():
    """Whichever comes first."""
    binding = Binding(ENTERPRISE)
    assert binding.change_over([OLD, NEW], NOON - 2 * DAY) == NOON - DAY
    assert binding.change_over([OLD, NEW], NOON - DAY / 2) == NOON
    assert binding.change_over([OLD, LATE], NOON + DAY / 2) == NOON + DAY
    assert binding.change_over([OLD], NOON + DAY) == NOON + DAY, "it is looked for each time"


def test_in_its_last_moment_a_certificate_still_stands_but_for_no_longer():
    """It is valid at its end, and the next message must not find it chosen for as long as others last."""
    longer = certificate(NOON - 400 * DAY, NOON + 300 * DAY)
    binding = Binding(ENTERPRISE)
    assert binding.choose([OLD, longer], NOON) == OLD
    assert binding.change_over([OLD, longer], NOON) == NOON
    assert binding.choose([OLD, longer], NOON + timedelta(microseconds=1)) == longer


@pytest.mark.requirement("ID-02")
def test_a_certificate_that_names_another_enterprise_is_not_chosen():
    """Neither among several; one that names no code at all says nothing."""
    binding = Binding(ENTERPRISE, codes=frozenset({ENTERPRISE}))
    other = certificate(NOON - 2 * DAY, NOON + DAY, "4403180002")
    with pytest.raises(RetryError) as caught:
        binding.choose([NEW, other], NOON)
    assert caught.value.code == "token.certificate-of-another"
    silent = certificate(NOON - DAY / 2, NOON + DAY, "Declarants")
    assert binding.choose([NEW, silent], NOON) == silent
