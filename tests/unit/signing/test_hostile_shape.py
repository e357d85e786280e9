"""One thing more, less, twice or elsewhere in a signature: changed by others, or signed so by customs."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
from lxml import etree

from tests.services.forging import DS, WHOLE, outcome, signed

ELEMENTS = (
    *("Signature", "SignedInfo", "CanonicalizationMethod", "SignatureMethod", "Reference", "Transforms"),
    *("Transform", "DigestMethod", "DigestValue", "SignatureValue", "KeyInfo", "X509Data", "X509Certificate"),
)
Mutation = Callable[[etree._Element], None]


def _attribute(name: str, value: str) -> Mutation:
    return lambda element: element.set(name, value)


def _child(markup: str) -> Mutation:
    return lambda element: element.append(etree.fromstring(markup))


def _twin(element: etree._Element) -> None:
    element.addnext(copy.deepcopy(element))


def _empty_twin_before(element: etree._Element) -> None:
    element.addprevious(etree.Element(element.tag))


def _away(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _emptied(element: etree._Element) -> None:
    element.text = None
    del element[:]


def _first(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.insert(0, element)


def _renamed(namespace: str) -> Mutation:
    def rename(element: etree._Element) -> None:
        name = str(element.tag).rpartition("}")[2]
        element.tag = f"{{{namespace}}}{name}" if namespace else name

    return rename


def _around(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    twin = copy.deepcopy(element)
    parent.replace(element, twin)
    twin.append(element)


def _text(element: etree._Element) -> None:
    element.text = "x" + (element.text or "")


def _tail(element: etree._Element) -> None:
    element.tail = "x"


def _comment_within(element: etree._Element) -> None:
    text, element.text = element.text or "", None
    comment = etree.Comment("x")
    element.insert(0, comment)
    element.text, comment.tail = text[:4], text[4:]


def _instruction(element: etree._Element) -> None:
    element.insert(0, etree.ProcessingInstruction("x", "y"))


MUTATIONS: dict[str, Mutation] = {
    "an attribute": _attribute("Extra", "1"),
    "a second algorithm": _attribute("{urn:x}Algorithm", "none"),
    "a base": _attribute("{http://www.w3.org/XML/1998/namespace}base", "http://example.org/"),
    "a language": _attribute("{http://www.w3.org/XML/1998/namespace}lang", "zh"),
    "kept white space": _attribute("{http://www.w3.org/XML/1998/namespace}space", "preserve"),
    "a type": _attribute("Type", "http://www.w3.org/2000/09/xmldsig#Object"),
    "an encoding": _attribute("Encoding", "http://www.w3.org/2000/09/xmldsig#base64"),
    "a foreign child": _child('<x xmlns="urn:x"/>'),
    "a child without namespace": _child("<DigestValue/>"),
    "a child that is a second value": _child(f'<DigestValue xmlns="{DS}">AAAA</DigestValue>'),
    "a shorter value": _child(f'<HMACOutputLength xmlns="{DS}">0</HMACOutputLength>'),
    "a list of references": _child(f'<Manifest xmlns="{DS}"><Reference URI=""/></Manifest>'),
    "properties": _child(f'<SignatureProperties xmlns="{DS}"/>'),
    "an object": _child(f'<Object xmlns="{DS}"/>'),
    "another signature": _child(f'<Signature xmlns="{DS}"/>'),
    "twice": _twin,
    "an empty one before": _empty_twin_before,
    "away": _away,
    "emptied": _emptied,
    "first of its siblings": _first,
    "around itself": _around,
    "of no namespace": _renamed(""),
    "of another namespace": _renamed("urn:x"),
    "of the newer namespace": _renamed("http://www.w3.org/2009/xmldsig11#"),
    "words in it": _text,
    "words behind it": _tail,
    "a comment in it": _comment_within,
    "an instruction in it": _instruction,
}
# Whoever wrote the certificate down, and how often, it is looked up among the pinned ones.
HARMLESS = {("twice", "X509Certificate"), ("an empty one before", "X509Certificate")}


def mutated(text: str, what: str, name: str) -> str:
    """Apply a mutation to the first element of a name in the signature."""
    root = etree.fromstring(text.encode())
    MUTATIONS[what](next(root.iter(f"{{{DS}}}{name}")))
    return etree.tostring(root, encoding="unicode")


def changed(text: str, what: str) -> dict[str, str]:
    """Return the text with each element so changed, by name; where it does change anything."""
    same = etree.tostring(etree.fromstring(text.encode()), encoding="unicode")
    made = {name: mutated(text, what, name) for name in ELEMENTS}
    return {name: each for name, each in made.items() if each != same}


SERIAL = "<ds:X509IssuerSerial><ds:X509IssuerName>CN=a</ds:X509IssuerName>{}</ds:X509IssuerSerial>"
REMARKS = {
    '<ds:KeyInfo Id="1 2">': "<ds:KeyInfo>",
    '<ds:SignedInfo Id="">': "<ds:SignedInfo>",
    "<ds:X509Data><ds:X509SKI>!</ds:X509SKI>": "<ds:X509Data>",
    f"<ds:X509Data>{SERIAL.format('<ds:X509SerialNumber>x</ds:X509SerialNumber>')}": "<ds:X509Data>",
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(("malformed", "sound"), REMARKS.items())
def test_what_nobody_reads_has_the_form_that_the_language_of_signatures_gives_it(
    malformed: str, sound: str
) -> None:
    """A program that validates signatures against their schema would refuse it."""
    assert sound in WHOLE
    assert outcome(signed(WHOLE.replace(sound, malformed))) == "signature.shape-refused"


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", MUTATIONS)
def test_a_signature_changed_by_others_is_refused(what: str) -> None:
    """Each change in each element of a good signature: a code, or the very bytes that were signed."""
    for name, text in changed(signed(), what).items():
        code = outcome(text)
        assert code or (what, name) in HARMLESS, name


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", MUTATIONS)
def test_a_signature_of_another_shape_is_refused_even_from_customs(what: str) -> None:
    """The shape decides before the value: what customs itself signs so is refused, or exactly it returned."""
    for name, text in changed(WHOLE, what).items():
        code = outcome(signed(text))
        assert code or (what, name) in HARMLESS, name
