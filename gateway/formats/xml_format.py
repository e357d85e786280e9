"""Reads XML in the encodings that Chinese ERP systems send, through the one hardened parser."""

from __future__ import annotations

import re

from gateway.errors import Place, RejectedError
from gateway.formats.encoding import canonical, decode, disagreement, wide
from gateway.formats.source import Source
from gateway.xmlio import parse

_DECLARATION = re.compile(r"""^\s*<\?xml\b[^>]*?\?>""")
_DECLARED = re.compile(r"""^\s*<\?xml\b[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_BEGINNING = 512


def read_xml(name: str, data: bytes, encoding: str = "") -> Source:
    """Read an XML file in the encoding that it declares, else the agreement's, else UTF-16 or UTF-8.

    Raises:
        RejectedError: The faults of decoding, or those of `xmlio.parse`.
    """
    place = Place(name)
    inside = _declared(data)
    text = decode(data, inside or encoding or ("" if wide(data) else "utf-8"), place)
    warnings = text.warnings
    if inside and encoding and canonical(inside, place) != canonical(encoding, place):
        warnings = (*warnings, disagreement(encoding, inside, place))
    # libxml2 takes GB2312 literally, although senders mean GB18030, so that the text goes in as UTF-8.
    # The declaration's lines are kept, so that the places stay right.
    declaration = _DECLARATION.match(text.text)
    body = text.text
    if declaration:
        body = "\n" * declaration[0].count("\n") + body[declaration.end() :]
    try:
        root = parse(body.encode("utf-8"), name, bare=True)
    except RejectedError as fault:
        rows = (violation.values.get("row") for violation in fault.violations)
        raise RejectedError(
            violation.at(Place(name, row if isinstance(row, int) else None))
            for violation, row in zip(fault.violations, rows, strict=True)
        ) from fault
    return Source(name, "xml", text.encoding, root, warnings)


def _declared(data: bytes) -> str:
    """Return the encoding that the file itself declares, which is plain letters in every encoding."""
    beginning = data[:_BEGINNING].decode(wide(data) or "latin-1", "ignore")
    found = _DECLARED.match(beginning.removeprefix("\ufeff").removeprefix("\xef\xbb\xbf"))
    return found[1] if found else ""
