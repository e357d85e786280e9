"""Turns sources into the fields of standard messages, by rules that are data, and knows what came whence."""

from gateway.mapping.asked import Asked, columns_of
from gateway.mapping.check import AS_IT_STANDS, check_all, check_mapping
from gateway.mapping.comparing import NOTHING, Difference, compare_messages, matched
from gateway.mapping.coverage import Coverage
from gateway.mapping.examples import ExampleResult, Trial, render, run_examples
from gateway.mapping.lineage import Lineage, Mapped, Origin
from gateway.mapping.lookup import CodeLookup, SourceLike
from gateway.mapping.mapping import Mapping
from gateway.mapping.mapping_set import MappingSet, load_mapping

__all__ = [
    "AS_IT_STANDS",
    "NOTHING",
    "Asked",
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
    "columns_of",
    "compare_messages",
    "load_mapping",
    "matched",
    "render",
    "run_examples",
]
