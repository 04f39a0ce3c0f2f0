"""Parquet: the same columns as the archive has, for tools that read millions of events at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from flagkeeper.eventlog import parquet
from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.export.format import Format
from flagkeeper.eventlog.read import EventRow, View

if TYPE_CHECKING:
    import pyarrow as pa


class Columns(Format):
    media_type = "application/vnd.apache.parquet"
    extension = "parquet"

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._sink = _Sink()
        self._schema = parquet.row_schema()
        if not view.with_ip:
            self._schema = self._schema.remove(self._schema.get_field_index("ip"))
        self._writer = parquet.writer(self._sink, self._schema)
        self._waiting: list[EventRow] = []
        """Rows of the group that is not full yet."""

    def batch(self, rows: Sequence[EventRow]) -> bytes:
        self._waiting += rows
        while len(self._waiting) >= parquet.ROW_GROUP:
            self._write(self._waiting[: parquet.ROW_GROUP])
            del self._waiting[: parquet.ROW_GROUP]
        return self._sink.take()

    def end(self) -> bytes:
        if self._waiting:
            self._write(self._waiting)
        self._writer.close()
        return self._sink.take()

    @classmethod
    def cut_off(cls, reason: str) -> bytes:
        """Nothing: a file without its footer cannot be opened."""
        del reason
        return b""

    def _write(self, rows: Sequence[EventRow]) -> None:
        self._writer.write_batch(self._shown(parquet.batch_of(rows)))

    def _shown(self, batch: "pa.RecordBatch") -> "pa.RecordBatch":
        import pyarrow.compute as pc

        column = batch.schema.get_field_index("summary")
        links = pc.replace_substring(batch.column(column), BASE_URL, self._view.base_url)
        batch = batch.set_column(column, batch.schema.field(column), links)
        return batch.select(self._schema.names)


class _Sink:
    """A file that can be written and not read back: what was written is taken away in pieces."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
