"""Customs or the way to it is away: messages wait in order, one finds out, all go when it is back."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import Clock
from gateway.steps.exchange import Choice, Standing, Unanswered, unanswered
from gateway.store import AttemptRow, SubmissionState
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.flow.test_commands import Desk
from tests.services.installation import FILING, Installation, Running

RETRIES = "retry_seconds = [5, 15, 60, 300, 900]"
QUICK = {RETRIES: "retry_seconds = [0.05]"}
# Longer than a technical receipt may take.
LATE = FILING + timedelta(hours=5)


def _alerts(running: Running) -> list[tuple[str, str]]:
    return [(alert.code, alert.subject) for alert in running.alerts()]


def _ever(running: Running, code: str) -> list[tuple[Any, ...]]:
    """Return every alert of a code, and whether it is closed."""
    with running.gateway.store.read() as unit:
        found = unit._connection.library.exec_driver_sql(
            f"SELECT subject, closed_at IS NOT NULL FROM alerts WHERE code = '{code}'"
        )
        return [tuple(row) for row in found]


def _attempts(running: Running, *numbers: str) -> list[AttemptRow]:
    there = [number for number in numbers if running.documents(client_number=number)]
    rows = [row for number in there for row in running.submissions(number)]
    with running.gateway.store.read() as unit:
        found = [attempt for row in rows for attempt in unit.submissions.attempts(row.id)]
    return sorted(found, key=lambda attempt: attempt.id)


def _states(running: Running, *numbers: str) -> list[str]:
    return [row.state for number in numbers for row in running.submissions(number)]


def _unanswered(running: Running) -> list[Unanswered]:
    with running.gateway.store.read() as unit:
        return unanswered(running.gateway.world, unit)


def _drop(running: Running, *numbers: str) -> None:
    for number in numbers:
        running.installation.drop(f"{number}.json", erp.manifests(erp.manifest(number)))


def _approve(running: Running) -> None:
    running.send("qualification.json", erp.qualification())
    running.send("volume.json", erp.volume())


@pytest.mark.requirement("CU-05", "CU-07")
def test_while_the_folder_is_away_one_message_at_a_time_finds_out(tmp_path: Path) -> None:
    """What certainly has not arrived waits, one alert is open, and each leaves once, as signed."""
    numbers = ("JB-1", "JB-2", "JB-3")
    with Installation(tmp_path, QUICK).open() as running:
        _approve(running)
        outbox, before = running.installation.outbox, running.installation.sent()
        outbox.rename(outbox.with_name("away"))
        running.office = None
        _drop(running, *numbers)
        running.until(lambda: len(_attempts(running, *numbers)) > len(numbers) + 1)
        assert {*_states(running, *numbers)} <= {SubmissionState.TO_SEND}
        assert _alerts(running) == [("trouble.channel", "outbox customs")]
        told = _unanswered(running)
        assert {each.state for each in told} == {Standing.WAITING}
        risks = {option.choice: option.risk.code for option in told[0].choices}
        assert risks[Choice.RESEND] == "risk.resend-not-arrived"
        assert told[0].known[-1].code == "known.route-away"
        assert all("{" not in known.text("en") + known.text("zh") for each in told for known in each.known)
        (held,) = Desk(running.installation, {}).json("status")["held_routes"]
        assert (held["route"], held["outage"]) == ("customs", "channel")
        outbox.with_name("away").rename(outbox)
        running.settle()
        running.until(lambda: {*_states(running, *numbers)} == {SubmissionState.SENT})
        assert _alerts(running) == []
        assert _ever(running, "trouble.channel") == [("outbox customs", 1)]
        with running.gateway.store.read() as unit:
            rows = [row for number in numbers for row in running.submissions(number)]
            signed = {f"{row.id}.xml": unit.raw.get(row.signed_digest or "") for row in rows}
        came = {file.name: file.read_bytes() for file in running.installation.sent() if file not in before}
        assert came == signed
        batches = [
            len([*batch]) for _, batch in groupby(_attempts(running, *numbers), lambda each: each.started_at)
        ]
        # The first ones found it out together, the last ones followed the pilot.
        assert {*batches[1:-1]} == {1}
        assert _unanswered(running) == []


@pytest.mark.requirement("CU-01", "CU-07")
def test_a_clock_that_goes_back_puts_nothing_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that was held until a later hour is tried at once, and answers are awaited from now on.

    When something was sent stays what it was: customs, audit trail and evidence have it, too.
    """
    real, moved = Clock.now, [timedelta(hours=5)]
    monkeypatch.setattr(Clock, "now", lambda clock: real(clock) + moved[-1])
    with Installation(tmp_path, {RETRIES: "retry_seconds = [300]"}).open() as running:
        _approve(running)
        outbox = running.installation.outbox
        outbox.rename(outbox.with_name("away"))
        running.office = None
        _drop(running, "JB-1")
        running.until(lambda: _alerts(running) == [("trouble.channel", "outbox customs")])
        outbox.with_name("away").rename(outbox)
        moved.append(timedelta())
        running.until(lambda: _states(running, "JB-1") == [SubmissionState.SENT])
        assert _alerts(running) == []
        (sent,) = running.submissions("JB-1")
        moved.append(-timedelta(hours=5))
        running.until(lambda: running.submissions("JB-1") != [sent])
        (again,) = running.submissions("JB-1")
        assert again.sent_at == sent.sent_at
        for before, after in ((sent.awaited_since, again.awaited_since), (sent.due_at, again.due_at)):
            assert before
            assert after
            assert before - after > timedelta(hours=1)


@pytest.mark.requirement("CU-01", "CU-07")
def test_customs_that_is_silent_is_found_out_and_its_first_receipt_ends_it(tmp_path: Path) -> None:
    """Two receipts are missing in a row: the route is held, and the pilot's own lets the others go."""
    changes = {**QUICK, "outage_after = 3": "outage_after = 2"}
    installation = Installation(tmp_path, changes)
    with installation.open() as running:
        _approve(running)
        running.office = None
        _drop(running, "JB-1", "JB-2")
        running.settle()
    with installation.open(LATE, customs=False) as running:
        running.settle()
        silent = [row.id for number in ("JB-1", "JB-2") for row in running.submissions(number)]
        missing = [("waiting.technical-missing", each) for each in sorted(silent)]
        assert _alerts(running) == [("exchange.silent", "customs"), *missing]
        assert [each.state for each in _unanswered(running)] == [Standing.SILENT, Standing.SILENT]
        _drop(running, "JB-3", "JB-4")
        running.settle()
        running.until(lambda: SubmissionState.SENT in _states(running, "JB-3", "JB-4"))
        running.settle()
        assert sorted(_states(running, "JB-3", "JB-4")) == ["sent", "to_send"]
        (pilot,) = (
            row for number in ("JB-3", "JB-4") for row in running.submissions(number) if row.state == "sent"
        )
        deliver(installation, "r.xml", Said("0", technical=True, answers=pilot.id))
        running.settle()
        assert _states(running, "JB-3", "JB-4") == ["sent", "sent"]
        assert _alerts(running) == missing
        deliver(installation, "r1.xml", Said("0", technical=True, answers=silent[0]))
        running.settle()
        assert _alerts(running) == [each for each in missing if each[1] == silent[1]]
        assert _ever(running, "exchange.silent") == [("customs", 1)]


@pytest.mark.requirement("CU-01", "CU-05")
def test_what_is_not_confirmed_goes_once_more_and_a_duplicate_answer_proves_arrival(tmp_path: Path) -> None:
    """The same bytes under the same id, as agreed; that customs has them already ends the doubt."""
    installation = Installation(tmp_path, {'resend = "never" ': 'resend = "once"'})
    with installation.open(customs=False) as running:
        running.send("1.json", erp.qualification())
        (file,) = installation.sent()
        data = file.read_bytes()
        file.unlink()
    for again in (1, 2):
        with installation.open(FILING + again * timedelta(hours=5), customs=False) as running:
            running.settle()
            assert file.exists()
            assert file.read_bytes() == data
            assert len(_attempts(running, erp.QUALIFICATION)) == 2
            (submission,) = running.submissions(erp.QUALIFICATION)
            assert _alerts(running) == [("waiting.technical-missing", submission.id)]
    with installation.open(LATE + timedelta(hours=5), customs=False) as running:
        said = Said("-8", technical=True, message_type="QualificationFiling", answers=submission.id)
        deliver(installation, "r.xml", said)
        running.settle()
        assert running.document(erp.QUALIFICATION).state == "sent"
        assert _alerts(running) == []
        deliver(installation, "again.xml", Said(**{**vars(said), "text": "重复报文"}))
        running.settle()
        assert [row.state for row in running.receipts()] == ["applied", "stale"]
        assert running.document(erp.QUALIFICATION).state == "sent"


@pytest.mark.requirement("CU-07")
def test_what_was_tried_often_enough_waits_for_a_person(tmp_path: Path) -> None:
    """It is told, never silently; an answer that comes all the same ends that, too."""
    installation = Installation(tmp_path, {**QUICK, "attempts = 0 ": "attempts = 2 "})
    with installation.open(customs=False) as running:
        installation.outbox.rmdir()
        installation.drop("1.json", erp.qualification())
        running.until(lambda: ("exchange.given-up") in {alert.code for alert in running.alerts()})
        (submission,) = running.submissions(erp.QUALIFICATION)
        assert submission.state == SubmissionState.FAILED
        assert len(_attempts(running, erp.QUALIFICATION)) == 2
        (told,) = _unanswered(running)
        assert (told.state, told.message_id) == (Standing.FAILED, submission.id)
        said = Said("0", technical=True, message_type="QualificationFiling", answers=submission.id)
        deliver(installation, "r.xml", said)
        running.settle()
        assert _states(running, erp.QUALIFICATION) == ["sent"]
        assert ("exchange.given-up", submission.id) not in _alerts(running)
