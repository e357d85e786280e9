"""The design as rules: who may import whom, where a library may be used, and how a file looks."""

from __future__ import annotations

import ast
import re

import pytest

from tests.source import ROOT, Source, sources

BASE = {"", "errors", "fields", "xmlio", "jsontext", "clock", "config", "durable", "logs", "latch"}
ROOMS = {
    *("channels", "codes", "customs", "documents", "formats"),
    *("mapping", "messages", "operations", "reports", "signing", "store"),
}
RANKS = {
    **dict.fromkeys(BASE, 0),
    **dict.fromkeys(ROOMS, 1),
    # Steps of the pipeline's stages, and what they share.
    "steps": 2,
    "parts": 3,
    "pipeline": 3,
    "building": 3,
    "database": 3,
    "workers": 4,
    "stages": 5,
    "doors": 5,
    "rights": 5,
    "bootstrap": 5,
    "checking": 6,
    "cli": 7,
    "__main__": 8,
}

FENCES = {
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "psycopg": {"store"},
    "sqlite3": {"store"},
    "pkcs11": {"signing"},
    "signxml": {"signing"},
    "cryptography": {"signing"},
    "watchdog": {"channels"},
    "paramiko": {"channels"},
    "aio_pika": {"channels"},
    "xmlschema": {"messages"},
    "orjson": {"jsontext"},
    "lxml": {"xmlio", "messages", "formats", "mapping", "signing"},
    "jsonpath_rfc9535": {"mapping"},
    "jinja2": {"reports"},
    "weasyprint": {"reports"},
    "xlsxwriter": {"reports"},
    "click": {"cli"},
    "rich": {"cli"},
}

# All that deciding needs; whoever adds to it asks first whether it reads a disk, a clock or a network.
PURE = {
    *("__future__", "bisect", "calendar", "collections", "dataclasses", "datetime", "decimal", "enum"),
    *("functools", "hashlib", "itertools", "operator", "re", "string", "typing", "unicodedata", "gateway"),
}
# It writes the diagrams of the state tables into docs/, and nothing imports it.
GENERATORS = {"gateway/documents/diagrams.py"}

GATEWAY = sources("gateway")
STUB = sources("customs_stub")
TESTS = sources("tests")


def test_imports_point_one_way() -> None:
    """From cli → bootstrap → workers → pipeline → steps → rooms → base; a new module must find its place."""
    assert [source.name for source in GATEWAY if source.place not in RANKS] == []
    wrong = [
        f"{source.name} imports {place}"
        for source in GATEWAY
        for place in source.imported_places("gateway")
        if RANKS.get(place, 0) > RANKS[source.place]
    ]
    assert wrong == []


def test_rooms_do_not_know_each_other() -> None:
    """A room knows itself and the base, so it can be understood and replaced alone."""
    wrong = [
        f"{source.name} imports {place}"
        for source in GATEWAY
        if source.place in ROOMS
        for place in source.imported_places("gateway") & ROOMS - {source.place}
    ]
    assert wrong == []


def test_steps_do_not_go_in_circles() -> None:
    """Among the steps, too, there is a first and a last."""
    steps = {f"gateway.steps.{source.path.stem}": source for source in GATEWAY if source.place == "steps"}
    needs = {
        name: {
            step for step in steps if step != name and any(i.startswith(f"{step}.") for i in source.imports)
        }
        for name, source in steps.items()
    }
    while needs:
        free = {place for place, others in needs.items() if not others & needs.keys()}
        assert free, f"these import each other: {sorted(needs)}"
        needs = {place: others for place, others in needs.items() if place not in free}


def test_libraries_stay_within_their_fences() -> None:
    """A library that is used in one room only can be changed in one room only."""
    wrong = [
        f"{source.name} imports {library}"
        for source in GATEWAY
        for library in source.libraries() & FENCES.keys()
        if source.place not in FENCES[library]
    ]
    assert wrong == []


def test_deciding_is_pure() -> None:
    """Documents import nothing that could read a disk, a clock or a network."""
    wrong = [
        f"{source.name} imports {library}"
        for source in GATEWAY
        if source.place == "documents" and source.name not in GENERATORS
        for library in source.libraries() - PURE
    ]
    assert wrong == []


def test_gateway_and_stub_share_no_code() -> None:
    """The stub judges by its own means, so a fault of the gateway cannot hide in both."""
    wrong = [source.name for source in STUB if "gateway" in source.libraries()]
    wrong += [source.name for source in GATEWAY if "customs_stub" in source.libraries()]
    assert wrong == []


def test_production_code_imports_no_test_tools() -> None:
    """What only tests need is not installed where the gateway runs."""
    tools = {"pytest", "hypothesis", "tests", "_pytest"}
    assert [source.name for source in GATEWAY + STUB if source.libraries() & tools] == []


def test_the_way_of_a_message_fits_on_a_page() -> None:
    """`pipeline.py` is to be read first, so it stays short."""
    assert len((ROOT / "gateway/pipeline.py").read_text("utf-8").splitlines()) <= 150


def catches_everything(node: ast.AST) -> bool:
    """Whether an `except` or `suppress` takes every exception."""
    if isinstance(node, ast.ExceptHandler):
        caught = node.type
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
        caught = ast.Tuple(node.args)
    else:
        return False
    return caught is None or bool(re.search(r"\b(Base)?Exception\b", ast.unparse(caught)))


def test_only_three_places_catch_everything() -> None:
    """Two loops that must go on and the containment of one item; elsewhere no unknown passes for a known."""
    found = {source.name for source in GATEWAY for node in source.nodes if catches_everything(node)}
    assert found == {"gateway/workers.py", "gateway/store/member.py", "gateway/steps/containment.py"}


def fault_of_docstring(source: Source) -> str:
    """Return what is wrong with the words that a file begins with, if anything."""
    # Not parsed: the trees of all tests would cost seconds and be used for nothing else.
    docstring = re.match(r'"""(.+?)"""\n', source.text, re.DOTALL)
    if not docstring:
        return "has no docstring"
    first, _, rest = docstring[1].partition("\n")
    if not re.fullmatch(r"[^\n]+[.?`]", first):
        return "its first line is no sentence"
    return "its sentence is longer than a line" if rest and not rest.startswith("\n") else ""


def test_a_file_says_in_one_sentence_what_it_owns() -> None:
    """A second sentence mostly means a second thing."""
    faults = {source.name: fault_of_docstring(source) for source in GATEWAY + STUB + TESTS}
    assert {name: fault for name, fault in faults.items() if fault} == {}


@pytest.mark.parametrize(("files", "limit"), [(GATEWAY + STUB, 400), (TESTS, 500)])
def test_no_file_is_too_long(files: tuple[Source, ...], limit: int) -> None:
    """A file that grows past that holds two things."""
    assert {s.name: lines for s in files if (lines := len(s.text.splitlines())) > limit} == {}


def test_nothing_is_left_unfinished() -> None:
    """No marks for later, nothing switched off, no silenced checker."""
    # Each has a class of one letter in it, so that this file does not find itself.
    marks = r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K|NotImplemented[E]rror)\b"
    switched_off = r"type: [i]gnore|pragma: [n]o cover|mark\.[s]kip|pytest\.[s]kip|\bx[f]ail\b"
    pattern = re.compile(f"{marks}|{switched_off}")
    wrong = [
        f"{source.name}:{number} {line.strip()}"
        for source in GATEWAY + STUB + TESTS
        for number, line in enumerate(source.text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert wrong == []


def is_protocol(node: ast.ClassDef) -> bool:
    """Whether a class only says what others have."""
    return any(ast.unparse(base).startswith("Protocol") for base in node.bases)


def test_no_function_is_empty() -> None:
    """A body of `...` is for protocols and overloads."""
    wrong = []
    for source in GATEWAY + STUB:
        protocols = [node for node in source.nodes if isinstance(node, ast.ClassDef) and is_protocol(node)]
        allowed = {id(node) for protocol in protocols for node in ast.walk(protocol)}
        for node in source.nodes:
            if not isinstance(node, ast.FunctionDef) or id(node) in allowed:
                continue
            if any("overload" in ast.unparse(decorator) for decorator in node.decorator_list):
                continue
            body = [ast.unparse(part) for part in node.body]
            if body[-1] == "..." or (body == ["pass"]):
                wrong.append(f"{source.name}:{node.lineno} {node.name}")
    assert wrong == []
