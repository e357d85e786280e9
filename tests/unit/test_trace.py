"""The trace itself: what it counts as proved, as planned, and as a fault."""

from __future__ import annotations

from tests.trace import LATER, REQUIREMENTS, read_requirements, trace

TEXT = "# R\n\n- AB-01 First.\n- AB-02 Second.\n- AB-03 Third.\nAB-09 is no entry.\n"
PLAN = '[[later]]\nids = ["AB-02", "AB-03"]\nreason = "needs more"\n'


def test_an_id_is_tested_partly_later_or_missing() -> None:
    """A test and a plan together are a part; neither is a fault."""
    result = trace(TEXT, PLAN, [("AB-03", "t::b"), ("AB-03", "t::a"), ("AB-03", "t::a")])
    assert {one.id: one.state for one in result.requirements.values()} == {
        "AB-01": "missing",
        "AB-02": "later",
        "AB-03": "partly",
    }
    assert result.requirements["AB-03"].tests == ["t::a", "t::b"]
    assert result.faults == ["AB-01 has no test and is not planned in requirements-later.toml"]


def test_an_id_with_a_test_and_no_plan_is_tested() -> None:
    """That is what all are to become."""
    result = trace(TEXT, PLAN, [("AB-01", "t::a")])
    assert result.requirements["AB-01"].state == "tested"
    assert result.faults == []


def test_unknown_ids_are_faults_wherever_they_stand() -> None:
    """A mistyped id proves nothing."""
    plan = PLAN + '[[later]]\nids = ["AB-02", "XX-01"]\nreason = "why"\n'
    result = trace(TEXT + "- AB-01 Again.\n", plan, [("AB-01", "t::a"), ("AB-9", "t::b")])
    assert result.faults == [
        "AB-01 stands twice in requirements.md",
        "requirements-later.toml names AB-02 twice",
        "requirements-later.toml names XX-01, which is no requirement",
        "t::b names AB-9, which is no requirement",
    ]


def test_the_projects_own_requirements_and_plan_fit() -> None:
    """Every planned id is a requirement, each with one reason."""
    result = read_requirements(REQUIREMENTS.read_text("utf-8"), LATER.read_text("utf-8"))
    assert result.faults == []
    assert len(result.requirements) == 96
