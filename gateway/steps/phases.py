"""The phases of a run, as its row names them."""

from __future__ import annotations

from enum import StrEnum


class Phase(StrEnum):
    """What is being done for a run.

    Before `DECLARING` nothing of it can be seen outside, and it can begin anew; from then on it only goes on.
    """

    MARKING = "marking"
    RESTARTING = "restarting"
    WAITING = "waiting"
    SPREADING = "spreading"
    COMPOSING = "composing"
    PROVING = "proving"
    DECLARING = "declaring"
    CLOSING = "closing"
    CLEARING = "clearing"
