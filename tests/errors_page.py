"""Writes the page of every error code from the catalogues and the source: `python -m tests.errors_page`."""

from __future__ import annotations

import ast
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.source import ROOT, Source, sources

PAGE = ROOT / "docs" / "errors.md"
STUB = ROOT / "customs_stub" / "faults.toml"
_PREFACE = """# Errors 错误代码

Every code that the gateway tells: to an ERP in a reply, to operators in the log, in alerts and by
commands. Drawn from the catalogues and the source by `make docs`; do not edit. A code never changes its
meaning. Names in braces stand for values; {en} and {zh} are the names of a field, {field} is its element.

网关给出的全部代码：在答复中告知 ERP，在日志、提醒和命令中告知操作员。由 `make docs` 生成，请勿修改。
代码含义不会改变。花括号中的名称代表具体值；{en} 和 {zh} 为字段名称，{field} 为元素名。

| consequence | 后果 | meaning | 含义 |
|---|---|---|---|
| reject | 拒绝 | not taken; mend it and send it again | 未被接受；请更正后重新提交 |
| warning | 警告 | told, and stops nothing | 仅提示，不影响处理 |
| retry | 重试 | tried again by itself | 自动重试 |
| park | 搁置 | set aside until a person has looked | 搁置，需人工处理 |
| notice | 通知 | news about a document, nothing is wrong | 单证消息，并非错误 |
| – | – | depends on where it is found | 视情况而定 |
"""
# What makes an error, and what becomes of what the error befell.
_MAKERS = {
    **dict.fromkeys(("refuse", "_refuse", "_refused", "Violation", "fault", "_fault"), "reject"),
    "StepError": "reject",
    **dict.fromkeys(("warn", "_stale"), "warning"),
    "RetryError": "retry",
    "ParkedError": "park",
    "News": "notice",
}
_ORDER = ("reject", "warning", "retry", "park", "notice")
# What codes of these beginnings are, however they reach the place that tells them.
_BEGINNINGS = {
    **dict.fromkeys(("amendment", "format", "item", "map", "mapping", "rule", "schema"), "reject"),
    "news": "notice",
}


def draw() -> str:
    """Return the page."""
    files = [ROOT / "gateway" / "errors.toml", *sorted((ROOT / "gateway").glob("*/errors.toml"))]
    texts = {file: tomllib.loads(file.read_text("utf-8")) for file in files}
    consequences = _consequences({code for codes in texts.values() for code in codes})
    sections = [_section(file, codes, consequences) for file, codes in texts.items()]
    return _PREFACE + "".join(sections) + _stub_section()


def _section(file: Path, codes: dict[str, dict[str, str]], consequences: dict[str, set[str]]) -> str:
    rows = "".join(
        f"| `{code}` | {_shown(code, consequences)} | {_cell(text['en'])} | {_cell(text['zh'])} |\n"
        for code, text in codes.items()
    )
    name = file.relative_to(ROOT).parent.as_posix()
    return f"\n## {name}\n\n| code | consequence | English | 中文 |\n|---|---|---|---|\n{rows}"


def _stub_section() -> str:
    faults = tomllib.loads(STUB.read_text("utf-8"))
    rows = "".join(
        f"| `{code}` | {_cell(text['en'])} | {_cell(text['zh'])} |\n" for code, text in faults.items()
    )
    title = "\n## Customs office for trials 模拟海关\n\n"
    told = "What it objects to; the Chinese text stands in its receipts. 回执中使用中文文本。\n\n"
    return f"{title}{told}| code | English | 中文 |\n|---|---|---|\n{rows}"


def _shown(code: str, consequences: dict[str, set[str]]) -> str:
    found = consequences[code] or {_BEGINNINGS.get(code.partition(".")[0], "")}
    return ", ".join(each for each in _ORDER if each in found) or "–"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _consequences(codes: set[str]) -> dict[str, set[str]]:
    """Return for each code what the calls in which the source names it make of it."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in sources("gateway"):
        for code, call in _named(source, codes):
            found[code] |= _of(call)
    return found


def _of(call: ast.Call) -> set[str]:
    warning = next((keyword.value for keyword in call.keywords if keyword.arg == "warning"), None)
    if isinstance(warning, ast.Constant):
        return {"warning"}
    chosen = (node for node in ast.walk(call.func) if isinstance(node, ast.Name | ast.Attribute))
    names = (node.id if isinstance(node, ast.Name) else node.attr for node in chosen)
    return {_MAKERS[name] for name in names if name in _MAKERS} | ({"warning"} if warning else set())


def _named(source: Source, codes: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Yield each code that stands in a call, with the innermost call."""
    for call in source.nodes:
        if isinstance(call, ast.Call):
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            for node in (node for argument in arguments for node in _within(argument)):
                if isinstance(node, ast.Constant) and node.value in codes:
                    yield str(node.value), call


def _within(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and what is below it, calls left out."""
    if isinstance(node, ast.Call):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _within(child)


if __name__ == "__main__":
    PAGE.write_text(draw(), encoding="utf-8")
