"""What customs signed, moved to every other place, with another receipt where a reader would look."""

from __future__ import annotations

import copy
from itertools import product

import pytest
from lxml import etree

from tests.services.forging import DS, outcome, receipt

GOOD = receipt()
SIGNED = etree.fromstring(GOOD)
SIGNED.remove(SIGNED[-1])
CONTENT = etree.tostring(SIGNED, method="c14n")

# Where the receipt that customs signed is hidden.
HIDDEN = (
    *("nowhere", "Signature", "SignedInfo", "Reference", "Transforms", "Transform", "DigestMethod"),
    *("DigestValue", "SignatureValue", "KeyInfo", "X509Data", "X509Certificate", "Object"),
    *("before the forged body", "after the forged body", "in the forged body", "around the forged one"),
)
# Where the signature stands.
PLACES = (
    "last",
    "first",
    "in the forged body",
    "with what it signs",
    "at both",
    "the root",
    "outermost last",
)
# What the reference points to.
URIS = ("", "#signed", "#xpointer(/)", "#xpointer(id('signed'))", None)
# What of the two bears the id that the reference points to.
IDS = ("none", "the signed one", "the forged one", "both")
NAMES = ("Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id")
CASES = [
    *product(HIDDEN, PLACES, URIS, ("none", "both"), NAMES[:1]),
    *product(HIDDEN, PLACES[:4], ("#signed",), IDS, NAMES),
]


def forged(hidden: str, place: str, uri: str | None, ids: str, name: str) -> bytes:
    """Build one permutation."""
    original, evil = etree.fromstring(GOOD), etree.fromstring(GOOD)
    signature = copy.deepcopy(original[-1])
    original.remove(original[-1])
    evil.remove(evil[-1])
    result = evil.find(".//{*}ResultCode")
    assert result is not None
    result.text = "R"
    if ids in {"the signed one", "both"}:
        original.set(name, "signed")
    if ids in {"the forged one", "both"}:
        evil.set(name, "signed")
    reference = next(signature.iter(f"{{{DS}}}Reference"))
    del reference.attrib["URI"]
    if uri is not None:
        reference.set("URI", uri)
    root = _hide(original, evil, signature, hidden)
    return etree.tostring(_put(root, evil, original, signature, place))


def _hide(
    original: etree._Element, evil: etree._Element, signature: etree._Element, hidden: str
) -> etree._Element:
    body = evil[1]
    match hidden:
        case "nowhere":
            pass
        case "Signature":
            signature.append(original)
        case "Object":
            etree.SubElement(signature, f"{{{DS}}}Object").append(original)
        case "before the forged body":
            body.addprevious(original)
        case "after the forged body":
            body.addnext(original)
        case "in the forged body":
            body.append(original)
        case "around the forged one":
            original.append(evil)
            return original
        case _:
            next(signature.iter(f"{{{DS}}}{hidden}")).append(original)
    return evil


def _put(
    root: etree._Element,
    evil: etree._Element,
    original: etree._Element,
    signature: etree._Element,
    place: str,
) -> etree._Element:
    match place:
        case "last":
            evil.append(signature)
        case "first":
            evil.insert(0, signature)
        case "in the forged body":
            evil[1].append(signature)
        case "with what it signs" if signature in set(original.iterancestors()):
            evil.append(signature)
        case "with what it signs":
            original.append(signature)
        case "at both":
            evil.append(copy.deepcopy(signature))
            evil[0].append(signature)
        case "the root":
            signature.append(root)
            return signature
        case _:
            outer = etree.Element("Envelope")
            outer.extend([root, signature])
            return outer
    return root


def test_the_receipt_itself_is_believed() -> None:
    """What the permutations are made of is sound."""
    assert outcome(GOOD, CONTENT) == ""


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_wrapped_signature_vouches_for_another_receipt(hidden: str) -> None:
    """Wherever the signed receipt is moved: refused with a code, never believed for the forged one."""
    for case in CASES:
        if case[0] == hidden:
            code = outcome(forged(*case), CONTENT)
            assert code, case


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(
    "wrapper",
    [
        '<!DOCTYPE Message [<!ATTLIST Message Id ID "signed">]>{}',
        '<?xml-stylesheet href="x.xsl"?>{}',
        "{}<?after x?>",
        "{0}{0}",
        "<Envelope><Body>{}</Body></Envelope>",
        "<Message>{}</Message>",
        "{}text",
    ],
)
def test_nothing_may_stand_around_the_signed_document(wrapper: str) -> None:
    """Two documents, an instruction, a new root or a text beside it: refused."""
    text = GOOD.decode().partition("?>")[2]
    assert outcome(wrapper.format(text.strip()), CONTENT)


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("around", ["<!-- before -->\n{}", "{}\n<!-- after -->\n", "\n {} \n"])
def test_comments_and_white_space_beside_the_root_change_nothing(around: str) -> None:
    """No canonical form without comments has them, and nobody is given them to read."""
    assert outcome(around.format(GOOD.decode().partition("?>")[2].strip()), CONTENT) == ""
