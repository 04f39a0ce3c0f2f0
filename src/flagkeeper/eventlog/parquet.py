"""Events as Arrow tables and Parquet files: the one schema that the archive and the export share.

Payloads stay JSON text, byte for byte, and times are milliseconds UTC. Rows are sorted by id and lie in groups of
`ROW_GROUP`, so that one event or one page is read without the rest of the file. PyArrow costs 40 MB and a quarter of a
second, so it is imported by those who need it, when they need it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.version import StoredVersion

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP = 2000
"""Rows that are compressed and read together: some 2 MB before compression."""

_LEVEL = 3
"""Of zstd: higher ones cost much more time for a few percent."""

_ROW = {
    "id": "int64",
    "type": "string",
    "created_at": "timestamp",
    "created_by": "string",
    "created_by_user_id": "int64?",
    "project": "string?",
    "environment": "string?",
    "feature_name": "string?",
    "data": "string?",
    "pre_data": "string?",
    "tags": "string",
    "label": "string",
    "summary": "string",
    "ip": "string",
    "group_type": "string?",
    "group_id": "string?",
    "more": "string?",
}
"""The columns of an `EventRow`, in its order. `?`: may be null."""

_LATER = frozenset({"more"})
"""Columns that files of earlier releases lack: all null there."""

_BESIDE = {"subject": "string", "reach": "int16", "versions": "versions"}
"""What the log keeps with an event and shows to nobody: its subject, its reach and its versions."""
_BESIDE_BEFORE = ("subject", "reach", "kind", "schema", "state")
"""The same in files of before: one version at most, that of the event's subject."""

_REPEATED = [
    *("type", "created_by", "project", "environment", "feature_name", "tags", "label", "ip", "group_type", "group_id"),
    "subject",
]
"""Columns of few values: these are written once per group and then by number."""


class StoredEvent(msgspec.Struct, frozen=True):
    """Everything that the log keeps of one event."""

    row: EventRow
    subject: str
    reach: int
    versions: tuple[StoredVersion, ...]
    """In order of paths."""

    @property
    def version(self) -> StoredVersion | None:
        """That of the event's own subject."""
        return next((each for each in self.versions if each.path == self.subject), None)


def row_schema() -> "pa.Schema":
    """The columns that people are shown."""
    return _schema(_ROW)


def stored_schema() -> "pa.Schema":
    """All columns of `events`, and the versions."""
    return _schema(_ROW | _BESIDE)


def batch_of(rows: Sequence[EventRow]) -> "pa.RecordBatch":
    """`rows` in the shape of `row_schema`."""
    return _batch(row_schema(), map(msgspec.structs.astuple, rows))


def rows_of(batch: "pa.RecordBatch | pa.Table") -> list[EventRow]:
    """The rows of a batch, whether it has the columns beside them or not."""
    return list(map(EventRow, *_columns(batch, _ROW)))


def times_of(batch: "pa.RecordBatch | pa.Table") -> list[tuple[int, int]]:
    """The ids and times of a batch that has at least these two columns."""
    return list(zip(*_columns(batch, ("id", "created_at")), strict=True))


def stored_batch_of(events: Sequence[StoredEvent]) -> "pa.RecordBatch":
    """`events` in the shape of `stored_schema`."""
    return _batch(stored_schema(), map(_flat, events))


def stored_of(batch: "pa.RecordBatch | pa.Table") -> list[StoredEvent]:
    """The events of a batch that has all columns."""
    rows = rows_of(batch)
    if "versions" not in batch.schema.names:
        before = zip(*_columns(batch, _BESIDE_BEFORE), strict=True)
        return [
            StoredEvent(row, subject, reach, () if kind is None else (StoredVersion(subject, kind, schema, state),))
            for row, (subject, reach, kind, schema, state) in zip(rows, before, strict=True)
        ]
    beside = zip(*_columns(batch, _BESIDE), strict=True)
    return [
        StoredEvent(row, subject, reach, tuple(StoredVersion(**each) for each in versions))
        for row, (subject, reach, versions) in zip(rows, beside, strict=True)
    ]


def writer(sink: Any, schema: "pa.Schema") -> "pq.ParquetWriter":
    """A writer of Parquet to `sink` (a path, or a file open for bytes). Give it row groups of `ROW_GROUP` rows, oldest
    first, and close it: the footer comes last."""
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=_LEVEL,
        use_dictionary=[name for name in _REPEATED if name in schema.names],
        write_statistics=["id", "created_at"],
        write_page_checksum=True,
        sorting_columns=[pq.SortingColumn(schema.get_field_index("id"))],
    )


def _flat(event: StoredEvent) -> tuple[Any, ...]:
    versions = [msgspec.structs.asdict(each) for each in event.versions]
    return (*msgspec.structs.astuple(event.row), event.subject, event.reach, versions)


def _schema(columns: dict[str, str]) -> "pa.Schema":
    import pyarrow as pa

    kinds = {
        "int16": pa.int16(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "string": pa.string(),
        "binary": pa.binary(),
        "timestamp": pa.timestamp("ms", tz="UTC"),
        "versions": pa.list_(
            pa.struct(
                [
                    pa.field("path", pa.string(), nullable=False),
                    pa.field("kind", pa.string(), nullable=False),
                    pa.field("schema", pa.int32(), nullable=False),
                    pa.field("state", pa.binary()),
                ]
            )
        ),
    }
    return pa.schema(
        [pa.field(name, kinds[kind.rstrip("?")], nullable=kind.endswith("?")) for name, kind in columns.items()]
    )


def _batch(schema: "pa.Schema", rows: Iterable[tuple[Any, ...]]) -> "pa.RecordBatch":
    import pyarrow as pa

    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.record_batch(
        [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)], schema=schema
    )


def _columns(batch: "pa.RecordBatch | pa.Table", names: Iterable[str]) -> list[list[Any]]:
    import pyarrow as pa

    def values(name: str) -> list[Any]:
        if name in _LATER and name not in batch.schema.names:
            return [None] * batch.num_rows
        column = batch.column(name)
        whole: list[Any] = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        return whole

    return [values(name) for name in names]
