"""The main job with PostgreSQL as the store: the same code, the same result; on SQLite one gateway only."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bootstrap import Bell, open_gateway
from gateway.clock import Clock
from gateway.errors import ParkedError
from gateway.steps.aggregating import aggregate_month
from gateway.steps.sealing import seal_trail
from tests.flow import erp
from tests.services.installation import AGGREGATION, Installation
from tests.services.postgres import Server

pytest_plugins = ["tests.services.store_fixtures"]


@pytest.mark.requirement("MF-12", "GF-07", "AG-04", "DC-01")
def test_the_main_job_ends_the_same_on_postgresql(tmp_path: Path, postgres_server: Server) -> None:
    """Held and released, cleared, aggregated, declared, cleared; one receipt a line, nothing twice."""
    url = postgres_server.url(postgres_server.create())
    installation = Installation(tmp_path, {"sqlite:///var/gateway.db": url})
    with installation.open() as running:
        installation.drop("1.json", erp.qualification())
        installation.drop("2.json", erp.volume())
        running.settle()
        assert running.states(erp.VOLUME) == ["declared", "sent", "approved"]
        wrong = erp.manifest("JB-3", packing={"kind": "再生木拖", "count": 1})
        several = erp.manifests(erp.manifest("JB-1"), wrong, erp.manifest("T0-JB"))
        assert running.send("3.json", several)["outcome"] == "partly"
        assert running.send("3.json", several)["outcome"] == "partly"
        assert running.document("JB-1").state == "cleared"
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, "4403180001", "202610")
        running.settle()
        states = {row.client_number: row.state for row in running.documents()}
        assert states == {
            erp.QUALIFICATION: "approved",
            erp.VOLUME: "approved",
            "JB-1": "aggregated",
            "T0-JB": "aggregated",
            "AGG202610-1": "done",
            "AGG202610-101": "cleared",
        }
        assert running.alerts() == []
        names = [line["name"] for line in installation.log()]
        assert sorted(names) == sorted(receipt.name for receipt in running.receipts())
    assert len(installation.sent()) == 5


@pytest.mark.requirement("ER-04")
def test_on_sqlite_a_second_gateway_is_refused(tmp_path: Path) -> None:
    """With a word that says why; the first is not disturbed."""
    installation = Installation(tmp_path)
    with installation.open() as running:
        with pytest.raises(ParkedError) as caught, installation.open():
            pass
        assert caught.value.code == "store.runs-already"
        running.send("1.json", erp.qualification())
        assert running.document(erp.QUALIFICATION).state == "approved"


@pytest.mark.requirement("ER-04")
def test_a_gateway_starts_while_another_one_seals(
    tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest seal is named in a file of both: one set just now is no sign of an older database."""
    url = postgres_server.url(postgres_server.create())
    installation = Installation(tmp_path, {"sqlite:///var/gateway.db": url})
    read_text, sealed = Path.read_text, []

    def read_after_a_seal(path: Path, *how: str, **more: str) -> str:
        if path.name == "last-seal":
            with first.gateway.store.begin() as unit:
                unit.audit.act("somebody", "something", "", {})
            sealed.append(seal_trail(installation.settings, first.gateway.store))
        return read_text(path, *how, **more)

    with installation.open() as first:
        monkeypatch.setattr(Path, "read_text", read_after_a_seal)
        with open_gateway(installation.settings, Clock(AGGREGATION), Bell()):
            assert sealed == [1]
