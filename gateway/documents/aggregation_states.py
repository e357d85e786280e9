"""The life of an aggregation run: requested, made, and stopped where it cannot be proved (AG-04, AG-09)."""

from __future__ import annotations

from gateway.documents.states import Event, Machine, State


class RunState(State):
    """The states of a run."""

    ENTERED = "entered", "entered", "录入"
    REQUESTED = "requested", "requested", "已申请汇总"
    MAKING = "making", "being made", "汇总处理中"
    STOPPED = "stopped", "stopped", "汇总中止"
    DONE = "done", "done", "汇总完成"


# Only while nothing is made of them may manifests leave a run (AM-07).
LEAVABLE = frozenset({RunState.REQUESTED, RunState.STOPPED})

MACHINE = Machine(
    RunState,
    {
        (RunState.ENTERED, Event.SAVE): RunState.REQUESTED,
        (RunState.REQUESTED, Event.MAKE): RunState.MAKING,
        (RunState.MAKING, Event.STOP): RunState.STOPPED,
        (RunState.MAKING, Event.REPEAT): RunState.REQUESTED,
        (RunState.STOPPED, Event.REPEAT): RunState.REQUESTED,
        (RunState.MAKING, Event.FINISH): RunState.DONE,
    },
    {},
)
TABLE = MACHINE.table
