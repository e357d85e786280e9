"""One large file, and how others fare meanwhile: `python -m tests.bench.large [--postgres]`.

Twenty thousand manifests of ten items in one CSV file of some 50 MB go through a gateway of their own, as
far as the reply; signing and sending go on beside it. Now and then a small file is dropped, and how
long it waits for its reply is told.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from tests.bench import erp
from tests.bench.process import Process
from tests.bench.site import Site
from tests.services.postgres import server

_LOOK_SECONDS, _EVERY_SECONDS = 0.05, 5.0
# Makes each item as long as those of real files, so that 20,000 manifests come to 50 MB.
_NOTE = "冰鲜大西洋鲑鱼 整条去内脏 6-7 千克/条 挪威原产 零下二度保存 纸箱加冰 每箱二十千克 "


def one_file(prefix: str, count: int, items: int, size: int) -> bytes:
    """Return the manifests in one CSV file of about so many bytes."""
    out = io.StringIO(newline="")
    filler = "备注（其他）"
    pad = max(size // (count * (items + 1)) - 60, 0) // 3
    writer: csv.DictWriter[str] | None = None
    for _, data in erp.manifests(prefix, count, items):
        for row in csv.DictReader(io.StringIO(data.decode("gb18030"), newline="")):
            if writer is None:
                writer = csv.DictWriter(out, [*row, filler])
                writer.writeheader()
            writer.writerow(row | {filler: (_NOTE * 10)[:pad]})
    return out.getvalue().encode()


def measure(site: Site, gateway: Process, count: int, items: int, size: int) -> None:
    """Drop the large file, drop small ones meanwhile, and tell what it took."""
    data = one_file("LARGE", count, items, size)
    began = time.monotonic()
    erp.drop(site.inbox, "large.csv", data)
    waits = list(_meanwhile(site))
    seconds = time.monotonic() - began
    used = gateway.used()
    reply = _reply(site, "large.csv")
    assert reply is not None
    click.echo(f"{len(data) / 1e6:.1f} MB, {count} manifests of {items} items: {seconds:.0f} s to the reply")
    click.echo(f"{count / seconds:.0f} manifests/s, {used.seconds:.0f} s of processor")
    click.echo(f"peak memory {used.peak_bytes / 1e6:.0f} MB")
    click.echo(f"reply {reply.stat().st_size / 1e6:.1f} MB, {_accepted(reply)} accepted")
    if waits:
        middle = sorted(waits)[len(waits) // 2]
        click.echo(
            f"{len(waits)} small files meanwhile: {middle:.2f} s to the reply, {max(waits):.2f} s at most"
        )


def _meanwhile(site: Site) -> Iterator[float]:
    """Yield what small files wait for their replies until the large one has its own."""
    small = erp.manifests("SMALL", 10_000, 1)
    while _reply(site, "large.csv") is None:
        name, data = next(small)
        began = time.monotonic()
        erp.drop(site.inbox, name, data)
        site.wait(lambda name=name: _reply(site, name) is not None)
        yield time.monotonic() - began
        time.sleep(_EVERY_SECONDS)


def _reply(site: Site, name: str) -> Path | None:
    return next(iter(site.replies.glob(f"{name}.*.reply.json")), None)


def _accepted(reply: Path) -> int:
    return reply.read_text("utf-8").count('\n      "outcome": "accepted"')


@contextmanager
def _site(*, postgres: bool) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as parts:
        url = ""
        if postgres:
            database = parts.enter_context(server())
            url = database.url(database.create())
        yield Site.make(Path(name), url)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.large", description=__doc__)
    parser.add_argument("--manifests", type=int, default=20_000)
    parser.add_argument("--items", type=int, default=10, help="items of each manifest, at most 99")
    parser.add_argument("--megabytes", type=int, default=50, help="how long the file is made")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    asked = parser.parse_args()
    with _site(postgres=asked.postgres) as site:
        with site.gateway(), site.customs():
            site.file_goods(asked.items)
        with site.gateway() as gateway:
            measure(site, gateway, asked.manifests, asked.items, asked.megabytes * 1_000_000)


if __name__ == "__main__":
    main()
