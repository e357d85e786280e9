"""What the documents say of the stub is what the stub does."""

from __future__ import annotations

from dataclasses import fields

import pytest

from customs_stub.config import Config
from customs_stub.faults import texts
from customs_stub.scenarios import SCENARIOS
from tests.unit.customs_stub.trial import ROOT


@pytest.mark.parametrize(("language", "file"), [("en", "customs-stub.md"), ("zh", "customs-stub.zh-CN.md")])
def test_every_letter_fault_and_setting_is_documented(language: str, file: str) -> None:
    """In both languages, word for word."""
    text = (ROOT / "docs" / file).read_text("utf-8")
    for scenario in SCENARIOS.values():
        told, gateway = (getattr(scenario, name) for name in (language, f"gateway_{language}"))
        assert f"| `{scenario.letter}` | {told} | `{scenario.name}` | {gateway} |" in text
    for code, told in texts().items():
        assert f"| `{code}` | {told[language]} |" in text
    assert [field.name for field in fields(Config) if f"`{field.name}`" not in text] == []


def test_the_stub_knows_nothing_of_the_gateway() -> None:
    """It imports none of it, so that no mistake is made twice by one line of code."""
    sources = [file.read_text("utf-8") for file in (ROOT / "customs_stub").rglob("*.py")]
    assert len(sources) > 20
    for source in sources:
        assert "import gateway" not in source
        assert "from gateway" not in source
        assert "signxml" not in source
