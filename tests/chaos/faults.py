"""What can go wrong around the gateway: each fault strikes, lasts for a moment, and is over."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.site import Place

_HOURS = 6.0
# Less than any file that is written.
_NO_ROOM = 64
_ROOM = "1g"


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        strike: Does it; when it returns, the fault is over.
        sign: By what is seen in the gateway's database that documents go through again: a condition on
            `submissions`, of which there are more then.
        only: The databases for which it is a fault; empty for every one.
    """

    strike: Callable[[Place, Random], None]
    sign: str = "technical_at IS NOT NULL"
    only: str = ""


def _kill_gateway(place: Place, _dice: Random) -> None:
    place.gateway.send(signal.SIGKILL)


def _kill_customs(place: Place, _dice: Random) -> None:
    place.customs.send(signal.SIGKILL)


def _kill_broker(place: Place, dice: Random) -> None:
    place.services.broker.kill()
    _last(place, dice)
    place.services.broker.start()


def _kill_sftp(place: Place, dice: Random) -> None:
    place.services.sshd.kill()
    _last(place, dice)
    place.services.sshd.start()


def _kill_database(place: Place, dice: Random) -> None:
    assert place.services.database is not None
    place.services.database.kill()
    _last(place, dice)
    place.services.database.start()


def _stop_gateway(place: Place, dice: Random) -> None:
    place.gateway.send(signal.SIGSTOP)
    _last(place, dice)
    place.gateway.send(signal.SIGCONT)


def _hang_broker(place: Place, dice: Random) -> None:
    place.services.broker.hang()
    _last(place, dice)
    place.services.broker.go_on()


def _hang_sftp(place: Place, dice: Random) -> None:
    place.services.sshd.freeze()
    _last(place, dice)
    place.services.sshd.thaw()


def _pull_token(place: Place, dice: Random) -> None:
    tokens = place.installation.token.tokens
    elsewhere = tokens.with_name("pulled-out")
    tokens.rename(elsewhere)
    _last(place, dice)
    elsewhere.rename(tokens)


def _fill_disk(place: Place, dice: Random) -> None:
    home = place.installation.folder
    if not home.is_mount():
        _refuse_room(place, dice)
        return
    ballast = home / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 20)):
                pass
        except OSError:
            _last(place, dice)
    ballast.unlink()


def _refuse_room(place: Place, dice: Random) -> None:
    """Let the gateway's process write no byte more, where there is no disk of its own to fill."""
    pid = place.gateway.pid
    try:
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (_NO_ROOM, resource.RLIM_INFINITY))
        _last(place, dice)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    except ProcessLookupError:
        return


def _move_clock(place: Place, dice: Random) -> None:
    set_clock(place, dice.uniform(-_HOURS, _HOURS) * 3600)


def _cutting(server: str) -> Callable[[Place, Random], None]:
    def strike(place: Place, dice: Random) -> None:
        for _ in range(dice.randint(1, 5)):
            place.cables[server].cut()
            time.sleep(dice.uniform(0, place.longest_seconds / 6))

    return strike


def _stalling(server: str) -> Callable[[Place, Random], None]:
    def strike(place: Place, dice: Random) -> None:
        place.cables[server].stall()
        _last(place, dice)
        place.cables[server].cut()
        place.cables[server].flow()

    return strike


def _last(place: Place, dice: Random) -> None:
    time.sleep(dice.uniform(0.1, 1) * place.longest_seconds)


_BY_SFTP = "technical_at IS NOT NULL AND route = 'pier'"
_BY_BROKER = "technical_at IS NOT NULL AND route = 'queue'"

FAULTS: Mapping[str, Fault] = {
    "gateway killed": Fault(_kill_gateway),
    "gateway stopped": Fault(_stop_gateway),
    "customs killed": Fault(_kill_customs),
    "broker killed": Fault(_kill_broker, _BY_BROKER),
    "broker hangs": Fault(_hang_broker, _BY_BROKER),
    "broker cut off": Fault(_cutting("broker"), _BY_BROKER),
    "SFTP server killed": Fault(_kill_sftp, _BY_SFTP),
    "SFTP server hangs": Fault(_hang_sftp, _BY_SFTP),
    "SFTP server cut off": Fault(_cutting("sftp"), _BY_SFTP),
    "SFTP line stalled": Fault(_stalling("sftp"), _BY_SFTP),
    "database killed": Fault(_kill_database, only="postgres"),
    "database cut off": Fault(_cutting("database"), only="postgres"),
    "database line stalled": Fault(_stalling("database"), only="postgres"),
    "token pulled out": Fault(_pull_token, "signed_digest IS NOT NULL"),
    "disk full": Fault(_fill_disk),
    "clock moved": Fault(_move_clock),
}


def set_clock(place: Place, seconds: float) -> None:
    """Let the gateway's clock go wrong by so much, from one look at it to the next."""
    moved = place.clock.with_name("moved")
    moved.write_text(str(seconds), "ascii")
    moved.replace(place.clock)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Give the folder a disk of its own that can be filled, if this account may mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_ROOM},mode=700", "none", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
