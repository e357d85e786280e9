"""What strangers write cannot forge a line, neither in the gateway's own log nor in the receipt log."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
import structlog

from gateway.channels.line_log import LineLog
from gateway.clock import Clock
from gateway.logs import Log, configure_logs, log
from gateway.steps.replies import line_of

HOSTILE = (
    'x\n{"event": "forged", "level": "info"}',
    "x\r\n2026-10-20 forged",
    "x\rforged",
    "x\x1b[2J\x1b[1;1Hforged",
    "x\x1b]0;title\x07",
    "x\x00forged",
    "x\x85forged",
    "x\u2028forged\u2029",
    "x\x0b\x0cforged",
    '"}, {"event": "forged"',
    "%s %n {0} {event}",
    "x\u202eforged",
)


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave logging as it was."""
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_is_one_value_of_one_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The gateway's log is a JSON object a line, whatever the values hold."""
    configure_logs(Clock())
    log.info("file taken", name=text, also=[text])
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert not set(written[:-1]) & set(map(chr, range(32)))
    line = json.loads(written)
    assert (line["event"], line["name"], line["also"]) == ("file taken", text, [text])


def test_threads_that_begin_to_tell_at_once_get_the_log_ready_once() -> None:
    """Ready twice it would write the lines of one into those of the other."""
    log, ready, asked = Log(), [], Event()

    def prepare() -> None:
        ready.append(log)
        asked.set()
        # As soon as the other one has asked, too.
        other.join(0.1)

    log.prepare(prepare)
    other = Thread(target=lambda: (asked.wait(), log.open()))
    other.start()
    log.open()
    other.join()
    assert ready == [log]


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        """Say that it is a terminal."""
        return True


@pytest.mark.parametrize("text", HOSTILE)
def test_a_value_commands_no_terminal(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does it move the cursor there, nor begin a line, nor turn the direction of writing."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    configure_logs(Clock())
    log.info("file taken", name=text)
    written = re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue())
    assert written.count("\n") == 1
    assert written[:-1].isprintable()


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()], ids=["terminal", "file"])
def test_a_fault_is_shown_without_the_values_of_variables(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """A PIN may be among them; `--verbose` shows no more of them."""
    monkeypatch.setattr("sys.stderr", stream)
    configure_logs(Clock(), verbose=True)
    pin = "".join(map(str, range(7, 1, -1)))
    try:
        Path().read_bytes()
    except OSError:
        log.warning("stage-failed", exc_info=True)
        log.debug("more", exc_info=True)
    assert "IsADirectoryError" in stream.getvalue()
    assert pin not in stream.getvalue()
    assert list(recwarn) == []


@pytest.mark.parametrize("text", HOSTILE)
def test_a_receipts_words_are_one_value_of_one_line(text: str, tmp_path: Path) -> None:
    """The receipt log, too, which programs read line by line."""
    log = LineLog(tmp_path / "receipts.log")
    for number in (1, 2):
        log.send(str(number), line_of({"text": text}))
    lines = (tmp_path / "receipts.log").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [{"line": 1, "text": text}, {"line": 2, "text": text}]
