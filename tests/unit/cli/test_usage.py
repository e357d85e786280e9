"""Wrong usage is told in the language of whoever is at the keyboard."""

from __future__ import annotations

import ast
import string
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.cli.usage import in_chinese
from tests.source import ROOT

TEXTS = tomllib.loads((ROOT / "gateway/cli/usage.toml").read_text("utf-8"))


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this process's own logging alone."""
    monkeypatch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)


def told(*words: str) -> str:
    """Return what a wrong command line is answered."""
    result = CliRunner(catch_exceptions=False).invoke(main, words)
    assert result.exit_code == 2
    return result.stderr


def own() -> Iterator[str]:
    """Yield what the commands themselves say of wrong usage, with x for each value."""
    for file in sorted((ROOT / "gateway/cli").glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in {"UsageError", "fail"}:
                parts = call.args[0].values if isinstance(call.args[0], ast.JoinedStr) else call.args[:1]
                yield "".join(str(each.value) if isinstance(each, ast.Constant) else "x" for each in parts)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("documents", "--bogus"), "没有选项 '--bogus'。"),
        (("parked", "--kindd"), "没有选项 '--kindd'。是否指 '--kind'？"),
        (("no-such",), "没有命令 'no-such'。"),
        (("retry",), "缺少参数 'ID'。"),
        (("mappings", "rehearse"), "缺少选项 '--since'。"),
        (("documents", "--limit"), "选项 '--limit' 需要一个值。"),
        (("documents", "--limit", "0"), "'--limit' 的值无效：0 不在范围 1<=x<=10000 内。"),
        (("documents", "--limit", "x"), "'--limit' 的值无效：'x' 不是整数。"),
        (("documents", "--month", "x"), "'--month' 的值无效：x 不是月份，应如 2026-10。"),
        (("documents", "a", "b"), "多余的参数：a b"),
        (("documents", ""), "多余的参数："),
        (("map", "nowhere.csv"), "'FILE' 的值无效：'nowhere.csv' 不存在。"),
        (("aggregate",), "--month 与 --retry 须且只能给出一个。"),
        (
            ("--now", "x", "status"),
            "'--now' 的值无效：x 不是 ISO 8601 日期时间，应如 2026-11-03T08:00:00+08:00。",
        ),
    ],
)
def test_wrong_usage_is_told_in_chinese(words: tuple[str, ...], expected: str) -> None:
    """With how the command is called, and where its help is."""
    answer = told("--lang", "zh", *words)
    assert "Usage" not in answer
    assert "Try" not in answer
    assert answer.endswith(f"错误：{expected}\n")


def test_the_language_of_usage_is_that_of_the_command_line_or_of_the_configuration(tmp_path: Path) -> None:
    """The command line goes before; without either, and with a configuration that is wrong, it is English."""
    file = tmp_path / "gateway.toml"
    file.write_text((ROOT / "gateway.toml").read_text("utf-8").replace('"en"', '"zh"'), "utf-8")
    config, chinese, english = f"--config={file}", "没有选项 '--bogus'。", "No such option '--bogus'."
    assert chinese in told(config, "status", "--bogus")
    assert chinese in told("--config", str(file), "--bogus")
    assert english in told(config, "status", "--lang", "en", "--bogus")
    assert chinese in told("status", "--lang=zh", "--bogus")
    file.write_text("language = 'zh'", "utf-8")
    assert english in told(config, "status", "--bogus")


@pytest.mark.parametrize("text", sorted(own()))
def test_what_a_command_says_of_its_usage_is_there_in_chinese(text: str) -> None:
    """Its English words are the key to them."""
    assert in_chinese(text) != text


@pytest.mark.parametrize("english", TEXTS)
def test_chinese_says_nothing_of_usage_that_english_does_not(english: str) -> None:
    """Each value that a text names is one that it gets."""
    named = [
        {name for _, name, _, _ in string.Formatter().parse(text) if name}
        for text in (english, TEXTS[english])
    ]
    assert named[1] <= named[0]
