"""Wrong usage told in the language of the installation, of which click knows the English words alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import click

from gateway.cli.loading import loaded
from gateway.errors import GatewayError, Language


class UsageInChinese(click.UsageError):
    """Wrong usage as it is told in Chinese."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it with how the command is called."""
        if self.ctx is not None:
            usage = self.ctx.get_usage().removeprefix("Usage:").strip()
            told = f"用法：{usage}\n用“{self.ctx.command_path} --help”查看帮助。\n"
            click.echo(told, file=file, err=True)
        click.echo(f"错误：{self.format_message()}", file=file, err=True)


@contextmanager
def usage_told(words: Sequence[str]) -> Iterator[None]:
    """Let what is wrong with the words of a command line be told in the language that they ask for."""
    try:
        yield
    except click.UsageError as fault:
        # Who says nothing at all is shown the help, which is in English.
        if isinstance(fault, click.exceptions.NoArgsIsHelpError) or _language(words) == "en":
            raise
        raise UsageInChinese(in_chinese(fault.format_message()), fault.ctx) from fault


def in_chinese(text: str) -> str:
    """Return in Chinese what is said of wrong usage; what nobody has translated stays as it is."""
    for pattern, chinese in _texts().items():
        if found := pattern.fullmatch(text):
            values = {name: in_chinese(value) if name == "reason" else value
                      for name, value in found.groupdict().items()}  # fmt: skip
            return chinese.format_map(values)
    return text


@cache
def _texts() -> Mapping[re.Pattern[str], str]:
    texts = tomllib.loads(resources.files("gateway.cli").joinpath("usage.toml").read_text("utf-8"))
    return {
        re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.*)", re.escape(english)), re.DOTALL): chinese
        for english, chinese in texts.items()
    }


def _language(words: Sequence[str]) -> Language:
    """Return the language of a command line that click could not read to its end."""
    given = dict(pairwise(part for word in words for part in word.split("=", 1)))
    if (spoken := given.get("--lang")) in {"en", "zh"}:
        return "zh" if spoken == "zh" else "en"
    try:
        language: Language = (
            loaded("gateway.config").load_settings(Path(given.get("--config", "gateway.toml"))).language
        )
    except GatewayError:
        return "en"
    return language
