"""What the tests of the standard XML share."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.messages import Catalogue


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The schemas folder of the project."""
    return Path(__file__).parents[3] / "schemas" / "xsd"


@pytest.fixture(scope="session")
def catalogue(schemas: Path) -> Catalogue:
    """The compiled schemas of the project."""
    return Catalogue.load(schemas)
