"""The project's own source, parsed once, for tests that read it instead of running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: Path

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed text."""
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        """The path as seen from the project's folder."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def place(self) -> str:
        """The module or room below the package: `store`, `pipeline`; empty for the package itself."""
        steps = self.path.relative_to(ROOT).with_suffix("").parts[1:]
        return "" if steps == ("__init__",) else steps[0]

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> frozenset[str]:
        """What is imported, in full; of `from gateway import errors` it is `gateway.errors`."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} imports relatively"
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return frozenset(found)

    def imported_places(self, package: str) -> set[str]:
        """Return which modules or rooms directly below a package are imported."""
        steps = [name.split(".") for name in self.imports]
        return {step[1] for step in steps if step[0] == package and len(step) > 1}

    def libraries(self) -> set[str]:
        """Return the first names of all imports."""
        return {name.partition(".")[0] for name in self.imports}


@cache
def sources(package: str) -> tuple[Source, ...]:
    """Return every Python file below a folder of the project."""
    return tuple(Source(path) for path in sorted((ROOT / package).rglob("*.py")))
