"""The parameter tables of customs: what is shipped, what an operator puts in its place, and look-up."""

from gateway.codes.about import About
from gateway.codes.library import CodeLibrary
from gateway.codes.partial import PartialTables
from gateway.codes.tables import CodeTables

__all__ = ["About", "CodeLibrary", "CodeTables", "PartialTables"]
