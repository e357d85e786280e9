"""Turns sources into the fields of standard messages, by rules that are data, and knows what came whence."""

from gateway.mapping.check import AS_IT_STANDS, check_all, check_mapping
from gateway.mapping.comparing import Difference, compare
from gateway.mapping.coverage import Coverage
from gateway.mapping.examples import ExampleResult, Trial, render, run_examples
from gateway.mapping.lineage import Lineage, Mapped, Origin
from gateway.mapping.lookup import CodeLookup, SourceLike
from gateway.mapping.mapping import Mapping
from gateway.mapping.mapping_set import MappingSet, load_mapping

__all__ = [
    "AS_IT_STANDS",
    "CodeLookup",
    "Coverage",
    "Difference",
    "ExampleResult",
    "Lineage",
    "Mapped",
    "Mapping",
    "MappingSet",
    "Origin",
    "SourceLike",
    "Trial",
    "check_all",
    "check_mapping",
    "compare",
    "load_mapping",
    "render",
    "run_examples",
]
