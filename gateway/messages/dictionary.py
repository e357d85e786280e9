"""Writes the field dictionary of the documentation from the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.messages.catalogue import Catalogue
from gateway.messages.model import Element

_INTRODUCTION = """\
# Field dictionary 字段字典

Generated from the schemas by `make docs`; do not edit. 由规范文件生成，请勿修改。

Every field of every message, in the order of the schema. A path is what a mapping writes to and what a
violation names; a group that repeats carries its position there, for example `Manifest/Item[3]/CodeTS`.

| mark | meaning | 含义 |
|---|---|---|
| S | mandatory for saving | 暂存必填 |
| D | mandatory for declaring (yellow) | 申报必填（黄色） |
| F | filled in by the gateway (grey); may be left out, or sent with the same value | 网关返填（灰色） |
| n–m | how often a group may stand | 组出现的次数 |

A field with a table takes a code of that table. 带代码表的字段填代码表中的代码。
"""
_HEADER = (
    "| Path 路径 | 名称 | Name | 格式 | Format | Marks | Table 代码表 |\n|---|---|---|---|---|---|---|\n"
)


def dictionary(catalogue: Catalogue) -> str:
    """Return the page: one table for the head and for each body, then the declaration by groups."""
    parts = [catalogue.head, *catalogue.bodies.values(), catalogue.declaration]
    sections = (
        f"\n## {part.name} {part.spec.zh}\n\n{part.spec.en}.\n\n{_HEADER}{''.join(_rows(part))}"
        for part in parts
    )
    return _INTRODUCTION + "".join(sections)


def _rows(part: Element) -> Iterator[str]:
    for element in part.walk():
        if element is part:
            continue
        spec = element.spec
        zh, en = _format(element)
        cells = (
            f"`{spec.path.removeprefix(part.spec.path + '/')}`",
            _with_note(spec.zh, element.note.zh),
            _with_note(spec.en, element.note.en),
            zh,
            en,
            _marks(element),
            spec.table and f"`{spec.table}`",
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _format(element: Element) -> tuple[str, str]:
    if element.type is None:
        return "组", "group"
    if element.type.allowed:
        values = element.type.allowed.items()
        zh, en = ([f"`{value}` {getattr(words, lang)}" for value, words in values] for lang in ("zh", "en"))
        return "，".join(zh), ", ".join(en)
    return element.type.expected.zh, element.type.expected.en


def _marks(element: Element) -> str:
    spec = element.spec
    marks = [mark for mark, is_set in (("S", spec.save), ("D", spec.declare), ("F", spec.filled)) if is_set]
    if element.repeats:
        marks.append(f"{element.least}–{'∞' if element.most is None else element.most}")
    return " ".join(marks)


def _with_note(name: str, note: str) -> str:
    return f"{name}<br>{note}" if note else name


def main(folder: Path, page: Path) -> None:
    """Write the page.

    Raises:
        RejectedError: A schema cannot be used.
    """
    page.write_text(dictionary(Catalogue.load(folder)), encoding="utf-8")


if __name__ == "__main__":
    main(Path("schemas/xsd"), Path("docs/fields.md"))
