"""What `gateway demo` tells where an earlier telling, or the reader, has left something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from gateway.cli import story
from gateway.cli.session import Session
from gateway.clock import Clock
from gateway.errors import ParkedError
from tests.flow import erp
from tests.services.installation import Installation


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


class Program:
    """Stands for a process of the story; the gateway among them notes that it is ready, or never does."""

    def __init__(self, session: Session, program: str, *, comes: bool) -> None:
        self._session = session
        self._ready = comes and program == "gateway"

    def __enter__(self) -> None:
        """Start it."""
        if self._ready:
            with self._session.store.begin() as unit:
                self._session.note_act(unit, "run")

    def __exit__(self, *_: object) -> None:
        """End it."""


def _start(told: story.Story, monkeypatch: pytest.MonkeyPatch, *, comes: bool) -> None:
    program = partial(Program, told.session, comes=comes)
    monkeypatch.setattr(story.Story, "_process", lambda _, name, *__: program(name))
    with told.both_at(story.FILING):
        pass


def test_the_story_goes_on_once_the_gateway_takes_files(
    told: story.Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was ready before does not count; of a gateway that never comes it is told."""
    _start(told, monkeypatch, comes=True)
    _start(told, monkeypatch, comes=True)
    monkeypatch.setattr(story, "_PATIENCE_SECONDS", 0.0)
    with pytest.raises(ParkedError) as stuck:
        _start(told, monkeypatch, comes=False)
    assert stuck.value.code == "cli.demo-stuck"
