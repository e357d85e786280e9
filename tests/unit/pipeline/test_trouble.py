"""Trouble with one channel: one alert while it lasts, also across a restart, closed when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import ParkedError, RetryError, Violation
from gateway.steps.trouble import Trouble, reasons_of, values_of
from gateway.store import AlertRow, Store

AWAY = RetryError("channels.folder-absent", folder="inbox/acme")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with its tables made."""
    made = Store(f"sqlite:///{tmp_path}/gateway.db")
    made.migrate()
    yield made
    made.close()


def _open(store: Store) -> list[AlertRow]:
    with store.read() as unit:
        return unit.alerts.opened()


def _fails(trouble: Trouble, subject: str) -> None:
    with trouble.at(subject):
        raise AWAY


@pytest.mark.requirement("ID-03")
def test_trouble_is_told_once_and_over_when_it_is_over(store: Store) -> None:
    """In both languages, each channel by itself."""
    trouble = Trouble(store)
    for _ in range(3):
        _fails(trouble, "inbox acme")
    _fails(trouble, "inbox beta")
    assert [alert.subject for alert in _open(store)] == ["inbox acme", "inbox beta"]
    (alert, _) = _open(store)
    text = Violation(alert.code, values=alert.values)
    assert "inbox/acme" in text.text("en")
    assert "inbox/acme" in text.text("zh")
    with trouble.at("inbox acme"):
        pass
    assert [alert.subject for alert in _open(store)] == ["inbox beta"]


def test_trouble_of_a_process_that_died_is_closed_by_the_next(store: Store) -> None:
    """It knows what was open."""
    _fails(Trouble(store), "inbox acme")
    with Trouble(store).at("inbox acme"):
        pass
    assert _open(store) == []


def test_trouble_of_a_channel_that_left_the_configuration_is_over(store: Store) -> None:
    """Nobody works at it again, so that nobody else would ever close it."""
    for subject in ("inbox acme", "inbox beta"):
        _fails(Trouble(store), subject)
    Trouble(store).keep(["inbox acme", "inbox gamma"])
    assert [alert.subject for alert in _open(store)] == ["inbox acme"]


def test_a_stage_that_pauses_is_told_and_raised(store: Store) -> None:
    """The worker needs to know."""
    with pytest.raises(RetryError) as caught, Trouble(store).at("outbox", pausing=True):
        raise AWAY
    assert caught.value is AWAY
    assert len(_open(store)) == 1


def test_what_will_not_pass_by_itself_is_no_trouble_of_the_channel(store: Store) -> None:
    """It is raised, and no alert of a channel is opened."""
    with pytest.raises(ParkedError), Trouble(store).at("outbox"):
        raise ParkedError("channels.name-unsafe", name="x")
    assert _open(store) == []


def test_an_alert_keeps_what_its_text_names() -> None:
    """As text, since it is stored."""
    assert values_of(RetryError("x", folder=Path("a"), size=3)) == {"folder": "a", "size": "3"}
    reasons = reasons_of(AWAY)
    assert reasons == {"reason": AWAY.text("en"), "reason_zh": AWAY.text("zh")}
