"""The stub as a process: it starts, works, stops, and dies without losing or repeating a receipt."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.services.forking import run
from tests.unit.customs_stub.messages import Signer, make_signer, manifest, qualification, volume
from tests.unit.customs_stub.trial import MANIFEST, QUALIFICATION, ROOT, VOLUME, Trial, kill, read_receipt

# Kills the stub at the n-th moment at which something becomes durable or visible: before a commit, before a
# temporary file is opened, before a rename. Does nothing when it was never reached.
_KILLER = """
import os, signal, sqlite3, sys
left = {moment}

def moment():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def audit(event, arguments):
    if event == "os.rename" or (event == "open" and str(arguments[0]).endswith(".xml.tmp")):
        moment()

real = sqlite3.connect

def connect(*arguments, **options):
    connection = real(*arguments, **options)
    connection.set_trace_callback(lambda statement: moment() if statement == "COMMIT" else None)
    return connection

sqlite3.connect = connect
sys.addaudithook(audit)
"""


def killed_at(office: Trial, moment: int) -> bool:
    """Let a process work until it is killed at a moment; return whether it was."""
    done = run("customs-stub", office.arguments("--until-idle"), before=_KILLER.format(moment=moment))
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode != 0


@pytest.fixture(scope="module")
def signer() -> Signer:
    """The enterprise."""
    return make_signer()


@pytest.fixture
def trial(tmp_path: Path, signer: Signer) -> Trial:
    """An office of its own."""
    return Trial(tmp_path / "trial", signer)


def started(trial: Trial) -> subprocess.Popen[str]:
    """Start the process and wait until it says that it is ready."""
    process = subprocess.Popen(
        trial.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "customs-stub ready\n"
    return process


def wait_for(process: subprocess.Popen[str], words: str) -> str:
    """Read the log up to the line with the words; the line comes or the process ends."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the process ended without a line about {words}")


def ended(process: subprocess.Popen[str]) -> int:
    """Wait for the end, closing the pipes."""
    process.communicate()
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_when_it_is_ready_answers_what_comes_and_stops_when_told(
    trial: Trial, number: signal.Signals
) -> None:
    """A supervisor can wait for its line and end it cleanly."""
    process = started(trial)
    filing = trial.send(QUALIFICATION, qualification())
    wait_for(process, "business A")
    process.send_signal(number)
    assert ended(process) == 0
    assert trial.told(filing) == ["T 0", "B A"]


def test_it_logs_one_line_a_message_and_one_a_receipt(trial: Trial) -> None:
    """With what a person needs to follow it."""
    trial.send(QUALIFICATION, qualification(GuaranteeValidDate="20261101"), "A0-77")
    lines = trial.work_as_process().splitlines()
    assert len(lines) == 3
    assert "A0-77: refused Q03" in lines[0]
    assert "technical 0 for QualificationFiling" in lines[1]
    assert "business R for QualificationFiling" in lines[2]


def test_it_refuses_to_start_without_a_key(trial: Trial) -> None:
    """And names the command that makes one."""
    trial.key.unlink()
    done = subprocess.run(trial.command(), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "customs-stub init" in done.stderr
    assert "ready" not in done.stdout


def test_init_and_scenarios_are_commands_of_their_own(tmp_path: Path) -> None:
    """A fresh folder needs nothing else."""
    command = [sys.executable, "-m", "customs_stub"]

    def said(*words: str) -> str:
        return subprocess.run(
            [*command, *words], capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout

    assert said("init").startswith("made")
    assert said("init").startswith("already there")
    assert (tmp_path / "var/customs/customs.pem").exists()
    assert "inspection" in said("scenarios")
    assert "查验" in said("scenarios", "--lang", "zh")


def test_it_reads_the_settings_beside_it_and_tells_their_faults(tmp_path: Path) -> None:
    """`customs_stub.toml` in the working folder is found by itself."""
    (tmp_path / "customs_stub.toml").write_text("colour = 1\noutbox = 2\n")
    command = [sys.executable, "-m", "customs_stub", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert "colour" in done.stderr
    assert "outbox" in done.stderr
    wrong = subprocess.run(
        [*command, "--now", "soon"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert wrong.returncode == 2


def taken_away(trial: Trial) -> list[str]:
    """Read what a gateway would have read by now, and move it off as a gateway does."""
    found = []
    for file in sorted(trial.answers.glob("*.xml")):
        found.append(read_receipt(file).told)
        file.unlink()
    return found


def test_killed_at_any_moment_it_neither_loses_nor_repeats_a_receipt(
    trial: Trial, tmp_path: Path, signer: Signer
) -> None:
    """At every commit, temporary file and rename in turn, with its receipts read away before the restart."""
    moment, killed = 0, True
    while killed:
        moment += 1
        office = Trial(tmp_path / f"at-{moment}", signer)
        office.send(QUALIFICATION, qualification(), "T0-1")
        office.send(QUALIFICATION, qualification(GoodsNature="3"), "A0-2")
        killed = killed_at(office, moment)
        receipts = taken_away(office)
        office.work()
        receipts += taken_away(office)
        assert Counter(receipts) == Counter({"T 0": 3, "B A": 2, "B R": 1}), f"killed at moment {moment}"
    assert moment > 15


def test_killed_while_answers_are_waiting_it_sends_them_after_the_restart(trial: Trial) -> None:
    """What was planned is on disk before it is due."""
    process = started(trial)
    filing = trial.send(QUALIFICATION, qualification(), "A2-1")
    wait_for(process, "technical 0")
    kill(process)
    ended(process)
    assert trial.told(filing) == ["T 0"]
    trial.work_as_process()
    assert trial.told(filing) == ["T 0", "B A"]


def test_killed_between_documents_it_goes_on_where_it_was(trial: Trial) -> None:
    """Numbers go on, approvals stay, nothing is judged twice."""
    process = started(trial)
    trial.send(QUALIFICATION, qualification())
    wait_for(process, "business A")
    kill(process)
    ended(process)
    filed = trial.send(VOLUME, volume())
    trial.work_as_process()
    number = trial.receipts(filed)[-1].values["CustomsNo"]
    assert number == "J53016000001"
    listed = trial.send(MANIFEST, manifest(number))
    trial.work_as_process()
    assert trial.told(listed) == ["T 0", "B 7", "B 15"]
    assert len(trial.receipts()) == 2 + 2 + 3
