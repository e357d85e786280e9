"""Reads an ERP's bytes, in whatever format, into sources whose every value knows its place."""

from gateway.formats.reader import MAX_TABLE_BYTES, ReadOptions, read, read_all
from gateway.formats.source import Row, Source, Table, Unreadable

__all__ = ["MAX_TABLE_BYTES", "ReadOptions", "Row", "Source", "Table", "Unreadable", "read", "read_all"]
