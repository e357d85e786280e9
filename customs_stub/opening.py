"""From the settings to the doors of an office that opens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from customs_stub.amqp_door import AmqpDoor
from customs_stub.config import Config, ConfigError
from customs_stub.door_settings import DoorSettings
from customs_stub.doors import Door, FolderDoor
from customs_stub.encryption import Decryption
from customs_stub.import_client import ImportClient, ImportClientDoor
from customs_stub.layers import Layer
from customs_stub.platform import Platform
from customs_stub.store import Seen, Store


def open_doors(config: Config, store: Store) -> dict[str, Door]:
    """Return the doors by name, the first one first.

    Raises:
        ConfigError: Something is still to leave through a door that the settings do not name any more.
    """
    if missing := sorted(store.open_doors() - {door.name for door in config.doors}):
        raise ConfigError([f"answers are still to leave through {name}: keep its door" for name in missing])
    seen = store.seen()
    return {settings.name: _open(settings, config.key, seen) for settings in config.doors}


def first_layers(config: Config) -> Sequence[Layer]:
    """Return what stands at the first door, through which the office speaks of itself."""
    return _layers(config.doors[0], config.key)


def _open(settings: DoorSettings, key: Path, seen: set[Seen]) -> Door:
    layers = _layers(settings, key)
    if settings.import_client is not None:
        return ImportClientDoor(settings.name, settings.import_client, layers)
    if settings.amqp:
        return AmqpDoor(settings.name, settings.amqp, (settings.submissions, settings.receipts), layers)
    assert settings.outbox is not None
    assert settings.answers is not None
    return FolderDoor(settings.name, settings.outbox, settings.answers, layers, seen)


def _layers(settings: DoorSettings, key: Path) -> Sequence[Layer]:
    layers: list[Layer] = [ImportClient()] if settings.import_client is not None else []
    if settings.dxp:
        layers.append(Platform(settings.dxp, settings.dxp_users))
    return [*layers, Decryption(key)]
