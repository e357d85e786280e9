"""Rehearsing changed mappings with what really came, through the command line."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.flow import erp
from tests.services.installation import FILING, ROOT, Installation

QUALIFICATION = "mappings/acme-json/qualification.toml"
UNKNOWN = json.dumps({"document": "unheard-of", "number": "X-1"})
STRANGE = """format = "json"
[match]
values = { document = "unheard-of" }
[message]
type = "QualificationFiling"
client-number = "number"
operation = { value = "declare" }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation to which two filings, one twice, and a file that fits nothing have come."""
    folder = tmp_path_factory.mktemp("rehearsal")
    shutil.copytree(ROOT / "mappings", folder / "mappings")
    installation = Installation(folder, {f'mappings = "{ROOT}/mappings"': 'mappings = "mappings"'})
    with installation.open(customs=False) as running:
        running.send("q1.json", erp.qualification())
        running.send("again.json", erp.qualification())
        running.send("v1.json", erp.volume())
        running.send("strange.json", UNKNOWN)
    return installation


@pytest.fixture
def changed(place: Installation, tmp_path: Path) -> Path:
    """A copy of the mappings to be changed."""
    return Path(shutil.copytree(place.folder / "mappings", tmp_path / "mappings"))


def change(folder: Path, old: str, new: str, file: str = QUALIFICATION) -> None:
    """Change a mapping of the copy."""
    path = folder.parent / file
    text = path.read_text("utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new), "utf-8")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


def say(place: Installation, *words: str) -> Result:
    """Give the command in this process."""
    start = ["--config", str(place.config), "--now", FILING.isoformat(), "mappings", "rehearse"]
    return CliRunner(catch_exceptions=False).invoke(main, [*start, *words])


def rehearse(place: Installation, folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """Give the command; return its exit code and what it tells."""
    done = say(place, "--since", "7d", "--folder", str(folder), "--json", *more)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    told["counts"] = {result: count for result, count in told["counts"].items() if count}
    return done.exit_code, told


def dump(place: Installation) -> list[str]:
    """Return everything that is in the database."""
    with closing(sqlite3.connect(place.folder / "var/gateway.db")) as base:
        return list(base.iterdump())


@pytest.mark.requirement("ER-03")
def test_unchanged_mappings_change_nothing(place: Installation, changed: Path) -> None:
    """What only repeats an earlier file is not looked at again."""
    assert rehearse(place, changed) == (0, {"counts": {"same": 3}, "different": []})


def test_what_is_archived_is_left_out(place: Installation, changed: Path) -> None:
    """Its bytes are in the archive only, and what it made is over."""
    name = "SELECT digest FROM interchanges WHERE name = 'v1.json'"
    with closing(sqlite3.connect(place.folder / "var/gateway.db")) as base:
        ((kept,),) = base.execute(f"SELECT bytes FROM raw WHERE digest = ({name})")
        for data, same in ((b"", 2), (kept, 3)):
            base.execute(f"UPDATE raw SET bytes = ? WHERE digest = ({name})", [data])
            base.commit()
            assert rehearse(place, changed) == (0, {"counts": {"same": same}, "different": []})


@pytest.mark.requirement("ER-03")
def test_a_changed_rule_is_told_value_by_value_with_its_place(place: Installation, changed: Path) -> None:
    """Old value, new value, the rule and where in the file it comes from; files of other mappings stay."""
    change(changed, 'ContactName = "contact.name"', 'ContactName = "contact.phone"')
    code, told = rehearse(place, changed)
    assert (code, told["counts"]) == (1, {"values-differ": 1, "same": 2})
    (file,) = told["different"]
    assert (file["file"], file["partner"], file["result"]) == ("q1.json", "acme", "values-differ")
    assert file["mapping_before"] != file["mapping_after"]
    differences = {each["path"]: each for each in file["differences"]}
    contact = differences["[1] QualificationFiling/ContactName"]
    assert (contact["before"], contact["after"]) == ("李敏", "0755-82000003")
    assert (contact["rule"], contact["place"]) == ("header.ContactName", "q1.json $.contact.phone")


@pytest.mark.requirement("ER-03")
def test_what_would_be_refused_or_accepted_is_told_as_such(place: Installation, changed: Path) -> None:
    """A value that the schema refuses, a file that fits nothing any more, and one that fits at last."""
    change(changed, 'from = "customs.office"', 'from = "contact.name"')
    change(changed, "$.volumes", "$.folders", "mappings/acme-json/goods-filing.toml")
    (changed / "acme-json/strange.toml").write_text(STRANGE)
    code, told = rehearse(place, changed)
    results = {each["file"]: (each["result"], each["differences"]) for each in told["different"]}
    assert code == 1
    assert results["q1.json"][0] == "now-refused"
    assert results["v1.json"][0] == "now-refused"
    assert results["v1.json"][1][0]["after"].startswith("mapping.none-fits")
    assert results["strange.json"][0] == "now-accepted", results["strange.json"]


def test_what_is_asked_for_is_what_is_rehearsed(place: Installation, changed: Path) -> None:
    """By mapping, by partner, by time, by number of files."""
    assert rehearse(place, changed, "--mapping", "acme-json/goods*")[1]["counts"] == {"same": 1}
    assert rehearse(place, changed, "--limit", "2")[1]["counts"] == {"same": 2}
    assert rehearse(place, changed, "--since", "2026-10-21")[1]["counts"] == {}
    refused = say(place, "--since", "1h", "--partner", "nobody")
    assert (refused.exit_code, "cli.unknown-partner" in refused.stderr) == (1, True)
    assert say(place, "--since", "soon").exit_code == 2


def test_a_person_reads_it_as_tables(place: Installation, changed: Path) -> None:
    """In both languages; nothing is stored, and the mappings of the configuration are those of then."""
    change(changed, 'ContactName = "contact.name"', 'ContactName = "contact.phone"')
    before = dump(place)
    asked = ("--since", "2026-10-19", "--folder", str(changed))
    assert "0755-82000003" in say(place, *asked).stdout
    assert "内容不同" in say(place, *asked, "--lang", "zh").stdout
    done = say(place, "--since", "1d")
    assert (done.exit_code, "the same: 3" in done.stdout) == (0, True)
    assert dump(place) == before
