"""Judges the bytes of one submission: is it readable, valid, signed by whom it should be, and in order?"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from customs_stub import checks, courses
from customs_stub.choosing import Choice
from customs_stub.courses import Plan
from customs_stub.facts import Facts
from customs_stub.faults import Fault
from customs_stub.keys import Register
from customs_stub.pointing import aimed
from customs_stub.scenarios import Scenario, Verdict
from customs_stub.schemas import Schemas
from customs_stub.seal import SealError, StrangerError, verify
from customs_stub.submission import Kind, Submission, read
from customs_stub.xmltree import Record, UnreadableError, parse

TYPE_IN_BYTES = re.compile(rf"<({'|'.join(Kind)})\b".encode())


@dataclass(frozen=True, slots=True)
class Examined:
    """A submission as it was read, and why it could not be believed, if it could not."""

    submission: Submission
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the office makes of a submission.

    Attributes:
        filed: The kind under which it is put on file; None when it did not get in.
        approved: Nothing was objected to.
        plan: The answers.
    """

    filed: Kind | None
    approved: bool
    plan: Plan


class Examiner:
    """Reads submissions and believes only those that are valid and signed by their enterprise."""

    def __init__(self, schemas: Schemas, register: Register, offices: tuple[str, ...]) -> None:
        self._schemas = schemas
        self._register = register
        self._offices = offices

    def examine(self, data: bytes, stem: str) -> Examined:
        """Read a submission; `stem` is the name of its file without suffix."""
        try:
            root = parse(data)
        except UnreadableError as fault:
            return Examined(_unread(data, stem), (Fault("X01", "", str(fault)),))
        if not self._schemas.knows(root):
            return Examined(_unread(data, stem), (Fault("X02", "", f"{root.tag}"),))
        submission = read(root, stem)
        faults = self._schemas.check(root)
        if not faults and submission.kind is None:
            faults = [Fault("X06", "MessageHead/MessageType", submission.message_type)]
        if faults:
            return Examined(submission, tuple(faults))
        return self._verified(root, submission, stem)

    def _verified(self, root: etree._Element, submission: Submission, stem: str) -> Examined:
        try:
            signed = verify(root, self._register.certificates(submission.enterprise))
        except StrangerError as fault:
            return Examined(submission, (Fault("X04", "", f"{submission.enterprise}，{fault}"),))
        except SealError as fault:
            return Examined(submission, (Fault("X03", "", str(fault)),))
        # From here on only what the signature covers is read.
        believed = read(parse(signed), stem)
        if self._offices and believed.office not in self._offices:
            return Examined(believed, (Fault("X07", "", believed.office),))
        return Examined(believed)


def judge(examined: Examined, facts: Facts, choice: Choice, *, claimed: bool) -> Judgement:
    """Decide on a submission; `claimed` says that another message has its id."""
    submission, kind, scenario = examined.submission, examined.submission.kind, choice.scenario
    faults = list(examined.faults)
    if claimed and not faults:
        faults = [Fault("X05", "", submission.message_id)]
    if not faults and scenario.verdict is Verdict.NOT_RECEIVED:
        faults = [Fault("X09", "")]
    if faults or kind is None:
        return Judgement(None, False, scenario.shape(courses.not_received(faults)))
    faults = checks.check(kind, submission, facts)
    if scenario.verdict is Verdict.REFUSE:
        faults = [*_asked(scenario, kind, submission, facts), *faults]
    plan = courses.refused(kind, faults) if faults else courses.approved(kind, submission)
    return Judgement(kind, not faults, scenario.shape(plan))


def _asked(scenario: Scenario, kind: Kind, submission: Submission, facts: Facts) -> list[Fault]:
    """Return the objections that a client number asks for; those with pointers, only the first time."""
    if scenario.aim is None:
        return [Fault("G09", "")]
    if facts.was_tried(kind, submission.enterprise, submission.client_number):
        return []
    return aimed(scenario.aim, kind, submission.body)


def _unread(data: bytes, stem: str) -> Submission:
    found = TYPE_IN_BYTES.search(data)
    message_type = found[1].decode() if found else ""
    return Submission(stem, message_type, "", "", "", "", "", Record())
