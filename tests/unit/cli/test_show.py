"""How results look on a terminal."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from gateway.cli.show import Show
from gateway.documents import Kind
from gateway.documents.states import Event
from gateway.store import ReceiptState, SubmissionState

TEXTS = tomllib.loads((Path(__file__).parents[3] / "gateway/cli/texts.toml").read_text("utf-8"))


def test_words_of_the_gateway_are_translated_and_others_left(capsys: pytest.CaptureFixture[str]) -> None:
    """A source value that happens to be a word of ours is shown as the ERP wrote it."""
    Show("zh").rows("examples", ("state", "value"), [{"state": "cleared", "value": "cleared"}])
    assert capsys.readouterr().out.split() == ["示例", "状态", "值", "已结关", "cleared"]


def test_a_number_is_never_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table gets wider than a narrow terminal, so that a number can be copied."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "30")
    row = {"number": "M20260000000000001", "customs_number": "53012026I000000001", "text": "a b c d e f"}
    Show("en").rows("documents", tuple(row), [row])
    out = capsys.readouterr().out
    assert row["number"] in out
    assert row["customs_number"] in out


def test_json_is_neither_translated_nor_titled(capsys: pytest.CaptureFixture[str]) -> None:
    """A program gets codes, whatever the language."""
    Show("zh", json=True).rows("documents", ("state",), [{"state": "cleared"}])
    assert capsys.readouterr().out == '[\n  {\n    "state": "cleared"\n  }\n]\n'


@pytest.mark.parametrize(
    "word",
    [*Kind, *Event, *(f"receipt.{s}" for s in ReceiptState), *(f"submission.{s}" for s in SubmissionState)],
)
def test_every_code_that_is_shown_has_a_word(word: str) -> None:
    """Without one a Chinese reader meets an English code."""
    assert word in TEXTS


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_name_the_same_values(key: str) -> None:
    """A placeholder that one language lacks is a value that its readers never see."""
    texts = TEXTS[key]
    assert set(texts) == {"en", "zh"}
    names = [{part.partition("}")[0] for part in texts[each].split("{")[1:]} for each in ("en", "zh")]
    assert names[0] == names[1]
