"""Every mapping of an installation, loaded at start, and the choice of the one that fits a source."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import Path

from pydantic import ValidationError

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.mapping.compiling import Compiler
from gateway.mapping.faults import explain
from gateway.mapping.lookup import CodeLookup, SourceLike, headers_of
from gateway.mapping.mapping import Mapping
from gateway.mapping.nearest import nearest
from gateway.mapping.spec import MappingSpec

_TOLD = 3
# To compare texts of any length would take as long.
_COMPARED = 200


@dataclass(frozen=True, slots=True)
class MappingSet:
    """The mappings by name (ER-03).

    Attributes:
        mappings: Each `<source>/<message>.toml`, compiled.
    """

    mappings: dict[str, Mapping]
    _allowed: dict[tuple[str, ...], list[Mapping]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def load(cls, folder: Path, tables: CodeLookup) -> MappingSet:
        """Read and compile every `<source>/<message>.toml` of a folder.

        Raises:
            RejectedError: Every fault of every file at once, each with its file and key.
        """
        faults: list[Violation] = []
        mappings: dict[str, Mapping] = {}
        if not folder.is_dir():
            raise refuse("mapping.no-folder", place=Place(str(folder)), folder=folder)
        for file in sorted(folder.glob("*/*.toml")):
            name = f"{file.parent.name}/{file.stem}"
            try:
                mappings[name] = load_mapping(name, file.read_bytes(), tables, folder.name)
            except RejectedError as fault:
                faults += fault.violations
            except OSError as fault:
                place = Place(f"{folder.name}/{name}.toml")
                faults.append(Violation("mapping.unreadable", values={"reason": fault.strerror}, place=place))
        if faults:
            raise RejectedError(faults)
        return cls(mappings)

    def __iter__(self) -> Iterator[Mapping]:
        return iter(self.mappings.values())

    def get(self, name: str) -> Mapping:
        """Return the mapping of that name.

        Raises:
            RejectedError: `mapping.unknown`.
        """
        if name not in self.mappings:
            raise refuse(
                "mapping.unknown", name=name, near=", ".join(nearest(name, tuple(self.mappings))) or "–"
            )
        return self.mappings[name]

    def choose(self, source: SourceLike, names: Sequence[str] = ("*",)) -> Mapping:
        """Return the one mapping that fits the source, among those that the patterns allow.

        Raises:
            RejectedError: `mapping.none-fits` with the reasons of the nearest, or `mapping.two-fit`.
        """
        candidates = self._candidates(tuple(names))
        place = Place(source.name)
        if not candidates:
            allowed = ", ".join(names) or "–"
            raise refuse(
                "mapping.none-allowed", place=place, names=allowed, known=", ".join(self.mappings) or "–"
            )
        columns = headers_of(source)
        fitting = [each for each in candidates if each.fits(source, columns)]
        if len(fitting) > 1:
            raise refuse("mapping.two-fit", place=place, names=", ".join(each.name for each in fitting))
        if not fitting:
            # Why a mapping for CSV does not fit an XML file helps nobody who has one for XML.
            near = _nearest([each for each in candidates if source.format in each.formats], source)
            near = near or _nearest(candidates, source)
            values = {"count": len(candidates), "names": ", ".join(near)}
            first = Violation("mapping.none-fits", values=values, place=place)
            raise RejectedError([first, *chain(*near.values())])
        return fitting[0]

    def _candidates(self, names: tuple[str, ...]) -> list[Mapping]:
        """Return the mappings that the patterns of a partner allow; there are as many lists as agreements."""
        if names not in self._allowed:
            self._allowed[names] = [
                each for each in self if any(fnmatchcase(each.name, name) for name in names)
            ]
        return self._allowed[names]


def _nearest(candidates: Sequence[Mapping], source: SourceLike) -> dict[str, list[Violation]]:
    """Return why the nearest mappings do not fit: whoever sent the file most likely meant one of them."""
    columns = headers_of(source)
    ranked: dict[tuple[int, int, float], dict[str, list[Violation]]] = {}
    for each in candidates:
        reasons = each.misfits(source)
        likeness = max((_likeness(reason) for reason in reasons), default=0.0)
        rank = -len(columns & each.reads.within.below.keys()), len(reasons), -likeness
        ranked.setdefault(rank, {})[each.name] = reasons
    return dict(islice(ranked[min(ranked)].items(), _TOLD)) if ranked else {}


def _likeness(reason: Violation) -> float:
    """Tell how like the value that was found is to the one that was wanted, from 0 to 1."""
    found, wanted = (str(reason.values.get(key, ""))[:_COMPARED] for key in ("found", "wanted"))
    return SequenceMatcher(None, found, wanted).ratio() if reason.code == "mapping.other-value" else 0.0


def load_mapping(name: str, data: bytes, tables: CodeLookup, folder: str = "mappings") -> Mapping:
    """Compile one mapping from the bytes of its file.

    Args:
        name: Folder and file without suffix, for example `acme-csv/manifest`.
        data: The bytes.
        tables: The code tables that its rules look into.
        folder: The folder of all mappings, as faults name it.

    Raises:
        RejectedError: Every fault of the file, each with its key.
    """
    shown = f"{folder}/{name}.toml"
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise refuse("mapping.not-toml", place=Place(shown), reason=str(fault)) from fault
    try:
        spec = MappingSpec.model_validate(raw)
    except ValidationError as fault:
        raise RejectedError(explain(fault, shown, raw)) from fault
    compiler = Compiler(spec, shown, tables)
    mapping = compiler.compile(name, hashlib.sha256(data).hexdigest()[:12])
    if compiler.faults:
        raise RejectedError(compiler.faults)
    return replace(mapping, data=data)
