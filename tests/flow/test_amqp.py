"""A whole gateway over AMQP on both sides: an ERP and customs at their queues, and a broker that dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from tests.flow.test_main_job import EXAMPLES
from tests.services.amqp import Client, new_queue, until
from tests.services.installation import AGGREGATION, FILING, Installation, Running
from tests.services.rabbitmq import GATEWAY, VHOST, Broker, shared

TYPES = {".csv": "text/csv", ".xml": "application/xml", ".json": "application/json"}


class Site:
    """An installation without any folder to the outside, and the ERP's own client at the broker."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.broker = broker
        self.orders, self.answers = new_queue("acme.orders"), new_queue("acme.answers")
        submissions, receipts = new_queue("customs.submissions"), new_queue("customs.receipts")
        places = {
            "retry_seconds = [5, 15, 60, 300, 900]": "retry_seconds = [0.05]",
            'inbox = "inbox/acme"': f'inbox = {{ amqp = "broker", queue = "{self.orders}" }}',
            'receipts = "receipts/acme"': f'receipts = {{ amqp = "broker", routing_key = "{self.answers}" }}',
            'outbox = "outbox/customs"': f'outbox = {{ amqp = "broker", routing_key = "{submissions}" }}',
            'receipts = "receipts/customs"': f'receipts = {{ amqp = "broker", queue = "{receipts}" }}',
        }
        more = f"""
            [amqp.broker]
            host = "127.0.0.1"
            port = {broker.tls_port}
            user = "{GATEWAY.name}"
            virtual_host = "{VHOST}"
            ca_file = "{broker.authority.file}"
            timeout_seconds = 5.0
        """
        url = f"amqp://{GATEWAY.name}:{GATEWAY.password}@127.0.0.1:{broker.port}/{VHOST}"
        door = f"""
            [[door]]
            name = "broker"
            amqp = "{url}"
            submissions = "{submissions}"
            receipts = "{receipts}"
        """
        self.installation = Installation(folder, changes=places, more=more, customs=door)
        # The office has no other door: what it says comes over the broker.
        text = self.installation.customs_config.read_text("utf-8")
        kept = [line for line in text.splitlines() if not line.startswith(("outbox =", "answers ="))]
        self.installation.customs_config.write_text("\n".join(kept), "utf-8")
        secret = folder / "var/secrets/amqp-broker-password"
        secret.parent.mkdir(parents=True)
        secret.touch(mode=0o600)
        secret.write_text(GATEWAY.password)
        self.told: list[dict[str, Any]] = []

    def send(self, name: str, data: bytes | None = None) -> None:
        """Publish a file of the example as the ERP does."""
        content = (EXAMPLES / name).read_bytes() if data is None else data
        Client(self.broker).put(
            self.orders, name, content, message_id=name, content_type=TYPES[Path(name).suffix]
        )

    def read(self) -> list[dict[str, Any]]:
        """Take what has come for the ERP so far; return all that ever came."""
        try:
            taken = Client(self.broker).take(self.answers)
        except CONNECTION_EXCEPTIONS:
            return self.told
        self.told += [{"name": m.headers["filename"], **json.loads(m.body)} for m in taken]
        return self.told

    def replies(self, name: str) -> list[dict[str, Any]]:
        """Return the replies to a file."""
        return [told for told in self.read() if told.get("reply_to", {}).get("name") == name]

    @contextmanager
    def running(self, now: Any) -> Iterator[Running]:
        """Open gateway and customs."""
        with self.installation.open(now) as opened:
            # The queues of both sides are there before the first message.
            until(lambda: opened.look() == 0)
            yield opened


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site at the broker of this process."""
    broker = shared()
    yield Site(tmp_path, broker)
    broker.revive()


def reach(running: Running, reached: Callable[[], bool]) -> None:
    """Let everything work until something is reached."""

    def look() -> bool:
        running.look()
        return reached()

    until(look)


def state(running: Running, client_number: str) -> str:
    """Return the state of a document, or nothing while there is none."""
    found = running.documents(client_number=client_number)
    return found[0].state if found else ""


@pytest.mark.requirement("ER-01", "CU-06", "ER-06", "CU-07")
def test_the_main_job_over_amqp_with_a_broker_that_is_killed(site: Site) -> None:
    """From CSV, XML and JSON in a queue to a cleared declaration; each file gets its one reply."""
    with site.running(FILING) as running:
        site.send("01-qualification.csv")
        site.send("02-goods.xml")
        reach(running, lambda: state(running, "GF-2026-0001") == "approved")
        site.send("03-manifest.csv")
        site.send("04-manifest.json")
        site.broker.kill()
        reach(running, lambda: {alert.code for alert in running.alerts()} >= {"trouble.channel"})
        site.broker.start()
        manifests = ("JB-2026-10-0001", "JB-2026-10-0002")
        reach(running, lambda: all(state(running, each) == "cleared" for each in manifests))
        reach(running, lambda: not running.alerts())
    asked = site.installation.gateway("aggregate", "--month", "2026-10", "--json", now=AGGREGATION)
    assert asked.returncode == 0, asked.stderr
    with site.running(AGGREGATION) as running:
        reach(running, lambda: state(running, "AGG202610-101") == "cleared")
        names = ["01-qualification.csv", "02-goods.xml", "03-manifest.csv", "04-manifest.json"]
        reach(running, lambda: all(site.replies(name) for name in names))
    # A name is a message's id: what came twice, because its confirmation was lost, is one reply.
    for name in names:
        assert len({told["name"] for told in site.replies(name)}) == 1
        assert site.replies(name)[0]["outcome"] == "accepted"
    assert any(told.get("state") == "cleared" for told in site.told)


@pytest.mark.requirement("ER-01", "ER-04", "ER-05")
def test_a_broken_file_is_parked_and_answered_and_the_same_again_gets_the_same_reply(site: Site) -> None:
    """The reply says why, the parked message says so in its headers; published again it is answered again."""
    with site.running(FILING) as running:
        site.send("broken.json", b"{")
        reach(running, lambda: len(site.replies("broken.json")) == 1)
        assert site.replies("broken.json")[0]["outcome"] == "quarantined"
        client = Client(site.broker)
        reach(running, lambda: client.count(f"{site.orders}.parked") == 1)
        (kept,) = client.take(f"{site.orders}.parked")
        assert json.loads(str(kept.headers["x-gateway-reason"]))["violations"]
        client.put(site.orders, "broken.json", b"{", message_id="another")
        reach(running, lambda: len(site.replies("broken.json")) == 2)
        first, again = site.replies("broken.json")
        assert {**first, "name": ""} == {**again, "name": ""}


@pytest.mark.requirement("ER-01")
def test_the_check_tells_of_a_queue_that_would_drop_messages(site: Site) -> None:
    """And finds nothing else wrong with the broker, over TLS with its authority."""
    Client(site.broker).declare(site.orders)
    done = site.installation.gateway("check", "--json")
    assert done.returncode != 0
    assert "channels.amqp-queue-unsafe" in done.stdout
    assert "channels.amqp-away" not in done.stdout
    assert GATEWAY.password not in done.stdout + done.stderr
