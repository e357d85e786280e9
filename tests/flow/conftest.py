"""What the flows share: an installation, opened, and with a volume of goods that customs has approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.flow import erp
from tests.services.installation import Installation, Running
from tests.services.warm import warm


@pytest.fixture(autouse=True, scope="session")
def _plain_tracebacks() -> None:
    """A fault is logged without local variables, as the gateway does it: to lay those out takes seconds."""
    *others, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, plain])


@pytest.fixture(autouse=True)
def _warm() -> Iterator[None]:
    """Whatever starts in this process finds compiled what has not changed since another start."""
    with warm():
        yield


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation of its own."""
    return Installation(tmp_path)


@pytest.fixture
def running(installation: Installation) -> Iterator[Running]:
    """A gateway and a customs office on 20 October 2026, nothing filed."""
    with installation.open() as opened:
        yield opened


@pytest.fixture
def approved(running: Running) -> Running:
    """The same with a qualification and a volume that customs has approved."""
    running.send("qualification.json", erp.qualification())
    running.send("volume.json", erp.volume())
    assert running.document(erp.VOLUME).state == "approved"
    return running
