"""Looking up a document whose number is not its alone."""

from __future__ import annotations

from importlib import import_module

import pytest
from click.testing import CliRunner

from gateway.cli import main
from tests.flow import erp
from tests.services.installation import FILING, Installation


def test_a_client_number_of_several_documents_names_them_all(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind of document counts by itself, so that a qualification and a volume may share a number."""
    with installation.open(FILING) as running:
        running.send("1.json", erp.qualification())
        running.send("2.json", erp.volume(erp.QUALIFICATION))
        numbers = [row.number for row in running.documents()]
    assert len(numbers) == 2
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)
    start = ["--config", str(installation.config), "receipts", "--document"]
    refused = CliRunner(catch_exceptions=False).invoke(main, [*start, erp.QUALIFICATION])
    assert refused.stderr.startswith("cli.several-documents: ")
    assert all(number in refused.stderr for number in numbers)
    assert "cli.unknown-document" in CliRunner().invoke(main, [*start, "NONE"]).stderr
