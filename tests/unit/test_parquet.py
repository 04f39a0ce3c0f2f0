"""Events as Parquet: what goes in comes out, to the byte, and one page is read without the rest."""

import io
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from flagkeeper.eventlog import parquet
from flagkeeper.eventlog.parquet import StoredEvent
from flagkeeper.eventlog.read import EventRow
from flagkeeper.eventlog.tables import events
from flagkeeper.eventlog.version import StoredVersion

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
    more=maybe,
)
versions = st.builds(
    StoredVersion, path=words, kind=words, schema=st.integers(1, 99), state=st.none() | st.binary(max_size=40)
)
stored = st.builds(
    StoredEvent,
    row=rows,
    subject=words,
    reach=st.integers(0, 9),
    versions=st.lists(versions, max_size=3).map(tuple),
)


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
    assert set(parquet.stored_schema().names) == {*events.c.keys(), "versions"}
    nullable = {field.name for field in parquet.row_schema() if field.nullable}
    assert nullable == {column.name for column in events.c if column.nullable}


def test_files_of_releases_that_did_not_know_a_column_are_read() -> None:
    """They had no `more`, and one version at most, in columns of its own."""
    version = StoredVersion("flag/x", "flag", 1, b"s")
    events = [StoredEvent(_row(1), "flag/x", 1, (version,)), StoredEvent(_row(2), "flag/x", 1, ())]
    said = [msgspec.structs.replace(each, row=msgspec.structs.replace(each.row, more="{}")) for each in events]
    old = _through_file(parquet.stored_batch_of(said)).drop_columns(["more", "versions"])
    for name, kind, value in (("kind", pa.string(), "flag"), ("schema", pa.int32(), 1), ("state", pa.binary(), b"s")):
        old = old.append_column(name, pa.array([value, None], type=kind))
    assert parquet.stored_of(old) == events
    assert parquet.rows_of(old) == [event.row for event in events]


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
        "Flag created", "ada created a flag", "", "transaction", "group", None,
    )  # fmt: skip


def _written(batch: Any) -> bytes:
    sink = io.BytesIO()
    with parquet.writer(sink, batch.schema) as file:
        file.write(pa.Table.from_batches([batch]), row_group_size=parquet.ROW_GROUP)
    return sink.getvalue()


def _through_file(batch: Any) -> Any:
    return pq.read_table(io.BytesIO(_written(batch)))
