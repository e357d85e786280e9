"""What the flows share: an installation, opened, and with a volume of goods that customs has approved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow import erp
from tests.services.installation import Installation, Running


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
