"""What only asks: it is answered as of now, every time, and stands in the way of nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow import erp
from tests.services.installation import Running

SHOW = '{"document": "qualification", "number": "QF-1", "action": "show"}'


def _entry(reply: dict[str, Any]) -> dict[str, Any]:
    (entry,) = reply["messages"]
    assert isinstance(entry, dict)
    return entry


@pytest.mark.requirement("ER-04")
def test_a_question_asked_again_is_answered_as_of_now(running: Running) -> None:
    """While nothing changes the bytes of both answers are the same; afterwards the new state is told."""
    running.send("q.json", erp.qualification(action="save"))
    first = running.send("show.json", SHOW)
    assert first["outcome"] == "accepted"
    assert (_entry(first)["state"], _entry(first)["content"]["ContactName"]) == ("saved", "李敏")
    running.send("show.json", SHOW)
    one, two = running.installation.replies("show.json")
    assert one == two
    running.send("d.json", '{"document": "qualification", "number": "QF-1", "action": "declare"}')
    assert _entry(running.send("show.json", SHOW))["state"] == "approved"
    assert running.states(erp.QUALIFICATION) == ["saved", "declared", "sent", "approved"]


@pytest.mark.requirement("ER-04")
def test_a_question_between_makes_no_new_wish_of_a_repetition(running: Running) -> None:
    """The same save after a look at what it made is still the same command, with the same reply."""
    saved = erp.qualification(action="save")
    running.send("q.json", saved)
    running.send("show.json", SHOW)
    running.send("q.json", saved)
    one, two = running.installation.replies("q.json")
    assert one == two
    assert running.states(erp.QUALIFICATION) == ["saved"]
