"""Signatures, made by plain means and verified by the office's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from customs_stub.seal import SealError, StrangerError, verify
from tests.unit.customs_stub.messages import (
    DS,
    EXCLUSIVE,
    INCLUSIVE,
    Signer,
    make_signer,
    message,
    qualification,
    sign,
)
from tests.unit.customs_stub.trial import altered

CURVE = make_signer(curve=True)


def signed(signer: Signer, canonical: str = INCLUSIVE, *, with_certificate: bool = True) -> bytes:
    """Return a signed filing."""
    root = message("QualificationFiling", qualification(), "A0-1", "ID1")
    return sign(root, signer, canonical=canonical, with_certificate=with_certificate)


def verified(data: bytes, *registered: Signer) -> bytes:
    """Verify with these registered."""
    return verify(etree.fromstring(data), [each.certificate for each in registered])


@pytest.mark.parametrize("canonical", [INCLUSIVE, EXCLUSIVE])
@pytest.mark.parametrize("curve", [False, True])
def test_both_algorithms_verify_under_both_canonicalizations(
    signer: Signer, canonical: str, curve: bool
) -> None:
    """RSA and ECDSA, inclusive and exclusive."""
    used = CURVE if curve else signer
    octets = verified(signed(used, canonical), used)
    assert b"QualificationFiling" in octets
    assert b"SignatureValue" not in octets


def test_without_a_certificate_inside_the_registered_ones_are_tried(signer: Signer) -> None:
    """The register decides, not the message."""
    assert verified(signed(signer, with_certificate=False), CURVE, signer)


def test_an_altered_message_does_not_verify(signer: Signer) -> None:
    """The digest differs."""
    with pytest.raises(SealError, match="altered"):
        verified(altered(signed(signer)), signer)


@given(st.integers(0, 10_000))
def test_no_flipped_byte_goes_unseen(position: int) -> None:
    """Whatever changed, it no longer verifies, or the signed octets are the same."""
    data = signed(CURVE)
    at = position % len(data)
    flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    try:
        octets = verify(etree.fromstring(flipped), [CURVE.certificate])
    except (SealError, etree.XMLSyntaxError):
        return
    assert octets == verified(data, CURVE)


def test_a_stranger_is_known_as_one(signer: Signer) -> None:
    """Neither an unknown certificate nor an unknown enterprise is believed."""
    with pytest.raises(StrangerError, match="not registered"):
        verified(signed(signer), CURVE)
    with pytest.raises(StrangerError, match="no certificate"):
        verified(signed(signer))


def test_another_key_under_a_registered_certificate_does_not_verify(signer: Signer) -> None:
    """Showing somebody's certificate is not having the key."""
    thief = Signer(make_signer().key, signer.certificate)
    with pytest.raises(SealError, match="does not verify"):
        verified(signed(thief), signer)


def moved(root: etree._Element) -> None:
    """Put the signature first."""
    root.insert(0, root[-1])


def doubled(root: etree._Element) -> None:
    """Sign twice."""
    root.append(etree.fromstring(etree.tostring(root[-1])))


def removed(root: etree._Element) -> None:
    """Take the signature away."""
    root.remove(root[-1])


def part_only(root: etree._Element) -> None:
    """Refer to a part."""
    next(root.iter(f"{{{DS}}}Reference")).set("URI", "#part")


def no_transform(root: etree._Element) -> None:
    """Leave the enveloped transform out."""
    transforms = next(root.iter(f"{{{DS}}}Transforms"))
    transforms.remove(transforms[0])


def weak_digest(root: etree._Element) -> None:
    """Ask for SHA-1."""
    next(root.iter(f"{{{DS}}}DigestMethod")).set("Algorithm", DS + "sha1")


def foreign_canonicalization(root: etree._Element) -> None:
    """Ask for a canonicalization with comments."""
    next(root.iter(f"{{{DS}}}CanonicalizationMethod")).set("Algorithm", INCLUSIVE + "#WithComments")


def with_parameters(root: etree._Element) -> None:
    """Give the canonicalization a parameter."""
    etree.SubElement(list(root.iter(f"{{{DS}}}Transform"))[1], "{urn:x}PrefixList")


def no_value(root: etree._Element) -> None:
    """Take the value away."""
    root[-1].remove(root[-1][1])


def no_base64(root: etree._Element) -> None:
    """Give a digest that is no base64."""
    next(root.iter(f"{{{DS}}}DigestValue")).text = "%%%"


def other_method(root: etree._Element) -> None:
    """Ask for RSA with SHA-1."""
    next(root.iter(f"{{{DS}}}SignatureMethod")).set("Algorithm", DS + "rsa-sha1")


@pytest.mark.parametrize(
    "spoil",
    [
        moved,
        doubled,
        removed,
        part_only,
        no_transform,
        weak_digest,
        foreign_canonicalization,
        with_parameters,
        no_value,
        no_base64,
        other_method,
    ],
)
def test_a_signature_of_another_shape_than_agreed_is_refused(signer: Signer, spoil: object) -> None:
    """One reference to the whole, last child, agreed algorithms: anything else is no signature."""
    assert callable(spoil)
    root = etree.fromstring(signed(signer))
    spoil(root)
    with pytest.raises(SealError):
        verify(root, [signer.certificate])


def test_text_behind_the_signature_counts_as_signed(signer: Signer) -> None:
    """A line break there was either signed or it breaks the signature."""
    data = signed(signer).replace(b"</ds:Signature>", b"</ds:Signature>\n")
    with pytest.raises(SealError, match="altered"):
        verified(data, signer)
