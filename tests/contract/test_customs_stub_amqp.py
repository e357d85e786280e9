"""The customs office's door at a real broker: what it does when the connection is lost in between."""

from __future__ import annotations

import pytest

from customs_stub.amqp_door import AmqpDoor
from tests.services.amqp import Client, new_queue, until
from tests.services.rabbitmq import GATEWAY, VHOST, shared


@pytest.mark.requirement("CU-06")
def test_what_was_taken_before_the_connection_was_lost_comes_again() -> None:
    """The office goes on; what it could not acknowledge is shown to it once more."""
    broker, queues = shared(), (new_queue("submissions"), new_queue("answers"))
    client = Client(broker)
    client.declare(queues[0], **{"x-queue-type": "quorum"})
    names = ["1.xml", "2.xml"]
    for name in names:
        client.put(queues[0], name, name.encode())
    door = AmqpDoor(
        "broker", f"amqp://{GATEWAY.name}:{GATEWAY.password}@127.0.0.1:{broker.port}/{VHOST}", queues, ()
    )
    parcels = until(lambda: found if len(found := door.take()) == len(names) else [])
    assert door._connection is not None
    door._loop.run_until_complete(door._connection.close())
    for parcel in parcels:
        door.taken(parcel)
    again = until(lambda: found if len(found := door.take()) == len(names) else [])
    assert sorted(parcel.name for parcel in again) == names
    for parcel in again:
        door.taken(parcel)
    assert door.take() == []
    door.close()
    assert client.count(queues[0]) == 0
