"""Writes EDIFACT interchanges for the tests, with right counts and references."""

from __future__ import annotations

HEADER = "ACME:ZZ+GATEWAY:ZZ+20261005:0930"


def message(reference: str, identifier: str, *segments: str) -> str:
    """Return a message; each segment is given without its end."""
    body = [f"UNH+{reference}+{identifier}", *segments]
    return "\n".join(f"{segment}'" for segment in [*body, f"UNT+{len(body) + 1}+{reference}"])


def interchange(*messages: str, reference: str = "IC1", syntax: str = "UNOW:4") -> str:
    """Return an interchange."""
    head = f"UNB+{syntax}+{HEADER}+{reference}'"
    return "\n".join([head, *messages, f"UNZ+{len(messages)}+{reference}'", ""])


def manifest(number: str = "JB-1", total: str = "9200.00", reference: str = "M1") -> str:
    """Return the manifest of `tests.flow.erp` as a CUSDEC; its one item is segment 20."""
    return message(
        reference,
        "CUSDEC:D:96B:UN:JBMAN",
        f"BGM+929+{number}+9",
        "LOC+22+5301",
        "LOC+35+HKG",
        "LOC+30+HKG",
        "LOC+13+HKG003",
        "DTM+132:202610200440:203",
        "GIS+1:NAT",
        "MEA+WT+AAD+KGM:1080",
        "MEA+WT+AAC+KGM:1000",
        "RFF+BM:HKG26102001",
        "RFF+CT:ACME-NO-2026-07",
        "RFF+ABE:GF-1",
        "PAC+100++再生木托",
        "TDT+11+5301261020003+3+++++:::粤Z5678港",
        "NAD+CN+4403180001++深圳示例进出口有限公司",
        "TOD+3++CIF",
        "UNS+D",
        "CST+1",
        "MEA+AAE+DCL+KGM:800",
        "MEA+AAE+LG1+KGM:800",
        "MOA+146:11.5:USD",
        f"MOA+203:{total}:USD",
        "RFF+LI:1",
        "GIS+1:DUT",
        "UNS+S",
        "CNT+5:1",
    )
