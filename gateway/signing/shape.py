"""The one shape in which a signature is looked at: what may stand where, and how much of it."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from lxml import etree

from gateway.errors import RejectedError, refuse
from gateway.signing.xmldsig import DS, EXCLUSIVE

# A receipt with all its faults has 8,000 tags, an account book of 9,999 goods 250,000.
MAX_TAGS: Final = 500_000
# Canonical form takes time by elements times the square of the namespaces in their scope.
MAX_NAMESPACES: Final = 32
MAX_ATTRIBUTES: Final = 255
# In all of them a tag begins with the byte that is counted.
_ENCODINGS: Final = frozenset({"UTF-8", "UTF-16", "GB18030", "GBK", "GB2312", "US-ASCII"})
_TOO_MANY_ATTRIBUTES = etree.XPath(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")

_ID: Final = frozenset({"Id"})
_NOTHING: Final[frozenset[str]] = frozenset()
_ALGORITHM: Final = frozenset({"Algorithm"})
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("Signature", "SignedInfo", "SignatureValue", "KeyInfo"), _ID),
    "Reference": frozenset({"Id", "URI"}),
    **dict.fromkeys(("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"), _ALGORITHM),
}
_PARTS: Final = ("SignedInfo", "SignatureValue", "KeyInfo")
# What may be in each element, in this order; where there are several orders, any of them.
_CHILDREN: Final[Mapping[str, frozenset[tuple[str, ...]]]] = {
    "Signature": frozenset({_PARTS}),
    "SignedInfo": frozenset({("CanonicalizationMethod", "SignatureMethod", "Reference")}),
    "Reference": frozenset({("Transforms", "DigestMethod", "DigestValue")}),
    "Transforms": frozenset({("Transform",), ("Transform", "Transform")}),
    "KeyInfo": frozenset({("X509Data",), ("KeyName", "X509Data"), ("X509Data", "KeyName")}),
    "X509IssuerSerial": frozenset({("X509IssuerName", "X509SerialNumber")}),
}
# Everything beside a certificate is a remark: the certificate alone is looked at.
_OF_CERTIFICATES: Final = frozenset({"X509Certificate", "X509SubjectName", "X509IssuerSerial", "X509SKI"})
_WITH_TEXT: Final = frozenset(
    {
        *("DigestValue", "SignatureValue", "KeyName", "X509Certificate"),
        *("X509SubjectName", "X509IssuerName", "X509SerialNumber", "X509SKI"),
    }
)
# The white space of XML; Python knows more of it.
_SPACE: Final = " \t\r\n"
_NO_SPACE: Final = str.maketrans("", "", _SPACE)
_PREFIXES: Final = f"{{{EXCLUSIVE}}}InclusiveNamespaces"


def check_size(data: bytes) -> None:
    """Refuse what would take much room to read, before it is read.

    Raises:
        RejectedError: `signature.too-much`.
    """
    _bound("<", data.count(b"<"), MAX_TAGS)


def check_bounds(root: etree._Element) -> None:
    """Refuse what would take long to verify, or what not every program reads, before it is verified.

    Raises:
        RejectedError: `signature.encoding-refused` or `signature.too-much`.
    """
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    if encoding.upper() not in _ENCODINGS:
        raise refuse("signature.encoding-refused", given=encoding, expected=", ".join(sorted(_ENCODINGS)))
    _bound("@", MAX_ATTRIBUTES + bool(_TOO_MANY_ATTRIBUTES(root)), MAX_ATTRIBUTES)
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        _bound("xmlns", in_scope, MAX_NAMESPACES)


def _bound(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise refuse("signature.too-much", what=what, count=count, limit=limit)


def only_signature(root: etree._Element) -> etree._Element:
    """Return the signature: there is one, last child of the root, and no instruction beside the root.

    What stands beside the root is signed by some programs and left out by others.

    Raises:
        RejectedError: `signature.missing`, `.many`, `.not-last` or `.outside-refused`.
    """
    found = list(root.iter(DS + "Signature"))
    if not found:
        raise refuse("signature.missing")
    if len(found) > 1:
        raise refuse("signature.many", count=len(found))
    if not len(root) or root[-1] is not found[0]:
        raise refuse("signature.not-last")
    beside = etree.ProcessingInstruction
    if [*root.itersiblings(beside), *root.itersiblings(beside, preceding=True)]:
        raise refuse("signature.outside-refused")
    return found[0]


def check_parts(signature: etree._Element) -> None:
    """See that a signature has its three parts, each once.

    Raises:
        RejectedError: `signature.shape-refused`.
    """
    if _names(signature) != _PARTS:
        raise _refused(signature)


def check_shape(signature: etree._Element) -> None:
    """See that a signature holds what it must, in order, and not one element, attribute or word more.

    Comments and instructions are words more: they would cut a value in two for one reader and not for
    another.

    Raises:
        RejectedError: `signature.shape-refused`.
    """
    for element in signature.iter():
        if not isinstance(element.tag, str):
            raise _refused(element.getparent())
        if element.tag == _PREFIXES:
            sound = set(element.attrib) == {"PrefixList"} and not len(element)
        else:
            name = _name(element)
            sound = set(element.attrib) <= _ATTRIBUTES.get(name, _NOTHING) and _children_are_sound(
                element, name
            )
        if not sound or not _words_are_sound(element):
            raise _refused(element)


def value_of(element: etree._Element) -> bytes:
    """Return what an element holds in base64, and nothing but base64 and white space.

    Raises:
        RejectedError: `signature.invalid`.
    """
    try:
        return b64decode((element.text or "").translate(_NO_SPACE), validate=True)
    except ValueError as fault:
        raise refuse("signature.invalid", reason=_name(element)) from fault


def _children_are_sound(element: etree._Element, name: str) -> bool:
    names = _names(element)
    if name in {"CanonicalizationMethod", "Transform"} and element.get("Algorithm") == EXCLUSIVE:
        return names in {(), (_PREFIXES,)}
    if name == "X509Data":
        return set(names) <= _OF_CERTIFICATES
    return names in _CHILDREN.get(name, {()})


def _names(element: etree._Element) -> tuple[str, ...]:
    return tuple(_name(child) for child in element)


def _name(element: etree._Element) -> str:
    """Return the name that an element has in the language of signatures; others keep theirs in full."""
    tag = str(element.tag)
    return tag.removeprefix(DS) if tag.startswith((DS, "{")) else f"{{}}{tag}"


def _words_are_sound(element: etree._Element) -> bool:
    texts = [child.tail for child in element]
    if _name(element) not in _WITH_TEXT:
        texts.append(element.text)
    return not any(text and text.strip(_SPACE) for text in texts)


def _refused(element: etree._Element | None) -> RejectedError:
    name = "Signature" if element is None else _name(element)
    return refuse("signature.shape-refused", element=name)
