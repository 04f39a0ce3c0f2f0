"""Exports: the events that a search finds, as one file, oldest first, in constant memory however many they are.

`format` says what a format is, `source` where events come from, `run` makes an export of both.
"""

from collections.abc import Mapping
from types import MappingProxyType

from flagkeeper.eventlog.export.columns import Columns
from flagkeeper.eventlog.export.format import Format, FormatName
from flagkeeper.eventlog.export.json_text import Document, Ndjson
from flagkeeper.eventlog.export.table import Table

FORMATS: Mapping[FormatName, type[Format]] = MappingProxyType(
    {FormatName.NDJSON: Ndjson, FormatName.JSON: Document, FormatName.CSV: Table, FormatName.PARQUET: Columns}
)

__all__ = ["FORMATS", "Format", "FormatName"]
