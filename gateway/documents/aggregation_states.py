"""The life of an aggregation run: requested, then done (AG-04)."""

from __future__ import annotations

from gateway.documents.states import Event, Machine, State


class RunState(State):
    """The states of a run."""

    ENTERED = "entered", "entered", "录入"
    REQUESTED = "requested", "requested", "已申请汇总"
    DONE = "done", "done", "汇总完成"


MACHINE = Machine(
    RunState,
    {
        (RunState.ENTERED, Event.SAVE): RunState.REQUESTED,
        (RunState.REQUESTED, Event.FINISH): RunState.DONE,
    },
    {},
)
TABLE = MACHINE.table
