"""Looks at the nodes of a tree: their elements, names and whole texts."""

from __future__ import annotations

from lxml import etree


def elements(node: etree._Element) -> list[etree._Element]:
    """Return the child elements, without comments and processing instructions."""
    return list(node.iterchildren(tag=etree.Element))


def local_name(node: etree._Element) -> str:
    """Return the name without the namespace."""
    return str(node.tag).rpartition("}")[2]


def text_of(node: etree._Element) -> str:
    """Return the whole text of a node.

    A comment splits the text, and a signature does not cover comments: taking the first part alone would let
    anyone cut a signed value short.
    """
    if len(node) == 0:
        return node.text or ""
    return "".join([node.text or "", *(child.tail or "" for child in node)])
