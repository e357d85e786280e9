"""Where messages come from and go to: a folder, the import client's folders, SFTP, or AMQP (ER-01, CU-06)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from gateway.config.sections import File, Name, Section

Seconds = Annotated[float, Field(gt=0, le=3600)]
Port = Annotated[int, Field(ge=1, le=65535)]
Text = Annotated[str, Field(min_length=1, max_length=255)]


class SftpServer(Section):
    """An SFTP server that partners or customs offices share; the secret never stands in this file."""

    host: Text
    port: Port = 22
    user: Text
    known_hosts: File
    key_file: File | None = None
    timeout_seconds: Seconds = 20.0


class AmqpBroker(Section):
    """An AMQP 0-9-1 broker; the password never stands in this file."""

    host: Text
    port: Port = 5671
    user: Text
    virtual_host: Text = "/"
    tls: bool = True
    ca_file: File | None = None
    certificate_file: File | None = None
    key_file: File | None = None
    heartbeat_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    timeout_seconds: Seconds = 20.0


class FolderPlace(Section):
    """A folder of this machine, or one that it has mounted."""

    folder: File
    still_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.5
    done_marker: Annotated[str, Field(pattern=r"^(\.[A-Za-z0-9]{1,10})?$")] = ""

    def __str__(self) -> str:
        return str(self.folder)


class ImportClientPlace(Section):
    """The folder of one business in the Single Window's import client: OutBox, SentBox, InBox, FailBox."""

    import_client: File
    still_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.5

    def __str__(self) -> str:
        return str(self.import_client)


class SftpPlace(Section):
    """A folder of an SFTP server."""

    sftp: Name
    folder: Annotated[str, Field(min_length=1, max_length=255)]
    still_seconds: Annotated[float, Field(ge=0, le=3600)] = 2.0
    done_marker: Annotated[str, Field(pattern=r"^(\.[A-Za-z0-9]{1,10})?$")] = ""
    poll_seconds: Seconds = 5.0

    def __str__(self) -> str:
        return f"sftp:{self.sftp}:{self.folder}"


class AmqpQueue(Section):
    """A queue from which messages are taken."""

    amqp: Name
    queue: Text
    prefetch: Annotated[int, Field(ge=1, le=1000)] = 100
    deliveries: Annotated[int, Field(ge=1, le=20)] = 5

    def __str__(self) -> str:
        return f"amqp:{self.amqp}:{self.queue}"


class AmqpTarget(Section):
    """An exchange and a routing key to which messages are published; the default exchange names a queue."""

    amqp: Name
    exchange: Annotated[str, Field(max_length=255)] = ""
    routing_key: Text

    def __str__(self) -> str:
        return f"amqp:{self.amqp}:{self.exchange}/{self.routing_key}"


TAGS = ("folder", "import_client", "sftp", "amqp")


def _short(value: object) -> object:
    """Take the short form: a path is a folder."""
    return {"folder": value} if isinstance(value, str | Path) else value


def _tag(value: Any) -> str:
    """Tell by its key what kind of place is meant; what has none of them is held to be a folder."""
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return next((tag for tag in reversed(TAGS) if tag in keys), "folder")


Source = Annotated[
    Annotated[FolderPlace, Tag("folder")]
    | Annotated[ImportClientPlace, Tag("import_client")]
    | Annotated[SftpPlace, Tag("sftp")]
    | Annotated[AmqpQueue, Tag("amqp")],
    Discriminator(_tag),
    BeforeValidator(_short),
]
Target = Annotated[
    Annotated[FolderPlace, Tag("folder")]
    | Annotated[ImportClientPlace, Tag("import_client")]
    | Annotated[SftpPlace, Tag("sftp")]
    | Annotated[AmqpTarget, Tag("amqp")],
    Discriminator(_tag),
    BeforeValidator(_short),
]
