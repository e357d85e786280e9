"""Queues that drop nothing, as a real broker has them: made right, looked at, refused where they are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.channels.amqp import check_amqp
from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import arguments_of, parked, prepare
from gateway.config import AmqpQueue, AmqpTarget, Settings, load_settings
from gateway.errors import ParkedError, RetryError
from tests.services.amqp import Client, access, new_queue
from tests.services.certificates import Authority
from tests.services.rabbitmq import GATEWAY, GUEST, STRANGER, VHOST, Broker, User, shared
from tests.source import ROOT

pytestmark = pytest.mark.requirement("ER-01")


FOR_QUORUM = ("x-dead-letter-strategy", "x-delivery-limit")


@pytest.fixture
def broker() -> Broker:
    """The broker of this process."""
    return shared()


@pytest.fixture
def link(broker: Broker) -> Iterator[AmqpLink]:
    """The gateway's way to it."""
    made = AmqpLink(access(broker))
    yield made
    made.close()


def settings(folder: Path, broker: Broker, **other: Any) -> Settings:
    """Return the shipped configuration with this broker in it."""
    values = {"host": "127.0.0.1", "port": broker.port, "user": GATEWAY.name, "virtual_host": VHOST}
    values |= {"tls": False, "timeout_seconds": 5.0} | other
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in values.items()]
    secret = folder / "var/secrets/amqp-broker-password"
    secret.parent.mkdir(parents=True)
    secret.touch(mode=0o600)
    file = folder / "gateway.toml"
    file.write_text(
        (ROOT / "gateway.toml").read_text("utf-8") + "\n[amqp.broker]\n" + "".join(lines), "utf-8"
    )
    secret.write_text(GATEWAY.password + "\n")
    return load_settings(file)


def codes(settings: Settings, place: AmqpQueue | AmqpTarget) -> dict[str, bool]:
    """Return what `gateway check` tells of a place, and whether each only warns."""
    return {violation.code: violation.warning for violation in check_amqp(settings, place)}


def test_a_queue_that_is_made_is_found_right(link: AmqpLink, broker: Broker, tmp_path: Path) -> None:
    """Made once, it may be made again; a check finds nothing wrong, before only that it is not there yet."""
    queue = new_queue()
    place = AmqpQueue(amqp="broker", queue=queue)
    found = settings(tmp_path, broker)
    assert codes(found, place) == {"channels.amqp-queue-absent": True}
    link.call(prepare(link, queue))
    link.call(prepare(link, queue))
    assert codes(found, place) == {}


def test_a_queue_that_its_owner_made_as_documented_is_found_right(
    link: AmqpLink, broker: Broker, tmp_path: Path
) -> None:
    """Each argument to the letter, as operating.md names it: what we ask for is no less than that."""
    queue = new_queue()
    documented = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": f"{queue}.parked",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        "x-delivery-limit": 30,
    }
    Client(broker).declare(queue, **documented)
    link.call(prepare(link, queue))
    assert codes(settings(tmp_path, broker), AmqpQueue(amqp="broker", queue=queue)) == {}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"x-queue-type": "classic", **dict.fromkeys(FOR_QUORUM)}, id="classic"),
        pytest.param({"x-dead-letter-exchange": None}, id="no dead letter"),
        pytest.param({"x-dead-letter-strategy": "at-most-once"}, id="at most once"),
        pytest.param({"x-dead-letter-strategy": None}, id="at most once by default"),
        pytest.param({"x-overflow": "drop-head"}, id="drops its oldest"),
        pytest.param({"x-delivery-limit": 3}, id="parks before a reason is known"),
        pytest.param({"x-message-ttl": 1000}, id="messages expire"),
        pytest.param({"x-max-length": 10}, id="bounded"),
    ],
)
def test_a_queue_that_would_drop_messages_is_refused(
    change: dict[str, object], link: AmqpLink, broker: Broker, tmp_path: Path
) -> None:
    """By the check, and by the inbox, which takes nothing from it; both say what would be right."""
    queue = new_queue()
    wanted = {**arguments_of(queue), **change}
    client = Client(broker)
    client.declare(queue, **{key: value for key, value in wanted.items() if value is not None})
    client.put(queue, "a.json", b"{}")
    found = settings(tmp_path, broker)
    assert codes(found, AmqpQueue(amqp="broker", queue=queue)) == {"channels.amqp-queue-unsafe": False}
    (told,) = check_amqp(found, AmqpQueue(amqp="broker", queue=queue))
    assert "x-dead-letter-strategy=at-least-once" in told.text()
    assert "inequivalent arg" in told.text()
    inbox = AmqpInbox(link, Takeable(queue))
    with pytest.raises(RetryError, match=r"channels\.amqp-queue-unsafe"):
        inbox.receive(10)
    inbox.close()
    assert client.count(queue) == 1


def test_a_queue_without_durability_is_refused(broker: Broker, tmp_path: Path) -> None:
    """It would be gone with the broker's next start."""
    queue = new_queue()
    Client(broker).declare(queue, durable=False)
    found = settings(tmp_path, broker)
    assert codes(found, AmqpQueue(amqp="broker", queue=queue)) == {"channels.amqp-queue-unsafe": False}


def test_what_is_parked_is_told_by_the_check(link: AmqpLink, broker: Broker, tmp_path: Path) -> None:
    """A person must look at it."""
    queue = new_queue()
    link.call(prepare(link, queue))
    Client(broker).put(parked(queue), "a", b"")
    assert codes(settings(tmp_path, broker), AmqpQueue(amqp="broker", queue=queue)) == {
        "channels.amqp-parked": True
    }


def test_a_target_is_looked_at_without_being_ours(broker: Broker, tmp_path: Path) -> None:
    """A missing exchange is a fault; a queue of another kind is its owner's, and is told."""
    found = settings(tmp_path, broker)
    queue = new_queue()
    target = AmqpTarget(amqp="broker", routing_key=queue)
    assert codes(found, target) == {"channels.amqp-queue-absent": True}
    Client(broker).declare(queue)
    assert codes(found, target) == {"channels.amqp-queue-unsafe": True}
    target = AmqpTarget(amqp="broker", exchange="nowhere", routing_key="x")
    assert codes(found, target) == {"channels.amqp-no-exchange": False}
    assert codes(found, AmqpTarget(amqp="broker", exchange="amq.topic", routing_key="x")) == {}


def test_an_answers_queue_is_made_where_there_is_none(link: AmqpLink, broker: Broker, tmp_path: Path) -> None:
    """And so that it drops nothing; one that its owner has made is used as it is."""
    queue, owned = new_queue(), new_queue()
    AmqpOutbox(link, Published("", queue)).send("a.json", b"{}")
    assert codes(settings(tmp_path, broker), AmqpTarget(amqp="broker", routing_key=queue)) == {}
    client = Client(broker)
    client.declare(owned)
    AmqpOutbox(link, Published("", owned)).send("a.json", b"{}")
    assert (client.count(queue), client.count(owned)) == (1, 1)


def test_without_rights_to_make_a_queue_it_is_refused(broker: Broker) -> None:
    """What cannot be looked at cannot be relied on."""
    queue = new_queue()
    Client(broker).declare(queue, **arguments_of(queue))
    for user in (GUEST, STRANGER):
        link = AmqpLink(access(broker, user))
        inbox = AmqpInbox(link, Takeable(queue))
        with pytest.raises(RetryError, match=r"channels\.amqp-no-rights") as refused:
            inbox.receive(1)
        assert user.password not in str(refused.value)
        inbox.close()
        link.close()


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"password": "another"}, "channels.amqp-login"),
        ({"user": User("nobody", "never-shown")}, "channels.amqp-login"),
        ({"virtual_host": "nowhere"}, "channels.amqp-virtual-host"),
        ({"virtual_host": "closed"}, "channels.amqp-virtual-host"),
        ({"port": 1}, "channels.amqp-away"),
        ({"tls": True}, "channels.amqp-away"),
    ],
)
def test_what_keeps_us_out_is_told_without_the_password(
    broker: Broker, other: dict[str, Any], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Login, virtual host, network: each has its own words; nothing logged or raised holds the secret."""
    link = AmqpLink(access(broker, **other))
    inbox, outbox = AmqpInbox(link, Takeable("q")), AmqpOutbox(link, Published("", "q"))
    with pytest.raises(RetryError) as refused:
        inbox.receive(1)
    assert refused.value.code == code
    assert outbox.send_many([("a", b"")])["a"].code == code
    told: list[BaseException | None] = [refused.value]
    while (fault := told[-1]) is not None:
        told.append(fault.__cause__ or fault.__context__)
    words = "".join(f"{fault} {fault!r} {link.access!r}" for fault in told) + "".join(capfd.readouterr())
    assert link.access.password not in words
    inbox.close()
    link.close()


def test_tls_believes_the_right_authority_only(broker: Broker, tmp_path: Path) -> None:
    """The broker's certificate must be signed by the file's authority, and be for the host."""
    tls = {"tls": True, "port": broker.tls_port}
    queue = new_queue()

    def code(**other: Any) -> str:
        link = AmqpLink(access(broker, **tls | other))
        fault = AmqpOutbox(link, Published("", queue)).send_many([("a", b"")]).get("a")
        link.close()
        return fault.code if fault else ""

    assert code(ca_file=broker.authority.file) == ""
    assert code(ca_file=Authority(tmp_path, "other").file) == "channels.amqp-certificate"
    assert code(ca_file=None) == "channels.amqp-certificate"
    # The certificate is for 127.0.0.1; this leads to the same broker by a name that is not in it.
    assert code(ca_file=broker.authority.file, host="localhost") == "channels.amqp-certificate"
    assert code(ca_file=tmp_path / "absent.pem") == "channels.amqp-tls-files"
    client_certificate, key = broker.authority.give("client")
    mine = {"ca_file": broker.authority.file, "certificate_file": client_certificate, "key_file": key}
    assert code(**mine) == ""
    foreign, foreign_key = Authority(tmp_path, "third").give("stranger")
    assert code(**{**mine, "certificate_file": foreign, "key_file": foreign_key}).startswith("channels.amqp-")
    assert Client(broker).count(queue) == 2


def test_a_broker_without_tls_is_told_unless_it_is_on_this_machine(broker: Broker, tmp_path: Path) -> None:
    """The key names the weakness, and the check says what it costs."""
    place = AmqpQueue(amqp="broker", queue=new_queue())
    far = settings(tmp_path, broker, host="broker.invalid")
    assert codes(far, place)["channels.amqp-no-tls"] is True
    assert "channels.amqp-no-tls" not in codes(settings(tmp_path / "b", broker), place)


def test_without_a_password_nothing_is_opened(broker: Broker, tmp_path: Path) -> None:
    """And the check says where it belongs; one that others can read is no secret."""
    place = AmqpQueue(amqp="broker", queue=new_queue())
    found = settings(tmp_path, broker)
    secret = tmp_path / "var/secrets/amqp-broker-password"
    secret.chmod(0o644)
    assert codes(found, place) == {"config.secret-open": False}
    secret.unlink()
    assert codes(found, place) == {"channels.amqp-no-password": False}
    with pytest.raises(ParkedError, match="no-password"):
        open_inbox(found, place)


def open_inbox(found: Settings, place: AmqpQueue) -> object:
    """Open a place as the gateway does at start."""
    from gateway.channels import Waker
    from gateway.doors import Doors

    return Doors(found, Waker()).inbox(place, lambda: None)
