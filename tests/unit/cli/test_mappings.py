"""The commands about mappings."""

from __future__ import annotations

import json

import pytest

from gateway.cli import main
from tests.source import ROOT


def test_every_mapping_is_listed_with_what_a_file_must_have(capsys: pytest.CaptureFixture[str]) -> None:
    """By columns, by values: what a message about a file that none fits points to."""
    with pytest.raises(SystemExit) as caught:
        main(["--config", str(ROOT / "gateway.toml"), "mappings", "list", "--json"])
    assert not caught.value.code
    rows = {row["mapping"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {f"{file.parent.name}/{file.stem}" for file in (ROOT / "mappings").glob("*/*.toml")}
    assert rows["acme-csv/query"]["format"] == "CSV"
    assert rows["acme-json/manifest"]["message"] == "Manifest"
    assert rows["acme-json/manifest"]["fits"].endswith("$.document = manifests")
