"""What every start reads and compiles of the shipped files, done once where all processes are forked from."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from gateway.codes import CodeLibrary, PartialTables, library
from gateway.mapping import Mapping, MappingSet, mapping_set
from gateway.mapping.lookup import CodeLookup
from gateway.messages import Catalogue
from tests.services.installation import ROOT


def warm() -> None:
    """Let whoever is forked from here find compiled what has not changed since."""
    setattr(Catalogue, "load", cache(Catalogue.load))  # noqa: B010 -- mypy would object to the plain assignment
    setattr(library, "read_table", _once_a_file(library.read_table))  # noqa: B010 -- as above
    setattr(mapping_set, "load_mapping", _once_a_content(mapping_set.load_mapping))  # noqa: B010 -- as above
    Catalogue.load(ROOT / "schemas/xsd")
    MappingSet.load(ROOT / "mappings", PartialTables(CodeLibrary.load(None, date.today)))
    gc.collect()
    # What is looked through by nobody stays common memory.
    gc.freeze()


def _once_a_file(read: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Path, Any] = {}

    def read_table(file: Traversable, shown: str) -> Any:
        assert isinstance(file, Path)
        if file not in known:
            known[file] = read(file, shown)
        return known[file]

    return read_table


def _once_a_content(load: Callable[..., Mapping]) -> Callable[..., Mapping]:
    known: dict[tuple[str, bytes], Mapping] = {}

    def load_mapping(name: str, data: bytes, tables: CodeLookup, folder: str = "mappings") -> Mapping:
        if (name, data) not in known:
            known[name, data] = load(name, data, tables, folder)
        # The day of its tables is that of whoever asks.
        return replace(known[name, data], tables=tables)

    return load_mapping
