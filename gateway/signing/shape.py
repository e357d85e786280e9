"""The one shape in which a signature is looked at: what may stand where, and how much of it."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
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


def _tags(*names: str) -> tuple[str, ...]:
    return tuple(DS + name for name in names)


PREFIXES: Final = f"{{{EXCLUSIVE}}}InclusiveNamespaces"
_NOTHING: Final[frozenset[str]] = frozenset()
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(_tags("Signature", "SignedInfo", "SignatureValue", "KeyInfo"), frozenset({"Id"})),
    **dict.fromkeys(_tags("Reference"), frozenset({"Id", "URI"})),
    **dict.fromkeys(
        _tags("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"),
        frozenset({"Algorithm"}),
    ),
}
_PARTS: Final = _tags("SignedInfo", "SignatureValue", "KeyInfo")
_CANONICAL: Final = frozenset(_tags("CanonicalizationMethod", "Transform"))
_CERTIFICATES: Final = DS + "X509Data"
# Everything beside a certificate is a remark: the certificate alone is looked at.
_OF_CERTIFICATES: Final = frozenset(
    _tags("X509Certificate", "X509SubjectName", "X509IssuerSerial", "X509SKI")
)
# What may be in each element, in this order; where there are several orders, any of them.
_CHILDREN: Final[Mapping[str, frozenset[tuple[str, ...]]]] = {
    DS + "Signature": frozenset({_PARTS}),
    DS + "SignedInfo": frozenset({_tags("CanonicalizationMethod", "SignatureMethod", "Reference")}),
    DS + "Reference": frozenset({_tags("Transforms", "DigestMethod", "DigestValue")}),
    DS + "Transforms": frozenset({_tags("Transform"), _tags("Transform", "Transform")}),
    DS + "KeyInfo": frozenset(
        {_tags("X509Data"), _tags("KeyName", "X509Data"), _tags("X509Data", "KeyName")}
    ),
    DS + "X509IssuerSerial": frozenset({_tags("X509IssuerName", "X509SerialNumber")}),
}
_CHILDLESS: Final[frozenset[tuple[str, ...]]] = frozenset({()})
_EXCLUSIVE_CHILDREN: Final = frozenset({(), (PREFIXES,)})
_WITH_TEXT: Final = frozenset(
    {
        *_tags("DigestValue", "SignatureValue", "KeyName", "X509Certificate"),
        *_tags("X509SubjectName", "X509IssuerName", "X509SerialNumber", "X509SKI"),
    }
)
# The form that the language of signatures gives to remarks; what is believed is looked at where it is read.
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    DS + "X509SerialNumber": re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII),
    DS + "X509SKI": re.compile(r"[A-Za-z0-9+/=\s]*", re.ASCII),
}
_ID: Final = re.compile(r"[^\W\d][\w.-]*")
# The white space of XML; Python knows more of it.
_SPACE: Final = " \t\r\n"
_NO_SPACE: Final = str.maketrans("", "", _SPACE)


def check_size(data: bytes) -> None:
    """Refuse what would take much room to read, before it is read.

    Raises:
        RejectedError: `signature.too-much`.
    """
    _bound("<", data.count(b"<"), MAX_TAGS)


def check_bounds(root: etree._Element, data: bytes) -> None:
    """Refuse what would take long to verify, or what not every program reads, before it is verified.

    Args:
        root: The document.
        data: The same as it was read.

    Raises:
        RejectedError: `signature.encoding-refused` or `signature.too-much`.
    """
    encoding = root.getroottree().docinfo.encoding or "UTF-8"
    if encoding.upper() not in _ENCODINGS:
        raise refuse("signature.encoding-refused", given=encoding, expected=", ".join(sorted(_ENCODINGS)))
    # In each attribute and each declaration of a name space there is this byte, whatever the encoding.
    if data.count(b"=") <= MAX_NAMESPACES:
        return
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
    if tuple(part.tag for part in signature) != _PARTS:
        raise _refused(signature)


def check_shape(signature: etree._Element) -> None:
    """See that a signature holds what it must, in order, and not one element, attribute or word more.

    Comments and instructions are words more: they would cut a value in two for one reader and not for
    another.

    Raises:
        RejectedError: `signature.shape-refused`.
    """
    for element in signature.iter():
        tag = element.tag
        if not isinstance(tag, str):
            raise _refused(element.getparent())
        sound = element.keys() == ["PrefixList"] if tag == PREFIXES else _attributes_are_sound(element)
        children = list(element)
        if not (sound and _children_are_sound(element, children) and _words_are_sound(element, children)):
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


def _attributes_are_sound(element: etree._Element) -> bool:
    permitted = _ATTRIBUTES.get(element.tag, _NOTHING)
    return permitted.issuperset(element.keys()) and bool(_ID.fullmatch(element.get("Id", "_")))


def _children_are_sound(element: etree._Element, children: Sequence[etree._Element]) -> bool:
    tags = tuple([child.tag for child in children])
    if element.tag == _CERTIFICATES:
        return _OF_CERTIFICATES.issuperset(tags)
    if element.tag in _CANONICAL and element.get("Algorithm") == EXCLUSIVE:
        return tags in _EXCLUSIVE_CHILDREN
    return tags in _CHILDREN.get(element.tag, _CHILDLESS)


def _words_are_sound(element: etree._Element, children: Sequence[etree._Element]) -> bool:
    texts = [child.tail for child in children]
    if element.tag not in _WITH_TEXT:
        texts.append(element.text)
    elif (form := _FORMS.get(element.tag)) and not form.fullmatch(element.text or ""):
        return False
    return not any(text and text.strip(_SPACE) for text in texts)


def _name(element: etree._Element) -> str:
    """Return the name that an element has in the language of signatures; others keep theirs in full."""
    tag = str(element.tag)
    return tag.removeprefix(DS) if tag.startswith((DS, "{")) else f"{{}}{tag}"


def _refused(element: etree._Element | None) -> RejectedError:
    name = "Signature" if element is None else _name(element)
    return refuse("signature.shape-refused", element=name)
