"""What the stub's unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.customs_stub.messages import Signer, make_signer
from tests.unit.customs_stub.trial import Trial


@pytest.fixture(scope="session")
def signer() -> Signer:
    """The enterprise; one key serves every test."""
    return make_signer()


@pytest.fixture
def trial(tmp_path: Path, signer: Signer) -> Trial:
    """An office of its own."""
    return Trial(tmp_path / "trial", signer)
