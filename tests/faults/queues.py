"""An ERP at a broker: a quorum queue for what it orders, and one for what it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.services.amqp import Client, new_queue
from tests.services.rabbitmq import GATEWAY, VHOST, Broker

_BROKER = f"""
[amqp.broker]
host = "127.0.0.1"
port = {{port}}
user = "{GATEWAY.name}"
virtual_host = "{VHOST}"
tls = false
"""


@dataclass
class Queues:
    """The queues of the partner acme; the gateway makes them.

    Attributes:
        broker: Where they are.
        orders: What the ERP sends.
        answers: What it is told.
        contents: What it has read so far: by name every content that came under it.
    """

    broker: Broker
    orders: str = field(default_factory=partial(new_queue, "acme.orders"))
    answers: str = field(default_factory=partial(new_queue, "acme.answers"))
    contents: dict[str, set[bytes]] = field(default_factory=partial(defaultdict, set))

    def changes(self) -> Mapping[str, str]:
        """Return the lines of the shipped gateway.toml that are other ones here."""
        return {
            'inbox = "inbox/acme"': f'inbox = {{ amqp = "broker", queue = "{self.orders}" }}',
            'receipts = "receipts/acme"': f'receipts = {{ amqp = "broker", routing_key = "{self.answers}" }}',
        }

    def more(self) -> str:
        """Return what is appended to it."""
        return _BROKER.format(port=self.broker.port)

    def give_password(self, folder: Path) -> None:
        """Let an installation know its password."""
        secret = folder / "var/secrets/amqp-broker-password"
        secret.parent.mkdir(parents=True)
        secret.touch(mode=0o600)
        secret.write_text(GATEWAY.password)

    def send(self, name: str, data: str) -> None:
        """Publish a file as a careful ERP does, under its name."""
        content = {"message_id": name, "content_type": "application/json"}
        Client(self.broker).put(self.orders, name, data.encode(), **content)

    def told(self) -> Mapping[str, set[bytes]]:
        """Read what has come; return by name every content that ever came under it."""
        for message in Client(self.broker).take(self.answers):
            self.contents[str(message.headers["filename"])].add(message.body)
        return self.contents

    def waiting(self) -> int:
        """Count what no gateway has taken yet, or one has put aside."""
        return sum(map(Client(self.broker).count, (self.orders, f"{self.orders}.parked")))
