"""What every start reads and compiles of files that did not change since, done once in a process of tests."""

from __future__ import annotations

import atexit
import gc
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.codes import CodeLibrary, PartialTables, library
from gateway.mapping import Mapping as MappingOfSource
from gateway.mapping import MappingSet, mapping_set
from gateway.mapping.lookup import CodeLookup
from gateway.messages import Catalogue
from gateway.store import Store
from gateway.store import store as store_module
from tests.source import ROOT

_load_catalogue = Catalogue.load
_load_mapping = mapping_set.load_mapping
_read_table = library.read_table
_migrate = store_module.migrate


def keep_warm() -> None:
    """Let whoever is forked from this process find compiled what has not changed since."""
    for (place, name), quick in _READING.items():
        setattr(place, name, quick)
    Catalogue.load(ROOT / "schemas/xsd")
    MappingSet.load(ROOT / "mappings", PartialTables(CodeLibrary.load(None, date.today)))
    gc.collect()
    # What is looked through by nobody stays common memory.
    gc.freeze()


@contextmanager
def warm() -> Iterator[None]:
    """Let what is opened in the block find compiled, and its first tables made, what was so before."""
    with pytest.MonkeyPatch.context() as patch:
        for (place, name), quick in _READING.items():
            patch.setattr(place, name, quick)
        patch.setattr(store_module, "migrate", _copy_or_migrate)
        yield


@cache
def first_tables() -> Path:
    """Return a file of SQLite with the tables made and nothing in them, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = Store(f"sqlite:///{folder}/empty.db")
    _migrate(made._engine)
    made.close()
    return folder / "empty.db"


def _copy_or_migrate(engine: Engine) -> None:
    file = Path(engine.url.database or "")
    if engine.dialect.name == "sqlite" and not file.exists():
        shutil.copyfile(first_tables(), file)
    # It finds what it would have made, or makes it.
    _migrate(engine)


_catalogues: dict[tuple[Any, ...], Catalogue] = {}
_tables: dict[tuple[str, bytes], Any] = {}
_mappings: dict[tuple[Any, ...], MappingOfSource] = {}


def _catalogue(folder: Path) -> Catalogue:
    looks = ((file, file.stat()) for file in sorted(folder.rglob("*.xsd")))
    key = (folder, *((file, look.st_mtime_ns, look.st_size) for file, look in looks))
    if key not in _catalogues:
        _catalogues[key] = _load_catalogue(folder)
    return _catalogues[key]


def _table(file: Traversable, shown: str) -> Any:
    try:
        key = shown, file.read_bytes()
    except OSError:
        return _read_table(file, shown)
    if key not in _tables:
        _tables[key] = _read_table(file, shown)
    return _tables[key]


def _mapping(name: str, data: bytes, tables: CodeLookup, folder: str = "mappings") -> MappingOfSource:
    if not isinstance(tables, PartialTables):
        return _load_mapping(name, data, tables, folder)
    # Which tables there are is all that compiling asks of them.
    key = name, data, folder, frozenset(tables._library._tables)
    if key not in _mappings:
        _mappings[key] = _load_mapping(name, data, tables, folder)
    return replace(_mappings[key], tables=tables)


_READING: Mapping[tuple[Any, str], Callable[..., Any]] = {
    (Catalogue, "load"): _catalogue,
    (library, "read_table"): _table,
    (mapping_set, "load_mapping"): _mapping,
}
