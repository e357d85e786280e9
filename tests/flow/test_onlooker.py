"""Read-only use: who may read the database, and nothing else, can look at everything and change nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.store import Store
from tests.flow import erp
from tests.services.installation import Installation
from tests.services.onlooker import let_look, look
from tests.services.postgres import Server

pytest_plugins = ("tests.services.store_fixtures",)

LOOKING = [
    ["status", "--json"],
    ["documents", "--json"],
    ["document", erp.QUALIFICATION, "--json"],
    ["document", erp.QUALIFICATION, "--history"],
    ["receipts"],
    ["query", "filing", "--client-number", erp.QUALIFICATION],
    ["stats"],
    ["references"],
    ["unanswered"],
    ["parked"],
    ["audit", "list"],
    ["audit", "verify"],
    ["evidence", erp.QUALIFICATION, "-o", "evidence.zip"],
]
CHANGING = [
    ["token", "unlock"],
    ["run", "--until-idle"],
]


@pytest.fixture
def site() -> Iterator[Path]:
    """Return a folder that every user of the machine can reach, and where he may put files."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder)
        site.chmod(0o755)
        (site / "desk").mkdir()
        (site / "desk").chmod(0o777)
        yield site


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.requirement("ID-01")
def test_another_user_looks_at_sqlite_while_the_gateway_works_and_while_it_rests(site: Path) -> None:
    """Every command that looks does; what changes is refused with a code; no file comes or changes."""
    change = {
        '"sqlite:///var/gateway.db"': '"sqlite:///data/gateway.db"',
        '"var/customs/customs.pem"': '"customs.pem"',
    }
    installation = Installation(site / "own", change)
    shutil.copy(installation.customs_certificate, installation.folder / "customs.pem")
    data = installation.folder / "data"
    data.mkdir()
    with installation.open() as running:
        running.send("qualification.json", erp.qualification())
        let_look(installation.folder / "var", data / "gateway.db", installation.folder, installation.config)
        assert (data / "gateway.db-wal").exists()
        at_work = look(installation.config, LOOKING, site / "desk")
    _expect_all(at_work, "approved")
    let_look(installation.folder / "var", data / "gateway.db")
    assert not (data / "gateway.db-wal").exists()
    before = _files(data)
    shutil.rmtree(site / "desk")
    (site / "desk").mkdir()
    (site / "desk").chmod(0o777)
    at_rest = look(installation.config, [*LOOKING, *CHANGING], site / "desk")
    assert _files(data) == before
    for words in CHANGING:
        code, _, said, fault = at_rest.pop(" ".join(words))
        assert code == 1, (words, said, fault)
        assert said.startswith("store.no-right: "), (words, said)
    _expect_all(at_rest, "approved")
    told = json.loads(at_rest["status --json"][1])
    assert told["token"]["latch"] == "hidden"
    assert {each["result"] for each in told["channels"]} == {"ok"}


def _expect_all(told: dict[str, Any], state: str) -> None:
    assert [f"{words}: {done}" for words, done in told.items() if done[0] != 0] == []
    assert json.loads(told["documents --json"][1])[0]["state"] == state
    assert "evidence.zip" in told[f"evidence {erp.QUALIFICATION} -o evidence.zip"][1]


@pytest.mark.requirement("ID-01")
def test_a_role_that_may_only_select_looks_at_postgresql(tmp_path: Path, postgres_server: Server) -> None:
    """As the documentation grants it; what changes is refused by the database itself."""
    place = postgres_server
    name = place.create()
    url = place.url(name)
    store = Store(url)
    store.migrate()
    store.close()
    role = f"looker_{name}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    own = url.replace("postgres@", f"{role}@")
    installation = Installation(tmp_path / "site", {'"sqlite:///var/gateway.db"': f'"{own}"'})
    for words in LOOKING:
        if erp.QUALIFICATION in words:
            continue
        done = CliRunner().invoke(main, ["--config", str(installation.config), *words])
        assert done.exit_code == 0, (words, done.output)
    refused = CliRunner().invoke(main, ["--config", str(installation.config), "token", "unlock"])
    assert (refused.exit_code, refused.stderr.partition(":")[0]) == (1, "store.no-right")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP OWNED BY {role}")
        connection.execute(f"DROP ROLE {role}")
    place.drop(name)


def test_looking_makes_no_database(installation: Installation) -> None:
    """It says who makes it."""
    done = CliRunner().invoke(main, ["--config", str(installation.config), "documents"])
    assert (done.exit_code, done.stderr.partition(":")[0]) == (1, "store.no-tables")
    assert not (installation.folder / "var/gateway.db").exists()
