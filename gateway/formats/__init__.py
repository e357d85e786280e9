"""Reads an ERP's bytes (CSV, XML, JSON) into sources whose every value knows its place."""

from gateway.formats.reader import ReadOptions, read
from gateway.formats.source import Row, Source, Table

__all__ = ["ReadOptions", "Row", "Source", "Table", "read"]
