"""The whole loop through the folders: gateway and customs stub as processes, the measurement as the carrier.

Customs answers into a folder aside, and the files are carried from there to the gateway, so that the
moment of each is known without asking either program.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from tests.bench import erp
from tests.bench.site import Process, Site, told

# What each manifest comes to: a technical receipt and an approval; a reply and a notice of each receipt.
RECEIPTS, REPLIES = 2, 3
_LINKS = """
    SELECT interchanges.name, submissions.id || '.xml' FROM interchanges
    JOIN messages ON messages.interchange_id = interchanges.id
    JOIN submissions ON submissions.number = messages.document_number
"""


@dataclass
class Phase:
    """What was measured from the first file dropped to the last reply written.

    Attributes:
        documents: How many manifests.
        seconds: How long it took.
        gateway: Processor seconds of the gateway.
        customs: Processor seconds of the customs stub.
        to_outbox: Seconds from each file's drop to its signed message.
        to_reply: Seconds from each receipt to the ERP's notice of it.
    """

    documents: int
    seconds: float = 0.0
    gateway: float = 0.0
    customs: float = 0.0
    to_outbox: list[float] = field(default_factory=list)
    to_reply: list[float] = field(default_factory=list)

    def told(self) -> dict[str, object]:
        """Return the figures of a table."""
        return {
            "documents_per_second": round(self.documents / self.seconds, 1),
            "gateway_cpu_ms": round(self.gateway / self.documents * 1000, 2),
            "customs_cpu_ms": round(self.customs / self.documents * 1000, 2),
            "drop_to_outbox_ms": _percentiles(self.to_outbox),
            "receipt_to_reply_ms": _percentiles(self.to_reply),
        }


class Carrier:
    """Drops, carries, and remembers when."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._dropped: dict[str, float] = {}
        self._carried: dict[str, float] = {}

    def drop(self, prefix: str, count: int, items: int) -> float:
        """Drop manifests; return when the first one was there."""
        start = time.time()
        for name, data in erp.manifests(prefix, count, items):
            erp.drop(self._site.inbox, name, data)
            self._dropped[name] = time.time()
        return start

    def carry(self, most: int | None = None) -> None:
        """Take to the gateway what customs has answered, oldest first."""
        for name in sorted(told(self._site.aside))[:most]:
            (self._site.aside / name).rename(self._site.receipts / name)
            self._carried[name] = time.time()

    def latencies(self, phase: Phase) -> None:
        """Work out for each file how long it took; a rename leaves its moment at the file."""
        site = self._site
        with sqlite3.connect(f"file:{site.folder / 'var' / 'gateway.db'}?mode=ro", uri=True) as database:
            links = dict(database.execute(_LINKS))
            receipts = {
                f"{given:06d}": name for given, name in database.execute("SELECT id, name FROM receipts")
            }
        phase.to_outbox = list(_between(self._dropped, {n: site.outbox / f for n, f in links.items()}))
        notices = [file for file in site.replies.iterdir() if file.name.endswith(".receipt.json")]
        written = {receipts[file.name.split(".")[1]]: file for file in notices}
        phase.to_reply = list(_between(self._carried, written))


def burst(site: Site, gateway: Process, prefix: str, count: int, items: int) -> Phase:
    """Drop everything at once, customs answering meanwhile."""
    carrier, phase, before = Carrier(site), Phase(count), len(told(site.replies))
    with site.customs(aside=True) as customs, _processor(phase, gateway, customs):
        start = carrier.drop(prefix, count, items)

        def through() -> bool:
            carrier.carry()
            return len(told(site.replies)) == before + REPLIES * count

        site.wait(through)
    phase.seconds = _last(site.replies) - start
    carrier.latencies(phase)
    return phase


def halves(site: Site, gateway: Process, prefix: str, count: int, items: int) -> Phase:
    """Drop everything; when all is sent let customs answer, and give all receipts when it has ended."""
    carrier, phase = Carrier(site), Phase(count)
    sent, before = len(told(site.outbox)), len(told(site.replies))
    with _processor(phase, gateway):
        start = carrier.drop(prefix, count, items)
        site.wait_for(site.outbox, sent + count)
        site.wait_for(site.replies, before + count)
        phase.seconds = max(_last(site.outbox), _last(site.replies)) - start
        with site.customs(aside=True):
            site.wait_for(site.aside, RECEIPTS * count)
        start = time.time()
        carrier.carry()
        site.wait_for(site.replies, before + REPLIES * count)
        phase.seconds += _last(site.replies) - start
    return phase


def singly(site: Site, gateway: Process, prefix: str, count: int, items: int) -> Phase:
    """Drop one after another, and give one receipt after another, each when the last is through."""
    carrier, phase = Carrier(site), Phase(count)
    with site.customs(aside=True) as customs, _processor(phase, gateway, customs):
        start = time.time()
        for number in range(count):
            before = len(told(site.replies))
            carrier.drop(f"{prefix}{number}", 1, items)
            site.wait_for(site.aside, RECEIPTS)
            site.wait_for(site.replies, before + 1)
            for position in range(1, RECEIPTS + 1):
                carrier.carry(1)
                site.wait_for(site.replies, before + 1 + position)
    phase.seconds = time.time() - start
    carrier.latencies(phase)
    return phase


@contextmanager
def _processor(phase: Phase, gateway: Process, customs: Process | None = None) -> Iterator[None]:
    before, answering = gateway.used(), customs.used() if customs else None
    yield
    phase.gateway = gateway.used().seconds - before.seconds
    if customs and answering:
        phase.customs = customs.used().seconds - answering.seconds


def _between(begun: Mapping[str, float], ended: Mapping[str, Path]) -> Iterator[float]:
    for name, start in begun.items():
        yield ended[name].stat().st_ctime - start


def _last(folder: Path) -> float:
    return max(file.stat().st_ctime for file in folder.iterdir())


def _percentiles(seconds: list[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{n}": round(cuts[n - 1] * 1000, 1) for n in (50, 95, 99)}
