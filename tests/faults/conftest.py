"""What fault tests share: the processes that programs are forked from, and the story told undisturbed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.site import Site
from tests.faults.story import FILING, Story
from tests.services import forking
from tests.services.forking import Nursery


@pytest.fixture(scope="session")
def nursery() -> Nursery:
    """One process for each worker of the tests, from which programs are forked."""
    return forking.nursery()


@pytest.fixture(scope="session")
def story(
    tmp_path_factory: pytest.TempPathFactory, nursery: Nursery, request: pytest.FixtureRequest
) -> Iterator[Story]:
    """The example as it goes when nobody disturbs it."""
    folder = tmp_path_factory.mktemp("story")
    yield Story(folder, nursery)
    # A hundred installations; after a failure someone will want to look at them.
    if not request.session.testsfailed:
        shutil.rmtree(folder)


@pytest.fixture
def site(tmp_path: Path, nursery: Nursery) -> Site:
    """An installation that nothing has happened in yet."""
    return Site.made(tmp_path / "site", nursery, FILING)
