"""Two transactions at once under one licence: each manifest would fit alone, together they do not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.steps.commands import understand_one
from tests.flow import erp, references
from tests.services.installation import Installation, Running
from tests.services.stores import add_interchange

pytest_plugins = ["tests.services.store_fixtures"]

LICENCE = {"kind": "1", "number": "26-AB-100001"}


def _understand_next(running: Running) -> None:
    gateway = running.gateway
    with gateway.store.begin() as unit:
        (interchange,) = unit.interchanges.take(1)
        understand_one(gateway.world, gateway.mappings.current(), unit, interchange)


def _somebody_waits(running: Running) -> bool:
    with running.gateway.store.read() as unit:
        found = unit._connection.library.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return bool(found.scalar_one())


def _manifest(number: str, quantity: int) -> dict[str, Any]:
    line = erp.line(qty=quantity, total=quantity * 11.5, legalQty=[quantity])
    weight = {"gross": quantity + 100, "net": quantity}
    return erp.manifest(number, licence=LICENCE, items=[line], weight=weight)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.requirement("MF-08")
def test_of_two_manifests_at_once_that_exceed_a_licence_together_one_is_refused(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """The second is judged while the first is not committed yet, and counts what the first takes."""
    changes = {}
    if kind == "postgresql":
        server = request.getfixturevalue("postgres_server")
        changes = {"sqlite:///var/gateway.db": server.url(server.create())}
    installation = Installation(tmp_path, changes)
    item = {"GNo": "1", "CodeTS": "0302141000", "GUnit": "035", "GQty": "10000"}
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        running.send("v.json", erp.volume())
        references.tell(installation, "l.xml", "Licence", references.licence(Item=[item]))
        running.settle()
        gateway = running.gateway
        with gateway.store.begin() as unit:
            for number in ("JB-1", "JB-2"):
                data = erp.manifests(_manifest(number, 6000)).encode()
                add_interchange(unit, data, name=f"{number}.json")
        with ThreadPoolExecutor(1) as threads:
            with gateway.store.begin() as unit:
                (first,) = unit.interchanges.take(1)
                understand_one(gateway.world, gateway.mappings.current(), unit, first)
                second = threads.submit(_understand_next, running)
                # SQLite lets nobody begin; on PostgreSQL the second is to have met the first's locks.
                while kind == "postgresql" and not second.done() and not _somebody_waits(running):
                    pass
            second.result()
        running.settle()
        replies = [reply for n in (1, 2) for reply in installation.notices(f"JB-{n}.json.*.reply.json")]
        assert sorted(reply["outcome"] for reply in replies) == ["accepted", "refused"]
        codes = [fault["code"] for reply in replies for fault in reply["messages"][0].get("violations", [])]
        assert codes == ["rule.licence-exceeded"]
        with running.gateway.store.read() as unit:
            assert [row.quantity for row in unit.references.used("1:26-AB-100001")] == [6000]
