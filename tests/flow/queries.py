"""What an ERP asks: queries in the standard XML, and what comes back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from gateway.steps.aggregating import aggregate_month
from tests.flow import erp
from tests.services.installation import AGGREGATION, ENTERPRISE, FILING, Installation, Running

SECOND = "4403180002"
NAME = "深圳第二示例贸易有限公司"
TWO = f"""
[[enterprise]]
code = "{SECOND}"
name = "{NAME}"
social_credit_code = "91440300MA5EX0002B"
guarantee_mode = "2"
key_label = "declarant-2"

[[partner]]
name = "beta"
enterprises = ["{SECOND}"]
inbox = "inbox/beta"
receipts = "receipts/beta"
mappings = ["acme-json/*", "standard/*"]
"""
COMPANY = {"customsCode": SECOND, "name": NAME}
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


@contextmanager
def month_of_two(folder: Path) -> Iterator[Running]:
    """October of two ERPs: of the first imports, an export and a saved one; of the second a filing."""
    installation = Installation(folder, more=TWO)
    installation.add_key(SECOND, NAME, "declarant-2")
    for place in ("inbox/beta", "receipts/beta"):
        (installation.folder / place).mkdir(parents=True, exist_ok=True)
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        transport = {**erp.manifest()["transport"], "crossing": "2026-10-25T04:40:00+08:00"}
        export = erp.manifest("JB-3", direction="export", transport=transport)
        running.send("3.json", erp.manifests(erp.manifest("JB-1"), erp.manifest("JB-2"), export))
        running.send("4.json", erp.manifests(erp.manifest("JB-4"), action="save"))
        guarantee = {"amountCny": 800000.00, "validUntil": "2027-06-30"}
        filing = erp.qualification("BQ-1", company=COMPANY, customs={"office": "5304"}, guarantee=guarantee)
        running.send("5.json", filing, "beta")
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", "A0-AGG")
        running.settle()
        yield running
