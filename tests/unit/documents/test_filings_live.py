"""Qualifications, volumes and changes in random order behave as a small model of their own says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, goods, qualification, volume

QF, GF, QC, GC = "QualificationFiling", "GoodsFiling", "QualificationChange", "GoodsFilingChange"
LIVE = {"saved", "declared", "sent", "receive_failed", "approved"}
EDITABLE = {"saved", "receive_failed", "refused"}
UNDECIDED = {"declared", "sent"}
# What an answer makes of a state; any other pair changes nothing.
ANSWERS = {
    ("declared", "0"): "sent",
    ("declared", "-1"): "receive_failed",
    **{(state, "A"): "approved" for state in UNDECIDED},
    **{(state, "R"): "refused" for state in UNDECIDED},
    **{(state, "V"): "revoked" for state in (*UNDECIDED, "approved")},
}
CODES = st.sampled_from(["A", "0", "-1", "R", "V"])
PICK = st.integers(0, 5)


@dataclass
class Paper:
    """What the model knows of a document."""

    name: str
    message: str
    number: str
    state: str
    above: Paper | None = None
    held: bool = False
    said: str = "12"
    items: list[str] = field(default_factory=list)
    asks: str = ""


class Filings(RuleBasedStateMachine):
    """One enterprise, one office, one nature; the model says what must come of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.papers: list[Paper] = []
        self.waiting: set[str] = set()

    def _of(self, *messages: str) -> list[Paper]:
        return [paper for paper in self.papers if paper.message in messages]

    def _pick(self, index: int, *messages: str) -> Paper | None:
        found = self._of(*messages)
        return found[index % len(found)] if found else None

    def _do(self, message: str, operation: str, name: str, body: Fields, *, right: bool) -> Decision | None:
        """Give a command that must be obeyed, or must be refused."""
        if not right:
            with pytest.raises(RejectedError):
                self.world.do(message, operation, name, body)
            return None
        decision = self.world.do(message, operation, name, body)
        self._heed(decision)
        return decision

    def _heed(self, decision: Decision) -> None:
        """Keep the list of messages that wait, as a store would."""
        self.waiting |= {number for number, message in decision.outgoing if message.hold}
        assert set(decision.release) | set(decision.recall) <= self.waiting
        self.waiting -= {*decision.release, *decision.recall}

    def _new(self, message: str, operation: str, body: Fields, *, right: bool) -> Paper | None:
        name = f"N-{len(self.papers)}"
        decision = self._do(message, operation, name, body, right=right)
        if decision is None:
            return None
        state = "saved" if operation == "save" else "declared"
        self.papers.append(Paper(name, message, decision.document.number, state))
        return self.papers[-1]

    @rule(operation=st.sampled_from(["save", "save-declare"]))
    def file(self, operation: str) -> None:
        """Only one qualification of a kind is alive."""
        alone = not any(paper.state in LIVE for paper in self._of(QF))
        self._new(QF, operation, qualification(), right=alone)

    @rule(index=PICK, operation=st.sampled_from(["save", "save-declare"]))
    def file_goods(self, index: int, operation: str) -> None:
        """Under a qualification that is under way, held until it is approved."""
        above = self._pick(index, QF)
        assert above is not None
        saving = above.state not in {"revoked", "deleted"}
        right = saving if operation == "save" else above.state in {*UNDECIDED, "approved"}
        made = self._new(GF, operation, volume(QualificationClientNo=above.name), right=right)
        if made is not None:
            made.above, made.items = above, ["", ""]
            made.held = operation != "save" and above.state != "approved"

    @rule(index=PICK, message=st.sampled_from([QC, GC]), operation=st.sampled_from(["save", "save-declare"]))
    def change(self, index: int, message: str, operation: str) -> None:
        """Of an approved filing that no other change is under way for, under a qualification in force."""
        above = self._pick(index, QF if message == QC else GF)
        if above is None:
            return
        free = not any(each.above is above and each.state in UNDECIDED for each in self._of(QC, GC))
        right = above.state == "approved" and free and (operation == "save" or self._serves(above))
        number = len(self.papers) + 100
        body: Fields = {"VolumeClientNo": above.name, "Item": [goods()]}
        if message == QC:
            body = {"QualificationClientNo": above.name, "IEBatches": str(number)}
        made = self._new(message, operation, body, right=right)
        if made is not None:
            made.above, made.asks = above, str(number)

    @rule(index=PICK, operation=st.sampled_from(["edit", "declare", "delete"]))
    def command(self, index: int, operation: str) -> None:
        """Edited, declared or deleted where the state allows it."""
        paper = self._pick(index, QF, GF, QC, GC)
        assert paper is not None
        states = {
            "edit": EDITABLE,
            "declare": {"saved"},
            "delete": EDITABLE | ({"revoked"} if paper.message in {QF, GF} else set()),
        }
        right = paper.state in states[operation] and (operation == "delete" or self._may(paper, operation))
        body = self._body(paper) if operation == "edit" else {}
        if self._do(paper.message, operation, paper.name, body, right=right) is None:
            return
        paper.state = {"edit": "saved", "declare": "declared", "delete": "deleted"}[operation]
        if paper.message == GF and operation == "declare":
            assert paper.above is not None
            paper.held = paper.above.state != "approved"
        if paper.message == QF and operation == "delete":
            self._give_back(paper)

    def _may(self, paper: Paper, operation: str) -> bool:
        """Tell whether what stands above the document, or beside it, allows it."""
        if paper.message == QF:
            return not any(each.state in LIVE for each in self._of(QF) if each is not paper)
        above = paper.above
        assert above is not None
        if paper.message == GF:
            if operation == "edit":
                return above.state not in {"revoked", "deleted"}
            return above.state in {*UNDECIDED, "approved"}
        others = (each for each in self._of(QC, GC) if each.above is above and each is not paper)
        free = not any(each.state in UNDECIDED for each in others)
        return above.state == "approved" and free and (operation == "edit" or self._serves(above))

    @staticmethod
    def _serves(filing: Paper) -> bool:
        """Tell whether goods may still be declared under what stands above a volume."""
        return filing.above is None or filing.above.state == "approved"

    @staticmethod
    def _body(paper: Paper) -> Fields:
        if paper.message == QF:
            return qualification()
        assert paper.above is not None
        if paper.message == GF:
            return volume(QualificationClientNo=paper.above.name)
        if paper.message == GC:
            return {"VolumeClientNo": paper.above.name, "Item": [goods()]}
        return {"QualificationClientNo": paper.above.name, "IEBatches": paper.asks}

    @initialize(volumes=st.integers(0, 2), approved=st.booleans())
    def begin(self, volumes: int, approved: bool) -> None:
        """Begin with a qualification that is declared, with volumes that wait, or approved with them."""
        self.file("save-declare")
        for _ in range(volumes):
            self.file_goods(0, "save-declare")
        for index in range(len(self.papers) if approved else 0):
            self._say(self.papers[index], "A")

    @precondition(lambda self: any(paper.state in UNDECIDED for paper in self.papers))
    @rule(index=PICK, code=CODES)
    def decide(self, index: int, code: str) -> None:
        """Customs answers what is before it."""
        open_ = [paper for paper in self.papers if paper.state in UNDECIDED]
        self._say(open_[index % len(open_)], code)

    @rule(index=PICK, code=CODES)
    def answer(self, index: int, code: str) -> None:
        """Customs answers what it has had before; what does not fit changes nothing."""
        paper = self._pick(index, QF, GF, QC, GC)
        assert paper is not None
        self._say(paper, code)

    def _say(self, paper: Paper, code: str) -> None:
        if paper.held or (paper.message in {QC, GC} and code == "V"):
            return
        customs_number = f"J{int(paper.number[-11:]):011}" if paper.message == GF and code == "A" else ""
        target = ANSWERS.get((paper.state, code))
        kind = "T" if code in {"0", "-1"} else "B"
        values = {"customs_number": customs_number} if customs_number else {}
        if target is None:
            with suppress(RejectedError):
                self.world.answer(paper.number, code, kind, **values)
            return
        decision = self.world.answer(paper.number, code, kind, **values)
        assert isinstance(decision, Decision)
        self._heed(decision)
        never_approved, paper.state = paper.state != "approved", target
        if paper.message == QF and target == "approved":
            for each in self._of(GF):
                each.held = each.held and each.above is not paper
        if paper.message == QF and target == "revoked" and never_approved:
            self._give_back(paper)
        if paper.message in {QC, GC} and target == "approved":
            self._take_effect(paper)

    def _give_back(self, ended: Paper) -> None:
        for each in self._of(GF):
            if each.above is ended and each.held:
                each.held, each.state = False, "saved"

    @staticmethod
    def _take_effect(change: Paper) -> None:
        above = change.above
        assert above is not None
        if above.state == "deleted":
            return
        if change.message == QC:
            above.said = change.asks
        else:
            above.items.append("")

    @invariant()
    def the_model_is_right(self) -> None:
        """States, held messages, terms and goods are as the model has them."""
        for paper in self.papers:
            document = self.world.documents[paper.number]
            assert document.state == paper.state, paper
            assert (paper.number in self.waiting) is paper.held, paper
            if paper.message == QF:
                assert document.content["IEBatches"] == paper.said
            if paper.message == GF:
                items = document.content["Item"]
                assert isinstance(items, list)
                assert [item["GNo"] for item in items] == [str(n) for n in range(1, len(paper.items) + 1)]


TestFilings = pytest.mark.requirement("QF-08", "QF-11", "GF-07", "CH-01", "CH-04")(Filings.TestCase)
TestFilings.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
