"""Who may say what: which office words cover which offices, and how limits of one certificate add up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.keys import make_identity
from gateway.config import Route
from gateway.errors import RejectedError
from gateway.steps.trust import covers, make_trust, unheard
from tests.unit.documents.world import settings

OFFICES = st.sampled_from(["5301", "5304", "5101", "51A1", "4401"])


def _route(certificates: list[object], offices: list[str]) -> Route:
    return Route.model_validate(
        {
            "name": "customs",
            "receiver": "C",
            "outbox": "o",
            "receipts": "r",
            "trusted_certificates": certificates,
            "offices": offices,
        }
    )


@given(OFFICES, st.sets(OFFICES))
def test_an_office_is_covered_by_itself_by_its_customs_or_by_no_word_at_all(
    office: str, others: set[str]
) -> None:
    """And by nothing else."""
    assert covers((), office)
    assert covers({office, *others}, office)
    assert covers({office[:2], *others}, office)
    strangers = {other for other in others if other != office}
    strangers |= {other[:2] for other in strangers if other[:2] != office[:2]}
    assert covers(strangers, office) == (not strangers)
    assert covers({"99"}, "") is False


@pytest.mark.parametrize(
    ("certificates", "offices", "missing"),
    [
        (["a.pem"], ["53"], []),
        ([{"file": "a.pem", "offices": ["5301"]}, "b.pem"], [], []),
        ([{"file": "a.pem", "offices": ["53"]}], ["5301", "5304"], []),
        ([{"file": "a.pem", "offices": ["5301"]}], ["5301", "5304"], ["5304"]),
        ([{"file": "a.pem", "offices": ["5301"]}], ["53"], ["53"]),
        ([{"file": "a.pem", "offices": ["5301"]}, {"file": "b.pem", "offices": ["51"]}], [], ["*"]),
    ],
)
def test_offices_for_which_no_certificate_speaks_are_named(
    certificates: list[object], offices: list[str], missing: list[str]
) -> None:
    """What is declared there would wait for ever."""
    assert unheard(_route(certificates, offices)) == missing


def test_every_certificate_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    """By its file."""
    make_identity(tmp_path / "a.key", tmp_path / "a.pem")
    route = _route([str(tmp_path / name) for name in ("1.pem", "a.pem", "2.pem")], [])
    with pytest.raises(RejectedError) as refused:
        make_trust(settings().model_copy(update={"route": (route,)}))
    named = [Path(str(each.values["file"])).name for each in refused.value.violations]
    assert named == ["1.pem", "2.pem"]
