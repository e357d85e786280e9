"""What customs checks in the modification of a manifest: field by field, and as a whole."""

from __future__ import annotations

from customs_stub import amendment
from customs_stub.checks import declared, manifest, parents
from customs_stub.facts import Facts, Filed, State
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

PATH = "ManifestModification"
# 7, 9, 10, 11 are approved here and 15 cleared; 12 is known to the enterprise alone.
AMENDABLE = frozenset({State.APPROVED, State.CLEARED})


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    filed, faults = parents.find(submission, facts, AMENDABLE)
    if filed is None:
        return faults
    faults = parents.unaltered(submission, told(filed)) + _changes(submission.body, filed.content)
    if faults:
        return faults
    becomes = amendment.amended(filed.content, submission.body.all("Change"))
    faults = _corrected(submission.body.group("Corrected"), becomes, filed)
    listed = manifest.Listed(becomes, f"{PATH}/Corrected", filed.unified_number, filed.content)
    return faults + manifest.content(listed, facts) + declared.enough_left(filed, becomes, PATH, facts)


def told(filed: Filed) -> dict[str, str]:
    """Return what an amendment repeats of the manifest that it names."""
    return {"ManifestCustomsNo": filed.customs_number, "IEFlag": filed.content.get("IEFlag")}


def _changes(body: Record, on_file: Record) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[tuple[str, str]] = set()
    for position, change in enumerate(body.all("Change"), 1):
        item, name = change.get(amendment.NUMBER), change.get("FieldCode")
        path, old = f"{PATH}/Change[{position}]", amendment.value(on_file, change)
        if name not in (amendment.ITEM if item else amendment.HEAD):
            faults.append(Fault("A01", f"{path}/FieldCode", name))
        elif (item, name) in seen:
            faults.append(Fault("A04", f"{path}/FieldCode", name))
        elif not amendment.equal(name, change.get("OldValue"), old):
            faults.append(Fault("A02", f"{path}/OldValue", f"{change.get('OldValue')}，备案为{old}"))
        elif amendment.equal(name, change.get("NewValue"), old):
            faults.append(Fault("P06", f"{path}/NewValue", old))
        elif name == amendment.NUMBER and change.get("NewValue") not in {"", item}:
            faults.append(Fault("A01", f"{path}/NewValue", change.get("NewValue")))
        seen.add((item, name))
    return faults


def _corrected(corrected: Record, becomes: Record, filed: Filed) -> list[Fault]:
    path = f"{PATH}/Corrected"
    numbers = {"SeqNo": filed.unified_number, "CustomsNo": filed.customs_number}
    identity = {name: numbers.get(name) or filed.content.get(name) for name in amendment.IDENTITY}
    faults = [
        Fault("P04", f"{path}/{name}", f"{corrected.get(name)}，备案为{value}")
        for name, value in identity.items()
        if corrected.get(name) and corrected.get(name) != value
    ]
    return faults + [Fault("A03", f"{path}/{each}") for each in amendment.differences(becomes, corrected)]
