"""Events as Parquet: what goes in comes out, to the byte, and one page is read without the rest."""

import io
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.eventlog import parquet
from flagkeeper.eventlog.parquet import Kept, StoredEvent
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.tables import event_versions, events

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
maybe = st.none() | words
rows = st.builds(
    EventRow,
    id=st.integers(1, 2**62),
    type=words,
    created_at=st.integers(0, 2**45),
    created_by=words,
    created_by_user_id=st.none() | st.integers(-(2**60), 2**60),
    project=maybe,
    environment=maybe,
    feature_name=maybe,
    data=maybe,
    pre_data=maybe,
    tags=words,
    label=words,
    summary=words,
    ip=words,
    group_type=maybe,
    group_id=maybe,
)
versions = st.builds(Kept, kind=words, schema=st.integers(1, 99), state=st.binary(max_size=40))
stored = st.builds(StoredEvent, row=rows, subject=words, reach=st.integers(0, 9), version=st.none() | versions)


@given(st.lists(rows, max_size=5))
def test_rows_survive(given_rows: list[EventRow]) -> None:
    assert parquet.rows_of(_through_file(parquet.batch_of(given_rows))) == given_rows


@given(st.lists(stored, max_size=5))
def test_stored_events_survive(given_events: list[StoredEvent]) -> None:
    read = _through_file(parquet.stored_batch_of(given_events))
    assert parquet.stored_of(read) == given_events
    assert parquet.rows_of(read) == [event.row for event in given_events]


def test_the_schema_has_every_column_of_the_tables() -> None:
    assert parquet.row_schema().names == list(EventRow.__struct_fields__)
    in_tables = {*events.c.keys(), *event_versions.c.keys()} - {"event_id"}
    assert set(parquet.stored_schema().names) == in_tables
    nullable = {field.name for field in parquet.row_schema() if field.nullable}
    assert nullable == {column.name for column in events.c if column.nullable}


def test_a_page_is_one_row_group() -> None:
    many = [_row(number) for number in range(1, 3 * parquet.ROW_GROUP)]
    file = pq.ParquetFile(io.BytesIO(_written(parquet.batch_of(many))))
    assert [file.metadata.row_group(each).num_rows for each in range(file.num_row_groups)] == [2000, 2000, 1999]
    second = file.metadata.row_group(1).column(0).statistics
    assert (second.min, second.max) == (2001, 4000)
    assert parquet.rows_of(file.read_row_group(1)) == many[2000:4000]


def _row(number: int) -> EventRow:
    data = msgspec.json.encode({"name": f"flag-{number}"}).decode()
    return EventRow(
        number, "feature-created", number, "ada", 1, "default", None, f"flag-{number}", data, None, "[]",
        "Flag created", "ada created a flag", "", "transaction", "group",
    )  # fmt: skip


def _written(batch: Any) -> bytes:
    sink = io.BytesIO()
    with parquet.writer(sink, batch.schema) as file:
        file.write(pa.Table.from_batches([batch]), row_group_size=parquet.ROW_GROUP)
    return sink.getvalue()


def _through_file(batch: Any) -> Any:
    return pq.read_table(io.BytesIO(_written(batch)))
