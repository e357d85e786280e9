"""What `gateway demo` tells where an earlier telling, or the reader, has left something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from unittest.mock import Mock

import pytest

from gateway.cli import story
from gateway.cli.session import Session
from gateway.clock import Clock
from gateway.errors import ParkedError
from tests.flow import erp
from tests.services.installation import Installation, Running


@pytest.fixture
def told(installation: Installation) -> Iterator[story.Story]:
    """The story of an installation."""
    with closing(Session(installation.config, Clock(), "en")) as session:
        yield story.Story(session)


@pytest.mark.usefixtures("approved")
def test_what_was_there_before_is_told_as_known(
    told: story.Story, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any file is dropped, and only once."""
    told.tell_known()
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "There from before; the same files change nothing:"
    assert [line.split()[2:] for line in lines] == [[erp.VOLUME, "approved"], [erp.QUALIFICATION, "approved"]]
    told._tell_changes()
    assert capsys.readouterr().out == ""


def test_nothing_is_told_as_known_at_the_first_time(
    told: story.Story, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty store has no heading."""
    told.tell_known()
    assert capsys.readouterr().out == ""


def test_that_the_gateway_goes_on_is_told_once_it_runs(
    told: story.Story, running: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever drops a file then is answered at once; of a gateway that never comes it is not said."""
    monkeypatch.setattr(story, "Event", Mock(**{"return_value.wait.side_effect": KeyboardInterrupt}))
    told.keep_running()
    assert "Gateway and customs office go on." in capsys.readouterr().out
    with running.gateway.store.begin() as unit:
        unit.leases.bury_all()
    monkeypatch.setattr(story, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(ParkedError) as stuck:
        told.keep_running()
    assert stuck.value.code == "cli.demo-stuck"
    assert capsys.readouterr().out == ""
