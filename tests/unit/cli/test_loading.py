"""What a command loads before it can do its work: no more than it needs, so that nobody waits for more."""

from __future__ import annotations

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.cli.loading import staying
from gateway.clock import Clock
from gateway.config import load_settings
from gateway.database import make_store
from tests.source import ROOT

# The token, signatures, mappings, the standard XML, folders that call, the log: what a gateway works with.
_OF_WORK = {
    *("pkcs11", "cryptography", "jsonpath_rfc9535", "lxml", "watchdog", "structlog"),
    *("gateway.signing", "gateway.mapping", "gateway.messages", "gateway.formats", "gateway.channels"),
}
_CALLS = """
import json, sys
from gateway.cli import main
codes = []
for words in json.loads(sys.argv[2]):
    try:
        main(["--config", sys.argv[1], *words])
    except SystemExit as end:
        codes.append(end.code)
print(json.dumps([codes, [*sys.modules]]))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return the configuration of an installation that has nothing but its database."""
    file = Path(shutil.copy(ROOT / "gateway.toml", tmp_path))
    make_store(load_settings(file), Clock()).close()
    return file


def called(config: Path, *commands: Sequence[str]) -> tuple[list[int], set[str]]:
    """Return how commands ended in a fresh process, and what it has loaded for them."""
    given = [sys.executable, "-c", _CALLS, str(config), json.dumps(commands)]
    done = subprocess.run(given, capture_output=True, text=True, check=True, cwd=ROOT)
    codes, modules = json.loads(done.stdout.splitlines()[-1])
    return codes, set(modules)


def test_garbage_is_looked_for_again_after_what_failed():
    """A process that goes on would else grow."""
    with suppress(OSError), staying():
        raise OSError
    assert gc.isenabled()


def test_commands_that_look_load_nothing_that_works(config: Path) -> None:
    """Neither the token's library nor what maps, builds, signs and receives messages."""
    codes, modules = called(config, ["status"], ["documents"], ["receipts"], ["document", "M1"])
    assert codes == [0, 0, 0, 1]
    assert modules & _OF_WORK == set()


def test_who_works_on_sqlite_loads_nothing_of_postgresql(config: Path) -> None:
    """Neither the driver nor how statements are written for it."""
    codes, modules = called(config, ["status"])
    assert codes == [0]
    assert modules & {"psycopg", "sqlalchemy.dialects.postgresql"} == set()


def test_a_look_at_all_loads_no_rules_of_documents(config: Path) -> None:
    """What waits is counted by the database; one that asked for JSON waits for no tables either."""
    codes, modules = called(config, ["status", "--json"])
    assert codes == [0]
    assert modules & {*_OF_WORK, "gateway.documents", "gateway.customs", "rich"} == set()


def test_what_starts_several_gateways_loads_none_of_them(config: Path) -> None:
    """Not even the database; that it takes one process only stands in the configuration."""
    codes, modules = called(config, ["run", "--workers", "2"])
    assert codes == [1]
    assert "gateway.cli.crew" in modules
    assert modules & {*_OF_WORK, "sqlalchemy", "gateway.store", "gateway.steps"} == set()
