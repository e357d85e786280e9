"""The one XML parser: no DTD, no entities, no network, no huge trees, bounded depth and size."""

from __future__ import annotations

import threading

from lxml import etree

from gateway.errors import refuse

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64

# Level by level, this ends at the first empty one: a tenth of the time of walking the tree.
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")


class _Parsers(threading.local):
    """Each thread's parsers; to make one takes as long as to read a receipt."""

    def __init__(self) -> None:
        self.exact = _parser(remove_blank_text=False)
        self.bare = _parser(remove_blank_text=True)


def _parser(*, remove_blank_text: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=False,
        strip_cdata=True,
        remove_blank_text=remove_blank_text,
    )


_PARSERS = _Parsers()


def parse(data: bytes, name: str = "", *, bare: bool = False) -> etree._Element:
    """Parse untrusted XML and return its root; the whole of what was given is what is read.

    Args:
        data: The bytes.
        name: The file, for the fault.
        bare: Leave out the white space between elements, of which nobody asks anything.

    Raises:
        RejectedError: `xml.too-large`, `xml.not-well-formed` (with row and column),
            `xml.dtd-refused` or `xml.too-deep`.
    """
    if len(data) > MAX_BYTES:
        raise refuse("xml.too-large", size=len(data), limit=MAX_BYTES)
    try:
        root = etree.fromstring(data, _PARSERS.bare if bare else _PARSERS.exact)
    except etree.XMLSyntaxError as fault:
        # libxml2 itself gives up at a depth of its own, far beyond ours.
        if fault.msg.startswith("Excessive depth"):
            raise refuse("xml.too-deep", limit=MAX_DEPTH, file=name) from fault
        row, column = fault.position
        raise refuse("xml.not-well-formed", row=row, column=column, reason=fault.msg, file=name) from fault
    if root.getroottree().docinfo.internalDTD is not None:
        raise refuse("xml.dtd-refused", file=name)
    if _TOO_DEEP(root):
        raise refuse("xml.too-deep", limit=MAX_DEPTH, file=name)
    return root
