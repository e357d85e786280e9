"""Reads an ERP's bytes, in whatever format, into sources whose every value knows its place."""

from gateway.formats.contrl import acknowledgement
from gateway.formats.edifact_text import looks_like_edifact
from gateway.formats.reader import MAX_TABLE_BYTES, ReadOptions, read, read_all
from gateway.formats.source import Row, Source, Table, Unreadable

__all__ = [
    "MAX_TABLE_BYTES",
    "ReadOptions",
    "Row",
    "Source",
    "Table",
    "Unreadable",
    "acknowledgement",
    "looks_like_edifact",
    "read",
    "read_all",
]
