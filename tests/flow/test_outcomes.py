"""Every outcome that a client number can ask customs for: the state in the end, and what the log tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.documents import Kind
from gateway.steps.aggregating import aggregate_month
from tests.flow import erp
from tests.services.installation import Installation, Running

Line = tuple[str, str, str]
APPLIED = "applied"
COPY = ("", "", "duplicate")


@dataclass(frozen=True)
class Outcome:
    """The states that a document goes through, and its lines of the log: type, code, outcome."""

    states: tuple[str, ...]
    lines: tuple[Line, ...]


def _applied(*receipts: str) -> tuple[Line, ...]:
    return tuple((*receipt.split(), APPLIED) for receipt in receipts)


_CLEARED = Outcome(("declared", "sent", "approved", "cleared"), _applied("T 0", "B 7", "B 15"))
MANIFESTS = {
    "A": _CLEARED,
    "B": _CLEARED,
    "F": Outcome(("declared", "receive_failed"), _applied("T -9")),
    "I": _CLEARED,
    "N": Outcome(("declared",), ()),
    "O": Outcome(("declared", "approved", "cleared"), (*_applied("B 7", "B 15"), ("T", "0", "stale"))),
    "P": Outcome(("declared", "sent", "approved"), _applied("T 0", "B 7")),
    "R": Outcome(("declared", "sent", "rejected"), _applied("T 0", "B R")),
    "T": _CLEARED,
    "V": _CLEARED,
    "W": _CLEARED,
    "X": _CLEARED,
}
_FILED = Outcome(("declared", "sent", "approved"), _applied("T 0", "B A"))
FILINGS = {
    "B": _FILED,
    "F": Outcome(("declared", "receive_failed"), _applied("T -9")),
    "I": _FILED,
    "N": Outcome(("declared",), ()),
    "O": Outcome(("declared", "approved"), (*_applied("B A"), ("T", "0", "stale"))),
    "P": _FILED,
    "R": Outcome(("declared", "sent", "refused"), _applied("T 0", "B R")),
    "T": _FILED,
    "V": Outcome(("declared", "sent", "approved", "revoked"), _applied("T 0", "B A", "B V")),
    "W": _FILED,
    "X": _FILED,
}
DECLARATIONS = {
    "A": Outcome(
        ("declared", "declared", "declared", "reviewed", "cleared"), _applied("T 0", "B L", "B J", "B R")
    ),
    "F": Outcome(("declared", "not_accepted"), _applied("T -9")),
    "I": Outcome(
        ("declared", "declared", "declared", "inspection", "reviewed", "cleared"),
        _applied("T 0", "B L", "B C", "B J", "B R"),
    ),
    "P": Outcome(("declared", "declared", "declared", "reviewed"), _applied("T 0", "B L", "B J")),
    "R": Outcome(("declared", "declared", "not_accepted"), _applied("T 0", "B E")),
}


@dataclass(frozen=True)
class Played:
    """What is left to look at when every outcome was played."""

    running: Running
    log: list[dict[str, Any]]

    def outcome(self, client_number: str) -> Outcome:
        """Return what became of a document; only lines that could be read name it."""
        lines = [line for line in self.log if line.get("client_number") == client_number]
        told = tuple((line["type"], line["code"], line["outcome"]) for line in lines)
        return Outcome(tuple(self.running.states(client_number)), told)

    def unreadable(self) -> Counter[str]:
        """Count the lines of what could not be read or was a copy, by outcome and reason."""
        lines = [line for line in self.log if "client_number" not in line]
        return Counter(
            line["outcome"] + "".join(f" {fault['code']}" for fault in line.get("violations", ()))
            for line in lines
        )


def _number(letter: str, kind: str) -> str:
    return f"{letter}0-{kind}"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Customs plays every outcome for filings, then for manifests, then for declarations."""
    installation = Installation(tmp_path_factory.mktemp("outcomes"))
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        running.send("volume.json", erp.volume())
        for place, letter in enumerate(FILINGS, 10):
            office = {"office": f"53{place}"}
            name = f"qf-{letter}.json"
            installation.drop(name, erp.qualification(_number(letter, "QF"), customs=office))
        running.settle()
        each = [erp.manifest(_number(letter, "JB")) for letter in MANIFESTS]
        running.send("manifests.json", erp.manifests(*each))
        for letter in DECLARATIONS:
            with running.gateway.store.begin() as unit:
                world = running.gateway.world
                aggregate_month(world, unit, "4403180001", "202610", _number(letter, "AGG"))
            running.settle()
            running.send(f"next-{letter}.json", erp.manifests(erp.manifest(f"JB-{letter}")))
        yield Played(running, installation.log())


@pytest.mark.parametrize("letter", MANIFESTS)
@pytest.mark.requirement("MF-12", "CU-03", "CU-04")
def test_a_manifest_goes_through_its_states(played: Played, letter: str) -> None:
    """Also where receipts come twice, too early, altered, cut off or in halves."""
    found = played.outcome(_number(letter, "JB"))
    # Two cleared ones were aggregated later.
    states = tuple(state for state in found.states if state not in {"awaiting_aggregation", "aggregated"})
    assert Outcome(states, found.lines) == MANIFESTS[letter]


@pytest.mark.parametrize("letter", FILINGS)
@pytest.mark.requirement("QF-08", "CU-03", "CU-04")
def test_a_qualification_goes_through_its_states(played: Played, letter: str) -> None:
    """The same for a filing, which may be revoked as well."""
    assert played.outcome(_number(letter, "QF")) == FILINGS[letter]


@pytest.mark.parametrize("letter", DECLARATIONS)
@pytest.mark.requirement("DC-01", "CU-03")
def test_a_declaration_goes_through_its_states(played: Played, letter: str) -> None:
    """Inspected, not accepted, never cleared: as the channel codes say."""
    assert played.outcome(_number(letter, "AGG") + "01") == DECLARATIONS[letter]


@pytest.mark.requirement("CU-02", "CU-03")
def test_what_is_copied_altered_or_cut_off_is_told_and_moves_nothing(played: Played) -> None:
    """A line for each: three copies for the manifest and two for the filing, one forged, one cut for each."""
    assert played.unreadable() == {
        "duplicate": 5,
        "refused signature.digest-mismatch": 2,
        "refused xml.not-well-formed": 2,
    }
    told = Counter(alert.code for alert in played.running.alerts())
    assert told == {"receipt.not-applied": 4}


@pytest.mark.requirement("ER-06")
def test_the_log_has_one_line_for_each_receipt_whatever_became_of_it(played: Played) -> None:
    """Applied, stale, copied and refused ones alike."""
    assert Counter(line["name"] for line in played.log) == Counter(
        receipt.name for receipt in played.running.receipts()
    )
    assert Counter(line["outcome"] for line in played.log) == Counter(
        str(receipt.state) for receipt in played.running.receipts()
    )


@pytest.mark.requirement("CU-05")
def test_nothing_was_sent_twice(played: Played) -> None:
    """One submission for each document that was declared, one attempt for each."""
    sent = Counter[str]()
    for document in played.running.documents():
        if document.kind == Kind.AGGREGATION:
            continue
        (submission,) = played.running.submissions(document.client_number)
        sent[submission.id] += 1
        with played.running.gateway.store.read() as unit:
            assert [attempt.outcome for attempt in unit.submissions.attempts(submission.id)] == ["sent"]
    assert sorted(sent) == [file.stem for file in played.running.installation.sent()]


@pytest.mark.requirement("ER-06", "CU-04")
def test_the_erp_is_told_what_customs_said_and_what_it_objects_to(played: Played) -> None:
    """A refusal names customs' code, text and fields; the state is told in both languages."""
    number = played.running.document(_number("R", "JB")).number
    (notice,) = played.running.installation.notices(f"{number}.*.rejected.receipt.json")
    assert (notice["state"], notice["state_en"], notice["state_zh"]) == ("rejected", "rejected", "海关退单")
    assert notice["said"]["type"] == "business"
    assert notice["said"]["code"] == "R"
    assert "海关退单" in notice["said"]["text"]
    assert [fault["code"] for fault in notice["said"]["faults"]] == ["G09"]


@pytest.mark.requirement("CU-01")
def test_only_silence_is_still_awaited(played: Played) -> None:
    """And what was approved but never cleared, or reviewed but never cleared."""
    with played.running.gateway.store.read() as unit:
        waiting: Mapping[str, bool] = {
            row.client_number: row.technical_at is None for row in unit.submissions.awaited()
        }
    assert waiting == {"N0-QF": True, "N0-JB": True}
