"""The guide: what it promises is true, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.formats import read
from gateway.mapping.steps import TRANSFORMS

DOCS = Path(__file__).parents[3] / "docs"
GUIDES = {name: (DOCS / name).read_text("utf-8") for name in ("mapping.md", "mapping.zh-CN.md")}


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize("name", GUIDES)
def test_following_the_tutorial_gives_a_mapping_that_works(workshop, name: str):
    """The first try shows the faults that the guide speaks of, the second none."""
    (file,) = blocks(GUIDES[name], "csv")
    begin, fields, better = blocks(GUIDES[name], "toml")[:3]
    workshop.write(begin + fields, "mine/goods-filing")
    source = read("orders.csv", file.encode())
    first, second = workshop.load().choose(source).apply(source)
    assert first.body["Item"][0]["DeclPrice"] == "1,204.20"
    assert str(first.lineage["GoodsFiling/Item[1]/CodeTS"].place) == "orders.csv:2 [code]"
    improved = {line.partition(" =")[0]: line for line in better.splitlines()}
    lines = [improved.get(line.partition(" =")[0], line) for line in fields.splitlines()]
    workshop.write(begin + "\n".join(lines), "mine/goods-filing")
    first, second = workshop.load().choose(source).apply(source)
    assert first.violations == second.violations == ()
    assert first.body["Item"][1]["CodeTS"] == "0804503000"
    assert first.body["Item"][0]["OriginCountry"] == "THA"
    assert first.body["Item"][0]["DeclPrice"] == "1204.2"


@pytest.mark.parametrize("name", GUIDES)
def test_every_transform_is_described(name: str):
    """The list of the guide and the list of the language are one."""
    section = re.search(r"### (?:transforms|转换)\n(.*?)\n### ", GUIDES[name], re.DOTALL)
    assert section is not None
    named = set(re.findall(r'`(?:\{ )?"?([a-z-]+)"?(?:`| =)', section[1]))
    assert set(TRANSFORMS) <= named


def test_both_languages_say_the_same():
    """The same sections, tables and examples, in the same order."""
    shapes = []
    for text in GUIDES.values():
        lines = text.splitlines()
        shapes.append([re.match(r"(#+ |\||- |```\w*|$)?", line)[0] for line in lines])
    assert shapes[0] == shapes[1]
