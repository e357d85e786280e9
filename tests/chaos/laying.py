"""The files of a chaos run's installation: every kind of channel, and a volume at each customs office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.flow import erp
from tests.services import postgres
from tests.services.amqp import new_queue
from tests.services.cable import Cable
from tests.services.installation import Installation
from tests.services.rabbitmq import GATEWAY, VHOST, Broker
from tests.services.sshd import Sshd

# By the kind of their channel: a folder, a folder on an SFTP server, a queue.
PARTNERS = ("acme", "pier", "queue")
# The routes are of the same kinds; the customs office that a manifest is declared at chooses.
ROUTES = {"customs": "5301", "pier": "5304", "queue": "5305"}

# Of several gateways, one that is stopped for a while is held for dead by the others.
_LEASE = {"lease_seconds = 15 ": "lease_seconds = 2 "}
_FIRST_ROUTE = '[[route]]\nname = "customs"'
_ROUTE = """[[route]]
name = "{name}"
receiver = "CUSTOMS{office}"
offices = ["{office}"]
trusted_certificates = ["var/customs/customs.pem"]
outbox = {outbox}
receipts = {receipts}

"""
_PARTNER = """
[[partner]]
name = "{name}"
enterprises = ["4403180001"]
mappings = ["acme-csv/*", "acme-idoc/*", "acme-json/*"]
inbox = {inbox}
receipts = {receipts}
"""
_SERVERS = """
[sftp.hub]
host = "127.0.0.1"
port = {sftp}
user = "{user}"
known_hosts = "known_hosts"
key_file = "{key}"
timeout_seconds = 5

[amqp.broker]
host = "127.0.0.1"
port = {broker}
user = "{broker_user}"
virtual_host = "{virtual_host}"
tls = false
timeout_seconds = 5
"""
_DOORS = """
[[door]]
name = "pier"
outbox = "outbox/pier"
answers = "receipts/from-pier"

[[door]]
name = "queue"
amqp = "{url}"
submissions = "{submissions}"
receipts = "{receipts}"
"""


@dataclass(frozen=True)
class Queues:
    """The queues of one run at the broker that it shares with others."""

    orders: str
    answers: str
    submissions: str
    receipts: str

    @classmethod
    def new(cls) -> Queues:
        """Return queues that nobody else uses."""
        return cls(*(new_queue(f"chaos.{name}") for name in cls.__annotations__))


@dataclass(frozen=True)
class Services:
    """What the installation uses.

    Attributes:
        database: The server of the gateway's database; None where that is SQLite.
        cables: What lies between the gateway and each server, by the server's name.
    """

    broker: Broker
    queues: Queues
    sshd: Sshd
    database: postgres.Server | None
    cables: Mapping[str, Cable]


def lay_out(folder: Path, database: str, services: Services) -> Installation:
    """Make the installation; between the gateway and each server lies a cable."""
    folder.mkdir(parents=True, exist_ok=True)
    queues, broker, cables = services.queues, services.broker, services.cables
    access = services.sshd.access(folder, cables["sftp"].port)
    servers = _SERVERS.format(
        sftp=cables["sftp"].port,
        user=access.user,
        key=access.key_file,
        broker=cables["broker"].port,
        broker_user=GATEWAY.name,
        virtual_host=VHOST,
    )
    partners = _partner("pier", _from_pier(folder / "inbox/pier"), _to_pier(folder / "receipts/pier"))
    partners += _partner("queue", _from_queue(queues.orders), _to_queue(queues.answers))
    pier, queue = ROUTES["pier"], ROUTES["queue"]
    to_pier, from_pier = _to_pier(folder / "outbox/pier"), _from_pier(folder / "receipts/from-pier")
    routes = _ROUTE.format(name="pier", office=pier, outbox=to_pier, receipts=from_pier)
    to_queue, from_queue = _to_queue(queues.submissions), _from_queue(queues.receipts)
    routes += _ROUTE.format(name="queue", office=queue, outbox=to_queue, receipts=from_queue)
    changes = {_FIRST_ROUTE: routes + _FIRST_ROUTE, "sqlite:///var/gateway.db": database, **_LEASE}
    url = f"amqp://{GATEWAY.name}:{GATEWAY.password}@127.0.0.1:{broker.port}/{VHOST}"
    doors = _DOORS.format(url=url, submissions=queues.submissions, receipts=queues.receipts)
    made = Installation(folder, changes, partners + servers, doors)
    for place in ("inbox/pier", "receipts/pier", "outbox/pier", "receipts/from-pier"):
        (folder / place).mkdir()
    secret = folder / "var/secrets/amqp-broker-password"
    secret.parent.mkdir()
    secret.touch(mode=0o600)
    secret.write_text(GATEWAY.password)
    return made


def file_goods(made: Installation) -> dict[str, str]:
    """File a qualification and a volume at each office; return the customs numbers of the volumes."""
    found = {}
    with made.open() as running:
        for office in ROUTES.values():
            qualification, volume = f"QF-{office}", f"GF-{office}"
            running.send(
                f"{qualification}.json", erp.qualification(qualification, customs={"office": office})
            )
            goods = [erp.goods(name=f"冰鲜大西洋鲑鱼 {number}") for number in (1, 2)]
            running.send(f"{volume}.json", erp.volume(volume, qualification, *goods))
            approved = running.document(volume)
            assert approved.state == "approved", approved
            found[office] = str(approved.customs_number)
    return found


def _partner(name: str, inbox: str, receipts: str) -> str:
    return _PARTNER.format(name=name, inbox=inbox, receipts=receipts)


def _from_pier(folder: Path) -> str:
    return f'{{ sftp = "hub", folder = "{folder}", still_seconds = 0.5, poll_seconds = 0.2 }}'


def _to_pier(folder: Path) -> str:
    return f'{{ sftp = "hub", folder = "{folder}" }}'


def _from_queue(queue: str) -> str:
    return f'{{ amqp = "broker", queue = "{queue}" }}'


def _to_queue(queue: str) -> str:
    return f'{{ amqp = "broker", routing_key = "{queue}" }}'
