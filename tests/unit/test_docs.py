"""The documents: links lead somewhere, commands, keys and codes exist, both languages say the same."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from customs_stub.__main__ import main as customs_stub
from gateway.cli.main import COMMANDS
from gateway.cli.main import main as gateway
from gateway.config import Aggregation, Settings, load_settings
from gateway.errors import catalogue
from tests.source import ROOT

DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
IN_TWO_LANGUAGES = (
    *("README", "docs/codes", "docs/folders", "docs/operating", "docs/queries", "docs/replies"),
    *("docs/scaling", "docs/security"),
)
# Behind code; at the beginning of a line it may be the prompt of root.
COMMENT = re.compile(r"(?<=\S) +# (.*)$", re.MULTILINE)
PROGRAMS: dict[str, click.Command] = {"gateway": gateway, "customs-stub": customs_stub}
BLOCK = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
# What a program prints, and nobody types.
PRINTED = {"customs-stub ready"}
# Rooms and steps whose names begin the codes of errors.
_CODES = {code.partition(".")[0] for code in catalogue()}


def name_of(file: Path) -> str:
    """Return the path as a reader knows it."""
    return file.relative_to(ROOT).as_posix()


def prose(file: Path) -> str:
    """Return a document without its code blocks."""
    return BLOCK.sub("", file.read_text("utf-8"))


def headings(file: Path) -> list[str]:
    """Return the headings with their marks."""
    return re.findall(r"^#+ .+$", prose(file), re.MULTILINE)


def anchors(file: Path) -> set[str]:
    """Return what a link can lead to in a document, by the rule of the usual viewers."""
    texts = [heading.lstrip("# ").lower() for heading in headings(file)]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in texts}


def broken(file: Path, target: str) -> bool:
    """Tell whether a link leads nowhere."""
    path, _, anchor = target.partition("#")
    found = file.parent / path if path else file
    if not found.exists():
        return True
    return bool(anchor) and found.suffix == ".md" and anchor not in anchors(found)


@pytest.mark.parametrize("file", DOCS, ids=name_of)
def test_every_link_leads_somewhere(file: Path) -> None:
    """To a file of the project, and to a heading where one is named."""
    links = re.findall(r"\]\(([^)\s]+)\)", prose(file))
    inside = [link for link in links if not link.startswith(("https://", "http://"))]
    assert [link for link in inside if broken(file, link)] == []


def test_the_index_leads_to_every_document() -> None:
    """A document that nothing leads to is not read."""
    index = ROOT / "docs/index.md"
    links = {(index.parent / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)", prose(index))}
    decisions = set((ROOT / "docs/decisions").glob("0*.md"))
    assert [name_of(file) for file in DOCS if file not in links | decisions | {index}] == []


def lines_of(file: Path) -> Iterator[list[str]]:
    """Yield each command of this project that a document names, split into words."""
    text = file.read_text("utf-8")
    shown = [line[2:] for block in BLOCK.findall(text) for line in map(str.strip, block.splitlines())
             if line.startswith("$ ")]  # fmt: skip
    named = re.findall(r"`((?:gateway|customs-stub) [^`…]+)`", BLOCK.sub("", text))
    for line in {*shown, *named} - PRINTED:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for is_command, words in groupby(lexer, lambda word: word not in {";", "|", ">", "&&"}):
            program, *rest = words
            if is_command and program.removeprefix(".venv/bin/") in PROGRAMS:
                yield [program.removeprefix(".venv/bin/"), *rest]


def misuse(words: list[str]) -> str | None:
    """Return what is wrong with a command, as its own `--help` would tell."""
    command = PROGRAMS[words[0]]
    rest = words[1:]
    while rest:
        word = rest.pop(0)
        options = {name: option for option in command.params for name in option.opts}
        if word in ("--help", "-h"):
            return None
        if word.startswith("-"):
            if word not in options:
                return f"no option {word}"
            option = options[word]
            if not (isinstance(option, click.Option) and option.is_flag) and rest:
                rest.pop(0)
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return f"no command {word}"
            command = found
        elif not any(isinstance(parameter, click.Argument) for parameter in command.params):
            return f"no argument {word}"
    return None


@pytest.mark.parametrize("file", DOCS, ids=name_of)
def test_every_command_that_is_named_exists(file: Path) -> None:
    """With its options, so that nobody types what the program refuses."""
    wrong = [f"{shlex.join(words)}: {fault}" for words in lines_of(file) if (fault := misuse(words))]
    assert wrong == []


@pytest.mark.parametrize("name", ["docs/operating.md", "docs/operating.zh-CN.md"])
def test_operating_tells_of_every_command(name: str) -> None:
    """Each command of the gateway has a section."""
    sections = [heading for heading in headings(ROOT / name) if heading.startswith("### gateway")]
    assert {heading.split()[2] for heading in sections} == set(COMMANDS)


@pytest.mark.parametrize("file", DOCS, ids=name_of)
def test_every_target_of_make_that_is_named_exists(file: Path) -> None:
    """Only as a command: in backquotes, or at a prompt."""
    known = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = re.findall(r"(?:`|\$ )make ([a-z-]+)", file.read_text("utf-8"))
    assert set(named) <= set(known)


def test_an_alert_has_one_name_in_chinese() -> None:
    """That of the glossary, wherever it is told: who reads another looks for another thing."""
    glossary = (ROOT / "docs/glossary.md").read_text("utf-8")
    assert "| alert | 告警 |" in glossary
    texts = [file for room in ("gateway", "customs_stub") for file in (ROOT / room).rglob("*.toml")]
    found = {name_of(file) for file in (*DOCS, *texts) if re.search("警报|报警", file.read_text("utf-8"))}
    assert found == set()


@pytest.mark.parametrize("file", [file for file in DOCS if file.match("*.zh-CN.md")], ids=name_of)
def test_comments_in_code_are_in_the_language_of_the_document(file: Path) -> None:
    """They explain what is typed, and are for the reader, not for the program."""
    comments = COMMENT.findall("".join(BLOCK.findall(file.read_text("utf-8"))))
    assert [comment for comment in comments if not re.search("[一-鿿]", comment)] == []


@pytest.mark.parametrize("name", IN_TWO_LANGUAGES)
def test_both_languages_have_the_same_parts(name: str) -> None:
    """The same headings by level, the same code but for its comments, the same rows of tables."""
    english, chinese = ROOT / f"{name}.md", ROOT / f"{name}.zh-CN.md"
    levels = [[heading.split()[0] for heading in headings(file)] for file in (english, chinese)]
    assert levels[0] == levels[1]
    code = [COMMENT.sub("", "".join(BLOCK.findall(file.read_text("utf-8")))) for file in (english, chinese)]
    assert code[0] == code[1]
    rows = [[line.count("|") for line in prose(file).splitlines() if line.startswith("|")]
            for file in (english, chinese)]  # fmt: skip
    assert rows[0] == rows[1]


@pytest.mark.parametrize("name", ["docs/security.md", "docs/security.zh-CN.md"])
def test_every_promise_names_tests_that_exist(name: str) -> None:
    """A promise is worth what proves it: each row links a file of tests, each test named alone is in one."""
    text = (ROOT / name).read_text("utf-8")
    promised = text.split("\n## ")[3]
    rows = [line for line in promised.splitlines() if re.match(r"\| (?!承诺|promise|-)", line)]
    links = [re.findall(r"\[(\w+\.py)\]\(\.\./(tests/[\w/]+\.py)\)", row) for row in rows]
    assert rows
    assert [row for row, found in zip(rows, links, strict=True) if not found] == []
    named = {(shown, path) for found in links for shown, path in found}
    assert [each for each in named if Path(each[1]).name != each[0] or not (ROOT / each[1]).is_file()] == []
    tests = "".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    assert [each for each in re.findall(r"`(test_\w+)`", text) if f"def {each}(" not in tests] == []


@pytest.mark.parametrize("file", DOCS, ids=name_of)
def test_every_code_of_an_error_that_is_named_exists(file: Path) -> None:
    """A reader looks for the code that the gateway showed."""
    words = re.findall(r"`([a-z]+)\.([a-z]+-[a-z-]+)`", prose(file))
    named = {f"{room}.{rest}" for room, rest in words if room in _CODES}
    assert named <= set(catalogue())


def test_no_document_names_a_place_of_one_machine() -> None:
    """Readers have folders of their own."""
    pattern = re.compile(r"(?:^|[\s`'\"(])/(?:root|home|tmp|work|mnt)/")
    assert [name_of(file) for file in DOCS if pattern.search(file.read_text("utf-8"))] == []


def keys_of(section: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield each key of the configuration with the table that it stands in, the top's being empty."""
    for name, field in section.model_fields.items():
        inner = next(
            (each for each in (field.annotation, *_arguments(field.annotation)) if _is_table(each)), None
        )
        if inner is None:
            yield "", name
        else:
            yield from ((name, key) for _, key in keys_of(inner))


def _arguments(annotation: object) -> tuple[object, ...]:
    return getattr(annotation, "__args__", ())


def _is_table(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def tables_of(text: str) -> dict[str, list[str]]:
    """Return the lines of each table of a TOML file, comments among them."""
    found: dict[str, list[str]] = {"": []}
    table = ""
    for line in text.splitlines():
        if header := re.match(r"(?:# )?\[+([a-z_]+)[\].]", line):
            table = header[1]
        else:
            found.setdefault(table, []).append(line)
    return found


# `root` is not written: it is the folder of the file.
KEYS = [key for key in keys_of(Settings) if key != ("", "root")]


@pytest.mark.parametrize(("table", "key"), KEYS)
def test_every_key_of_the_configuration_is_explained_in_place(table: str, key: str) -> None:
    """With a comment on its line or right above; a key at its default may stand as a comment itself."""
    lines = tables_of((ROOT / "gateway.toml").read_text("utf-8")).get(table, [])
    at = next((i for i, line in enumerate(lines) if re.match(rf"(# )?(\w+ = {{ .*)?{key} = ", line)), None)
    assert at is not None, "it is not there"
    value = lines[at].removeprefix("# ")
    assert "#" in value or (at > 0 and lines[at - 1].startswith("# ")), "it is not explained"


def test_the_shipped_configuration_has_no_fault() -> None:
    """It is what everyone begins with."""
    assert load_settings(ROOT / "gateway.toml").enterprise


@pytest.mark.parametrize("name", ["docs/operating.md", "docs/operating.zh-CN.md"])
def test_the_merge_keys_are_those_of_the_code(name: str) -> None:
    """Whoever shortens the list begins with the whole one."""
    (block,) = (b for b in BLOCK.findall((ROOT / name).read_text("utf-8")) if b.startswith("header_keys"))
    told = tomllib.loads(block)
    assert sorted(told["header_keys"]) == sorted(Aggregation().header_keys)
    assert sorted(told["item_keys"]) == sorted(Aggregation().item_keys)
