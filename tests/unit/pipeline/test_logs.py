"""The gateway's own log: one line an event, at the gateway's own time, with nothing that forges a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from gateway.clock import CHINA, Clock
from gateway.logs import configure_logs, log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave this process's logging as it was."""
    before = structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in ("xmlschema", "sqlalchemy")}
    yield
    structlog.configure(**before)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_an_event_is_one_line_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Line breaks of a value are escaped; Chinese stays Chinese; the time is that of the clock."""
    configure_logs(Clock(datetime(2026, 10, 20, 9, tzinfo=CHINA)))
    log.info("came", name='a\n{"event": "forged"}', kind="清单")
    told = capsys.readouterr()
    assert told.out == ""
    (line,) = told.err.splitlines()
    event = json.loads(line)
    assert (event["event"], event["level"], event["kind"]) == ("came", "info", "清单")
    assert "清单" in line
    assert event["timestamp"].startswith("2026-10-20T09:00:0")


def test_more_is_logged_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries that write whole documents stay silent in any case."""
    configure_logs(Clock())
    log.debug("detail")
    assert capsys.readouterr().err == ""
    configure_logs(Clock(), verbose=True)
    log.debug("detail")
    assert "detail" in capsys.readouterr().err
    assert not logging.getLogger("xmlschema").isEnabledFor(logging.DEBUG)


def test_an_exception_is_told_in_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    """With its traceback."""
    configure_logs(Clock())
    try:
        json.loads("no json")
    except ValueError:
        log.exception("failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "JSONDecodeError: Expecting value" in json.loads(line)["exception"]
