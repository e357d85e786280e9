"""A month in trouble: what cannot be made stops alone, and what customs does not accept goes again."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError
from gateway.steps.aggregating import aggregate_month, declare_number
from tests.flow import erp
from tests.services.installation import AGGREGATION, ENTERPRISE, FILING, Installation, Running

pytestmark = pytest.mark.usefixtures("installation")


def _cleared(installation: Installation, *manifests: dict[str, object]) -> None:
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume())
        running.send("3.json", erp.manifests(*manifests))


def _aggregate(running: Running, client_number: str = "") -> str:
    with running.gateway.store.begin() as unit:
        decision = aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", client_number)
    running.settle()
    return decision.changes[0].document.number


@pytest.mark.requirement("AG-09")
def test_a_run_whose_declaration_breaks_the_schema_stops_alone_and_is_told(
    installation: Installation,
) -> None:
    """Nothing of it is kept, its manifests stay awaiting, an alert is open, and the clock goes on."""
    many = {"packing": {"kind": "再生木托", "count": 999999999}}
    _cleared(installation, erp.manifest("JB-1", **many), erp.manifest("JB-2", **many))
    with installation.open(AGGREGATION) as running:
        run = _aggregate(running)
        assert running.troubles == []
        assert [(alert.code, alert.subject) for alert in running.alerts()] == [("aggregation.stopped", run)]
        assert {row.state for row in running.documents(kind="manifest")} == {"awaiting_aggregation"}
        assert running.documents(kind="declaration") == []


@pytest.mark.requirement("DC-01")
def test_a_declaration_that_is_not_accepted_is_declared_again_by_an_operators_word(
    installation: Installation,
) -> None:
    """The stub does not accept what comes under R0-; declared again, it is one more submission."""
    _cleared(installation, erp.manifest())
    with installation.open(AGGREGATION) as running:
        _aggregate(running, "R0-AGG")
        (declaration,) = running.documents(kind="declaration")
        assert declaration.state == "not_accepted"
        with running.gateway.store.begin() as unit:
            assert declare_number(running.gateway.world, unit, declaration.number).state == "declared"
        running.settle()
        assert len(running.submissions(declaration.client_number)) == 2
        with pytest.raises(RejectedError) as refused, running.gateway.store.begin() as unit:
            declare_number(running.gateway.world, unit, "D29990000000000001")
        assert refused.value.code == "aggregation.no-declaration"
