"""The faults of the configuration in words: Chinese for those who read Chinese, and no fault that is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.config import load_settings
from gateway.errors import RejectedError, Violation
from tests.services.installation import ROOT

SHIPPED = (ROOT / "gateway.toml").read_text("utf-8")


def _faults(folder: Path, *changes: tuple[str, str]) -> list[Violation]:
    text = SHIPPED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "gateway.toml").write_text(text, "utf-8")
    with pytest.raises(RejectedError) as caught:
        load_settings(folder / "gateway.toml")
    return list(caught.value.violations)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('sender = "GW4403180001"', 'sender = ""', "至少应有 1 个字符"),
        ('sender = "GW4403180001"', f'sender = "{"X" * 19}"', "最多 18 个字符"),
        ('sender = "GW4403180001"', "sender = 7", "加引号的文本"),
        ('name = "acme"', 'name = "ACME"', "应符合格式"),
        ('language = "en"', 'language = "fr"', "'en'"),
        ("max_items = 50 ", "max_items = 51 ", "不得大于 50"),
        ("max_items = 50 ", 'max_items = "many" ', "应为整数"),
        ("max_items = 50 ", "max_items = 1.5 ", "应为整数"),
        ("attempts = 0 ", "attempts = -1 ", "不得小于 0"),
        ("declare_declarations = true", 'declare_declarations = "perhaps"', "true 或 false"),
        ('enterprises = ["4403180001"] ', "enterprises = [] ", "至少应有 1 项"),
        ('enterprises = ["4403180001"] ', 'enterprises = "4403180001" ', "应为列表"),
        ('database = "sqlite:///var/gateway.db"', "database = true", "加引号的文本"),
    ],
)
def test_a_fault_is_told_in_chinese(tmp_path: Path, old: str, new: str, words: str) -> None:
    """One fault, with its key and what would be right; no English words are left in it."""
    (fault,) = _faults(tmp_path, (old, new))
    text = fault.text("zh")
    assert words in text
    assert fault.place is not None
    assert f" {fault.place.path} " in text
    assert re.search(r"(?i)\b(should|input|valid)\b", text) is None


def test_a_list_that_is_short_only_of_its_faulty_entries_is_not_called_short(tmp_path: Path) -> None:
    """One fault, that of the entry."""
    (fault,) = _faults(tmp_path, ('name = "acme"', 'name = "ACME"'))
    assert fault.values["key"] == "partner[1].name"
