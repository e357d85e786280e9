"""What an ERP asks: queries in the standard XML, and what comes back."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tests.services.installation import Installation, Running

_NAMESPACE = "urn:cn:collective-declaration:1.0"


def message(kind: str, body: str, operation: str, number: str) -> str:
    """Return a message of the standard XML."""
    told = {"MessageType": kind, "ClientSeqNo": number, "Operation": operation}
    head = "".join(f"<{name}>{value}</{name}>" for name, value in told.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<Message xmlns="{_NAMESPACE}"><MessageHead>{head}</MessageHead>'
        f"<{kind}>{body}</{kind}></Message>"
    )


def query(kind: str, operation: str = "query", number: str = "ASK-1", **criteria: str) -> str:
    """Return a query."""
    body = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in criteria.items())
    return message("Query", f"<QueryKind>{kind}</QueryKind>{body}", operation, number)


def ask(running: Running, kind: str, partner: str = "acme", **criteria: str) -> dict[str, Any]:
    """Ask, and return the one entry of the reply."""
    return entry(running.send("query.xml", query(kind, **criteria), partner))


def result(running: Running, kind: str, partner: str = "acme", **criteria: str) -> dict[str, Any]:
    """Ask, and return what was found."""
    told = ask(running, kind, partner, **criteria)
    assert told["outcome"] == "accepted", told
    found: dict[str, Any] = told["result"]
    return found


def entry(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the one entry of a reply."""
    (told,) = reply["messages"]
    found: dict[str, Any] = told
    return found


def codes(told: dict[str, Any]) -> list[str]:
    """Return the codes of the violations of an entry."""
    return [violation["code"] for violation in told["violations"]]


def text_of(file: Path) -> str:
    """Return the text of a PDF."""
    done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def received(installation: Installation, name: str, partner: str = "acme") -> Path:
    """Return a file that a partner has received."""
    return installation.folder / "receipts" / partner / name
