"""What customs asks of every application: may it be made against the document that it names?"""

from __future__ import annotations

from collections.abc import Mapping

from customs_stub.facts import Facts, Filed, State
from customs_stub.faults import Fault
from customs_stub.submission import PARENTS, Submission

IN_FORCE = frozenset({State.APPROVED})


def find(
    submission: Submission, facts: Facts, allowed: frozenset[State] = IN_FORCE
) -> tuple[Filed | None, list[Fault]]:
    """Return the document that an application is made against, or what speaks against that."""
    assert submission.kind is not None, "what this office does not take is not checked"
    kind, name = PARENTS[submission.kind]
    path, number = f"{submission.kind}/{name}", submission.body.get(name)
    filed = facts.by_unified_number(kind, number)
    if filed is None or (filed.enterprise, filed.office) != (submission.enterprise, submission.office):
        return None, [Fault("P01", path, number)]
    if filed.state not in allowed:
        return None, [Fault("P02", path, number)]
    if undecided := facts.undecided(filed):
        return None, [Fault("P03", path, undecided.unified_number or number)]
    return filed, []


def unaltered(submission: Submission, on_file: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each field that an application tells other than it is on file."""
    body = submission.body
    return [
        Fault("P04", f"{submission.kind}/{name}", f"{body.get(name)}，备案为{value}")
        for name, value in on_file.items()
        if body.get(name) and body.get(name) != value
    ]
