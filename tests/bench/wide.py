"""`python -m tests.bench.wide`: one and more gateways on PostgreSQL, with one partner and with several."""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg

from tests.bench import erp
from tests.bench.loop import REPLIES, answered, carry
from tests.bench.process import NOW, Process, used_by
from tests.bench.site import Site, told
from tests.services.postgres import Server, server

_SETTLING_SECONDS = 2.0


@dataclass
class Partners:
    """Several ERP systems of a site, each of an enterprise of its own; one key signs for all.

    Attributes:
        site: Where.
        codes: The enterprise of each partner.
    """

    site: Site
    codes: Mapping[str, str]

    @classmethod
    def of(cls, site: Site, count: int) -> Partners:
        """Add partners to a site until there are so many."""
        codes = {"acme": erp.ENTERPRISE}
        codes |= {f"acme-{n}": f"44031800{n:02}" for n in range(2, count + 1)}
        file = site.folder / "gateway.toml"
        text = file.read_text("utf-8")
        (enterprise,) = re.findall(
            r"^\[\[enterprise\]\]\ncode = .*?(?=^aggregate_auto)", text, re.MULTILINE | re.DOTALL
        )
        shared = enterprise.replace("shared_key = false", "shared_key = true")
        (partner,) = re.findall(
            r'^\[\[partner\]\]\nname = "acme".*?^mappings = .*?$', text, re.MULTILINE | re.DOTALL
        )
        own = site.folder / "var/customs/enterprises"
        for name, code in list(codes.items())[1:]:
            another = f"{shared}\n{partner}\n".replace(erp.ENTERPRISE, code)
            text += another.replace('"acme"', f'"{name}"').replace('/acme"', f'/{name}"')
            (own / f"{code}.pem").write_bytes((own / f"{erp.ENTERPRISE}.pem").read_bytes())
        file.write_text(text.replace(enterprise, shared), "utf-8")
        made = cls(site, codes)
        for name in codes:
            made.inbox(name).mkdir(parents=True, exist_ok=True)
            made.replies(name).mkdir(parents=True, exist_ok=True)
        return made

    def inbox(self, name: str) -> Path:
        """Where a partner drops."""
        return self.site.folder / "inbox" / name

    def replies(self, name: str) -> Path:
        """Where a partner is answered."""
        return self.site.folder / "receipts" / name

    def told(self) -> int:
        """Count what all have been told."""
        return sum(len(told(self.replies(name))) for name in self.codes)

    def drop(self, name: str, file: str, data: bytes) -> None:
        """Let one partner send a file in its own enterprise's name."""
        erp.drop(self.inbox(name), file, data.replace(erp.ENTERPRISE.encode(), self.codes[name].encode()))

    def file_goods(self, items: int) -> None:
        """Have qualification and volume of each approved."""
        for rounds, each in enumerate((erp.qualification(), erp.volume(items)), 1):
            for name in self.codes:
                self.drop(name, *each)
            self.wait_for(rounds * len(self.codes) * REPLIES)

    def send(self, prefix: str, count: int, items: int) -> None:
        """Let each partner send so many manifests, in turn."""
        for file in erp.manifests(prefix, count, items):
            for name in self.codes:
                self.drop(name, *file)

    def wait_for(self, count: int) -> None:
        """Wait until the partners have been told so much."""
        self.site.wait(lambda: self.told() == count)


@contextmanager
def _gateways(site: Site, count: int) -> Iterator[list[Process]]:
    """Run so many gateways, as on so many machines."""
    command = ["gateway", "--now", NOW, "run"]
    processes = []
    try:
        for _ in range(count):
            processes.append(Process(command, site.folder, site.environment))
            processes[-1].ready("gateway-ready", 1)
        time.sleep(_SETTLING_SECONDS)
        yield processes
    finally:
        for process in processes:
            process.stop()


def measure(database: Server, asked: argparse.Namespace, workers: int, partners: int) -> None:
    """Send manifests while those before them are answered; tell documents a second and processor time."""
    name = database.create()
    with tempfile.TemporaryDirectory(prefix="wide-") as folder:
        site = Site.make(Path(folder), database.url(name))
        several = Partners.of(site, partners)
        with site.gateway(), site.customs():
            several.file_goods(asked.items)
        each = asked.manifests // partners
        count = each * partners
        with _gateways(site, workers) as gateways:
            several.send("B", each, asked.items)
            several.wait_for(2 * len(several.codes) * REPLIES + count)
            site.wait(lambda: len(told(site.outbox)) == count + 2 * len(several.codes))
            answered(site, count)
            size, before = _size(database, name), _used(gateways, database)
            start = time.monotonic()
            carry(site, sorted(told(site.aside)))
            several.send("A", each, asked.items)
            several.wait_for(2 * len(several.codes) * REPLIES + (1 + REPLIES) * count)
            seconds = time.monotonic() - start
            used = [b - a for a, b in zip(before, _used(gateways, database), strict=True)]
            size = _size(database, name) - size
    cpu = [f"{each / count * 1000:.1f}" for each in used]
    click.echo(
        f"gateways {workers}, partners {partners}: {count / seconds:.1f} documents/s; CPU ms a document:"
        f" gateways {' + '.join(cpu[:-1])}, database {cpu[-1]}; {size / count / 1024:.0f} KiB a document"
    )


def _used(gateways: list[Process], database: Server) -> list[float]:
    return [*(gateway.used().seconds for gateway in gateways), used_by(database.pid).seconds]


def _size(database: Server, name: str) -> int:
    with psycopg.connect(database.url("postgres")) as connection:
        found = connection.execute("SELECT pg_database_size(%s)", [name]).fetchone()
    return 0 if found is None else int(found[0])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.wide", description=__doc__)
    parser.add_argument("--manifests", type=int, default=200, help="of all partners together (200)")
    parser.add_argument("--items", type=int, default=10, help="of each manifest (10)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of gateways (1 2)")
    parser.add_argument("--partners", type=int, nargs="+", default=[1, 4], help="numbers of partners (1 4)")
    asked = parser.parse_args()
    with server(flushes=True) as database:
        for partners in asked.partners:
            for workers in asked.workers:
                measure(database, asked, workers, partners)
