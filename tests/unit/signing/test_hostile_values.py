"""Values, texts and bytes of a signed receipt as no honest program writes them."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.services.forging import (
    BODY,
    C14N,
    CURVE,
    CURVE_KEY,
    CUSTOMS_KEY,
    DS,
    ECDSA,
    EXCLUSIVE,
    RSA,
    SHA256,
    SIGNATURE,
    WHOLE,
    outcome,
    signed,
)

GOOD = signed()
ON_A_CURVE = signed(WHOLE.replace(RSA, ECDSA), CURVE_KEY, CURVE)
# The order of P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VALUE = re.compile("(?<=<ds:SignatureValue>)[^<]*")


def value_of(text: str) -> bytes:
    """Return the signature's value."""
    found = VALUE.search(text)
    assert found
    return b64decode(found[0])


def with_value(text: str, value: bytes) -> str:
    """Return a signed receipt with another value."""
    return VALUE.sub(b64encode(value).decode(), text)


def test_what_is_changed_here_was_good() -> None:
    """Both receipts verify as they are."""
    assert (outcome(GOOD), outcome(ON_A_CURVE)) == ("", "")


R, S = int.from_bytes(value_of(ON_A_CURVE)[:32]), int.from_bytes(value_of(ON_A_CURVE)[32:])


def _pair(r: int, s: int, size: int = 32) -> bytes:
    return r.to_bytes(size) + s.to_bytes(size)


CURVE_VALUES = {
    "a zero between": R.to_bytes(32) + b"\0" + S.to_bytes(32),
    "both zero": _pair(0, 0),
    "r zero": _pair(0, S),
    "s zero": _pair(R, 0),
    "r one": _pair(1, S),
    "both one": _pair(1, 1),
    "r the order": _pair(ORDER, S),
    "s the order": _pair(R, ORDER),
    "both the order": _pair(ORDER, ORDER),
    "r beyond the order": _pair((R + ORDER) % 2**256, S),
    "largest": b"\xff" * 64,
    "the two exchanged": _pair(S, R),
    "too long by zeros": _pair(R, S, 33),
    "twice as long": _pair(R, S, 64),
    "too short": _pair(R, S)[1:],
    "as DER": b"\x30\x44\x02\x20" + R.to_bytes(32) + b"\x02\x20" + S.to_bytes(32),
    "nothing": b"",
    "more behind": _pair(R, S) + b"\0",
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", CURVE_VALUES)
def test_values_outside_the_curves_range_are_refused(what: str) -> None:
    """Zero, the order and beyond, other lengths and other writings are no signatures."""
    assert outcome(with_value(ON_A_CURVE, CURVE_VALUES[what])) == "signature.invalid"


MODULUS = CUSTOMS_KEY.public_key().public_numbers().n
TRUE = value_of(GOOD)
RSA_VALUES = {
    "zero": bytes(256),
    "one": (1).to_bytes(256),
    "the modulus": MODULUS.to_bytes(256),
    "one less than the modulus": (MODULUS - 1).to_bytes(256),
    "more than the modulus": (int.from_bytes(TRUE) + MODULUS).to_bytes(257),
    "leading zeros": b"\0" + TRUE,
    "many leading zeros": bytes(256) + TRUE,
    "zeros behind": TRUE + b"\0",
    "too short": TRUE[:-1],
    "too short in front": TRUE[1:],
    "backwards": TRUE[::-1],
    "nothing": b"",
    "the padded digest itself": b"\0\1" + b"\xff" * 202 + b"\0" + bytes(51),
    "huge": TRUE * 2000,
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", RSA_VALUES)
def test_rsa_values_of_another_length_or_range_are_refused(what: str) -> None:
    """Not even a zero in front of a true value."""
    assert outcome(with_value(GOOD, RSA_VALUES[what])) == "signature.invalid"


def inside(name: str, change: Callable[[str], str]) -> Callable[[str], str]:
    """Return what changes the text of an element."""
    return lambda text: re.sub(f"(<ds:{name}>)([^<]*)", lambda found: found[1] + change(found[2]), text)


def _half(text: str, between: str) -> str:
    return text[:10] + between + text[10:]


VALUES = ("DigestValue", "SignatureValue", "X509Certificate")
ODDITIES: dict[str, tuple[Callable[[str], str], bool]] = {
    "white space": (lambda text: _half(text, "\n \t"), True),
    "white space around": (lambda text: f"\n {text}\n", True),
    "a carriage return": (lambda text: _half(text, "&#13;"), True),
    "a CDATA section": (lambda text: f"<![CDATA[{text}]]>", True),
    "half a CDATA section": (lambda text: f"{text[:8]}<![CDATA[{text[8:]}]]>", True),
    "a character reference": (lambda text: f"&#{ord(text[0])};{text[1:]}", True),
    "a character that is none of base64": (lambda text: _half(text, "!"), False),
    "a full width letter": (lambda text: _half(text, "Ａ"), False),
    "a zero width space": (lambda text: _half(text, "\u200b"), False),
    "a wide space": (lambda text: _half(text, "\u3000"), False),
    "the alphabet of addresses": (lambda text: "-_" + text[2:], False),
    "no padding": (lambda text: text.rstrip("="), False),
    "padding in the middle": (lambda text: text[:8] + "=" + text[8:], False),
    "more padding": (lambda text: text + "====", False),
    "more behind the padding": (lambda text: text + "AAAA", False),
    "a comment": (lambda text: _half(text, "<!-- -->"), False),
    "a comment at the end": (lambda text: text + "<!---->AAAA", False),
    "an instruction": (lambda text: _half(text, "<?x?>"), False),
    "nothing": (lambda _: "", False),
    "in hexadecimal": (lambda text: b64decode(text).hex(), False),
    "twice": (lambda text: text + text, False),
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", ODDITIES)
def test_base64_is_read_strictly(what: str) -> None:
    """White space and the ways in which XML writes a character do no harm; all else is refused."""
    change, harmless = ODDITIES[what]
    for name in VALUES:
        changed = inside(name, change)(GOOD)
        code = outcome(changed)
        assert harmless or code, name


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("name", ["SignatureValue", "X509Certificate"])
@pytest.mark.parametrize("what", [name for name, (_, harmless) in ODDITIES.items() if harmless])
def test_line_breaks_in_values_do_no_harm(what: str, name: str) -> None:
    """Many programs break long values into lines."""
    assert outcome(inside(name, ODDITIES[what][0])(GOOD)) == ""


# Documents without a canonical form, or with one that some programs think empty.
VOID = {
    "a relative namespace in the document": WHOLE.replace("<Receipt>", '<Receipt xmlns:r="relative/x">'),
    "a relative namespace of the root": WHOLE.replace("<Message ", '<Message xmlns:r="1" ', 1),
    "an empty relative path": WHOLE.replace("<Receipt>", '<Receipt xmlns:r="./">'),
    "a relative namespace in the signature": WHOLE.replace(
        "<ds:Signature ", '<ds:Signature xmlns:r="relative/x" '
    ),
    "a relative namespace in SignedInfo": WHOLE.replace(
        "<ds:SignedInfo>", '<ds:SignedInfo xmlns:r="relative/x">'
    ),
    "an undeclared prefix": WHOLE.replace("<Receipt>", '<Receipt xmlns:r="">'),
    "a prefix never declared": WHOLE.replace("<Receipt>", "<Receipt><r:X/>"),
    "the prefix xml rebound": WHOLE.replace("<Receipt>", '<Receipt xmlns:xml="urn:x">'),
    "the prefix xmlns bound": WHOLE.replace("<Receipt>", '<Receipt xmlns:xmlns="urn:x">'),
    "the prefix ds rebound in SignedInfo": WHOLE.replace("<ds:Reference ", '<ds:Reference xmlns:ds="urn:x" '),
    "a signature of no namespace": WHOLE.replace(f'xmlns:ds="{DS}"', 'xmlns:ds="urn:x"'),
    "a namespace of almost the name": WHOLE.replace(f'xmlns:ds="{DS}"', f'xmlns:ds="{DS.upper()}"'),
    "nothing but a signature": f"<Message>{SIGNATURE}</Message>".replace("@DIGEST@", "AAAA"),
    "many namespaces": WHOLE.replace(
        "<Receipt>", "<Receipt " + " ".join(f'xmlns:n{i}="urn:{i}"' for i in range(33)) + ">"
    ),
    "many attributes": WHOLE.replace(
        "<Receipt>", "<Receipt " + " ".join(f'n{i}="{i}"' for i in range(256)) + ">"
    ),
    "many elements": WHOLE.replace("<Receipt>", "<Receipt>" + "<X/>" * 500_000),
    "too deep": WHOLE.replace("<Receipt>", "<Receipt>" + "<X>" * 70 + "</X>" * 70),
    "a huge name": WHOLE.replace("<Receipt>", f"<Receipt><{'X' * 60_000}/>"),
    "a huge text": WHOLE.replace("<Receipt>", "<Receipt>" + "x" * 17_000_000),
}


def attempted(template: str) -> str:
    """Sign what can be signed; for the rest take the parts of a good signature."""
    try:
        return signed(template)
    except (ValueError, etree.LxmlError):
        body, _, rest = GOOD.partition("<ds:Signature ")
        assert body == BODY
        values = dict(re.findall("<ds:(DigestValue|SignatureValue|X509Certificate)>([^<]*)", rest))
        for mark, name in (("@DIGEST@", VALUES[0]), ("@VALUE@", VALUES[1]), ("@CERTIFICATE@", VALUES[2])):
            template = template.replace(mark, values[name])
        return template


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("form", [C14N, EXCLUSIVE])
@pytest.mark.parametrize("what", VOID)
def test_what_has_no_canonical_form_has_no_signature(what: str, form: str) -> None:
    """An empty canonical form would make one signature fit everything: refused, by its size or as invalid."""
    template = VOID[what].replace(C14N, form)
    code = outcome(attempted(template)) if what != "nothing but a signature" else outcome(template)
    assert code


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("form", [C14N, EXCLUSIVE])
def test_the_digest_of_nothing_vouches_for_nothing(form: str) -> None:
    """Not even if customs signs it, and whether the canonical form fails or not."""
    nothing = b64encode(
        bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    ).decode()
    template = WHOLE.replace(C14N, form).replace("@DIGEST@", nothing)
    assert outcome(signed(template)) == "signature.digest-mismatch"
    assert outcome(attempted(template.replace("<Receipt>", '<Receipt xmlns:r="relative/x">')))


LAUGHS = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
PROLOGS = {
    "an entity of a file": '<!DOCTYPE Message [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "an entity of an address": '<!DOCTYPE Message [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>',
    "a parameter entity": '<!DOCTYPE Message [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
    "an outer DTD": '<!DOCTYPE Message SYSTEM "http://127.0.0.1:9/x.dtd">',
    "a public DTD": '<!DOCTYPE Message PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.1:9/x.dtd">',
    "a bomb of entities": f'<!DOCTYPE Message [<!ENTITY a0 "ha">{LAUGHS}<!ENTITY x "&a11;">]>',
    "a bomb of one entity": f'<!DOCTYPE Message [<!ENTITY x "{"ha" * 50_000}">]>',
    "an entity of itself": '<!DOCTYPE Message [<!ENTITY x "&x;">]>',
    "attributes by default": '<!DOCTYPE Message [<!ATTLIST Receipt ResultCode CDATA "7">]>',
    "an empty DTD": "<!DOCTYPE Message []>",
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", PROLOGS)
@pytest.mark.parametrize("inside", ["", "&x;", "&x;" * 1000])
def test_a_signed_receipt_has_no_entities(what: str, inside: str) -> None:
    """No DTD is obeyed, whoever signed what it would make of the document."""
    assert outcome(PROLOGS[what] + GOOD.replace("<ResultText>", f"<ResultText>{inside}")).startswith("xml.")


ENCODINGS: dict[str, bytes] = {
    "UTF-16 with a mark": GOOD.encode("utf-16"),
    "UTF-16 as it says": ('<?xml version="1.0" encoding="UTF-16"?>' + GOOD).encode("utf-16"),
    "UTF-16, said to be UTF-8": ('<?xml version="1.0" encoding="UTF-8"?>' + GOOD).encode("utf-16"),
    "UTF-8, said to be UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + GOOD).encode(),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-7": ('<?xml version="1.0" encoding="UTF-7"?>' + GOOD).encode("utf-7"),
    "UTF-8, said to be UTF-7": ('<?xml version="1.0" encoding="UTF-7"?>' + GOOD).encode(),
    "UTF-8, said to be Latin 1": ('<?xml version="1.0" encoding="ISO-8859-1"?>' + GOOD).encode(),
    "GB18030 as it says": ('<?xml version="1.0" encoding="GB18030"?>' + GOOD).encode("gb18030"),
    "GB18030 that says nothing": GOOD.encode("gb18030"),
    "UTF-8, said to be GBK": ('<?xml version="1.0" encoding="GBK"?>' + GOOD).encode(),
    "EBCDIC": ('<?xml version="1.0" encoding="IBM037"?>' + GOOD).encode("cp037", "replace"),
    "UTF-32": GOOD.encode("utf-32"),
    "an encoding that nobody knows": ('<?xml version="1.0" encoding="x-nobody"?>' + GOOD).encode(),
    "XML 1.1": ('<?xml version="1.1"?>' + GOOD).encode(),
    "XML 2.0": ('<?xml version="2.0"?>' + GOOD).encode(),
    "stand-alone": ('<?xml version="1.0" standalone="yes"?>' + GOOD).encode(),
    "an overlong character": GOOD.encode().replace(b"R-1", b"\xc0\xafR-1", 1),
    "half a surrogate": GOOD.encode().replace(b"R-1", b"\xed\xa0\x80", 1),
    "a zero": GOOD.encode().replace(b"R-1", b"R\x00-1", 1),
    "a control character": GOOD.encode().replace(b"R-1", b"R&#1;-1", 1),
    "two declarations": ('<?xml version="1.0"?>' * 2 + GOOD).encode(),
    "a white space before the declaration": (' <?xml version="1.0"?>' + GOOD).encode(),
    "nothing": b"",
    "white space": b" \n",
    "half": GOOD.encode()[: len(GOOD) // 2],
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", ENCODINGS)
def test_in_no_encoding_does_a_receipt_say_something_else(what: str) -> None:
    """However its bytes are written: refused with a code, or exactly what was signed."""
    outcome(ENCODINGS[what])


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-32"])
def test_what_not_every_program_reads_is_refused_though_its_signature_is_sound(encoding: str) -> None:
    """Whoever reads it otherwise would read something else; the bounds count bytes that it may not have."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>{GOOD}'
    assert outcome(text.encode(encoding, "xmlcharrefreplace")) == "signature.encoding-refused"


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("space", ["\u0085", "\u00a0", "\u2028", "\u3000"])
@pytest.mark.parametrize("before", ["<ds:SignatureMethod", "<ds:SignatureValue", "<ds:X509Data"])
def test_what_is_white_space_elsewhere_is_a_word_in_xml(before: str, space: str) -> None:
    """Only the four of XML may stand between the elements of a signature, even where customs signs others."""
    assert outcome(signed(WHOLE.replace(before, f"{space}{before}"))) == "signature.shape-refused"


TAILS = (
    "x",
    "&#32;",
    "\n",
    "<![CDATA[x]]>",
    "<!-- x -->",
    "<?x?>",
    "<X/>",
    "&#160;",
    "<!-- x -->\n",
    "]]&gt;",
)


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("tail", TAILS)
def test_what_follows_the_signature_in_the_root_is_signed(tail: str) -> None:
    """A text behind it is part of the document: put there later it breaks the digest."""
    assert outcome(GOOD.replace("</Message>", f"{tail}</Message>"))


@pytest.mark.requirement("CU-02")
def test_what_follows_the_signature_is_signed_where_nothing_precedes_it() -> None:
    """Taken out, the signature leaves the text behind it, which is then the whole of the root."""
    whole = signed(f"<Message>{SIGNATURE}</Message>")
    assert outcome(whole, b"<Message></Message>") == ""
    assert outcome(whole.replace("</Message>", "x</Message>")) == "signature.digest-mismatch"


NAMESPACES = {
    "another default within": ("<Receipt>", '<Receipt xmlns="urn:x">'),
    "no default within": ("<Receipt>", '<Receipt xmlns="">'),
    "another default of the root": ("urn:cn:collective-declaration:1.0", "urn:cn:collective-declaration:2.0"),
    "a prefix more": ("<Receipt>", '<Receipt xmlns:x="urn:x">'),
    "the same default again": ("<Receipt>", '<Receipt xmlns="urn:cn:collective-declaration:1.0">'),
    "the prefix ds on the root": ("<Message ", f'<Message xmlns:ds="{DS}" '),
    "the prefix ds for another thing": ("<Receipt>", '<Receipt xmlns:ds="urn:x">'),
    "a default in the signature": ("<ds:SignedInfo>", '<ds:SignedInfo xmlns="urn:x">'),
    "a space in an attribute": (f'"{SHA256}"', f'"{SHA256}&#32;"'),
    "another quote": (f'"{SHA256}"', f"'{SHA256}'"),
    "an empty element as two tags": ("<ds:DigestMethod", "<ds:DigestMethod"),
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", NAMESPACES)
def test_namespaces_cannot_give_a_value_another_meaning(what: str) -> None:
    """Declared elsewhere or anew: refused, or the same bytes are returned."""
    old, new = NAMESPACES[what]
    assert old in GOOD
    outcome(GOOD.replace(old, new))


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("beside", ["", "<!-- x -->"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Message ", '<Message xmlns:中="urn:x" '),
        ("<Receipt>", "<Receipt><?x 中?>"),
        ("<Receipt>", "<Receipt><中/>"),
    ],
)
def test_what_is_chinese_in_names_and_instructions_is_believed_as_it_was_signed(
    old: str, new: str, beside: str
) -> None:
    """As a part and beside a comment a document is read anew for its canonical form, and stays what it is."""
    content = etree.tostring(etree.fromstring(f"{BODY.replace(old, new)}</Message>"), method="c14n")
    assert outcome(beside + signed(WHOLE.replace(old, new)), content) == ""


@pytest.mark.requirement("CU-02")
def test_prefixes_that_an_exclusive_form_keeps_are_in_what_is_verified() -> None:
    """Declared on the root and used nowhere, they stand in SignedInfo only because it lists them."""
    kept = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="q"/>'
    method = f'<ds:CanonicalizationMethod Algorithm="{C14N}"/>'
    listing = f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}">{kept}</ds:CanonicalizationMethod>'
    body = BODY.replace("<Message ", '<Message xmlns:q="urn:q" ')
    good = signed(f"{body}{SIGNATURE.replace(method, listing)}</Message>")
    content = etree.tostring(etree.fromstring(f"{body}</Message>"), method="c14n")
    assert outcome(good, content) == ""


@pytest.mark.requirement("CU-02")
@given(st.data())
def test_pieces_of_a_receipt_put_together_anyhow_never_say_something_else(data: st.DataObject) -> None:
    """Cut at tags, doubled, dropped and exchanged: refused with a code, or exactly what was signed."""
    pieces = re.findall("<[^>]*>[^<]*", GOOD)
    order = list(range(len(pieces)))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(order) - 1))
        end = data.draw(st.integers(start, min(len(order), start + 12)))
        to = data.draw(st.integers(0, len(order)))
        taken = order[start:end]
        kept = order if data.draw(st.booleans()) else order[:start] + order[end:]
        order = kept[:to] + taken + kept[to:]
        if not order:
            return
    outcome("".join(pieces[each] for each in order))
