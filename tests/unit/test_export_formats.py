"""The formats of exports: every event, every batch, every odd text, as other tools read them."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as some

from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.export import FORMATS, FormatName
from flagkeeper.eventlog.export.table import MOST_COLUMNS
from flagkeeper.eventlog.more import More
from flagkeeper.eventlog.parquet import ROW_GROUP, rows_of
from flagkeeper.eventlog.read import EventRow, View
from flagkeeper.kernel.actor import ActorKind
from flagkeeper.kernel.change_context import Cause

ADMIN = View("http://flagkeeper.test", with_ip=True)
READER = View("http://flagkeeper.test", with_ip=False)

TEXT = some.text(some.characters(codec="utf-8", exclude_characters="\0"))
PAYLOAD = some.none() | some.dictionaries(
    TEXT,
    some.recursive(
        some.none() | some.booleans() | some.integers(-(2**53), 2**53) | TEXT,
        lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
).map(lambda payload: json.dumps(payload, ensure_ascii=False))
EVENT = some.builds(
    EventRow,
    id=some.integers(1, 2**62),
    type=TEXT,
    created_at=some.integers(0, 4 * 10**12),
    created_by=TEXT,
    created_by_user_id=some.none() | some.integers(-(2**63), 2**63 - 1),
    project=some.none() | TEXT,
    environment=some.none() | TEXT,
    feature_name=some.none() | TEXT,
    data=PAYLOAD,
    pre_data=PAYLOAD,
    tags=some.sampled_from(["[]", '[{"type":"simple","value":"a\\"b"}]']),
    label=TEXT,
    summary=TEXT | TEXT.map(lambda text: f"**[{text}]({BASE_URL}/projects)**"),
    ip=TEXT,
    group_type=some.none() | some.just("transaction"),
    group_id=some.none() | TEXT,
    more=some.builds(
        More,
        reason=some.none() | TEXT,
        ticket=some.none() | TEXT,
        cause=some.none() | some.builds(Cause, kind=TEXT, id=TEXT),
        actor_kind=some.none() | some.sampled_from(ActorKind),
        credential_id=some.none() | TEXT,
        trace_id=some.none() | TEXT,
    ).map(More.text),
)
VIEW = some.sampled_from([ADMIN, READER])


def row(**changes: Any) -> EventRow:
    values: dict[str, Any] = {
        "id": 1,
        "type": "feature-created",
        "created_at": 1_700_000_000_000,
        "created_by": "alice",
        "created_by_user_id": 7,
        "project": "default",
        "environment": None,
        "feature_name": "checkout",
        "data": None,
        "pre_data": None,
        "tags": "[]",
        "label": "Flag created",
        "summary": f"**alice** created **[checkout]({BASE_URL}/projects/default/features/checkout)**",
        "ip": "203.0.113.9",
        "group_type": None,
        "group_id": None,
        "more": None,
    }
    return EventRow(**{**values, **changes})


def exported(name: FormatName, rows: Sequence[EventRow], view: View = ADMIN, size: int = 2) -> bytes:
    form = FORMATS[name](view)
    batches = [rows[start : start + size] for start in range(0, len(rows), size)]
    if form.looks_first:
        for batch in batches:
            form.survey(batch)
    return form.begin() + b"".join(map(form.batch, batches)) + form.end()


def table(rows: Sequence[EventRow], view: View = ADMIN) -> list[dict[str, str]]:
    text = exported(FormatName.CSV, rows, view).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@given(some.lists(EVENT, max_size=5), VIEW)
def test_a_line_is_the_event_as_the_api_shows_it(rows: list[EventRow], view: View) -> None:
    lines = exported(FormatName.NDJSON, rows, view).split(b"\n")

    assert lines.pop() == b""
    assert lines == [msgspec.json.encode(each.shown(view)) for each in rows]
    for line, each in zip(lines, rows, strict=True):
        event = json.loads(line)
        assert event["data"] == (None if each.data is None else json.loads(each.data))
        assert event["project"] == each.project
        assert ("ip" in event) is view.with_ip
        assert BASE_URL not in event["summary"] or BASE_URL in each.summary.replace(f"({BASE_URL}/", "")


@given(some.lists(EVENT, max_size=5), VIEW)
def test_a_document_is_the_lines_as_one_array(rows: list[EventRow], view: View) -> None:
    lines = exported(FormatName.NDJSON, rows, view).splitlines()
    assert json.loads(exported(FormatName.JSON, rows, view)) == [json.loads(line) for line in lines if line]


@given(some.lists(EVENT, max_size=6), VIEW, some.integers(1, 6))
def test_batches_leave_no_trace(rows: list[EventRow], view: View, size: int) -> None:
    for name in (FormatName.NDJSON, FormatName.JSON, FormatName.CSV):
        assert exported(name, rows, view, size) == exported(name, rows, view, 1)


@given(some.lists(EVENT, max_size=5), VIEW)
def test_a_table_has_every_event_and_nothing_that_runs(rows: list[EventRow], view: View) -> None:
    text = exported(FormatName.CSV, rows, view).decode()
    header, *cells = csv.reader(io.StringIO(text, newline=""), strict=True)

    assert len(cells) == len(rows)
    for line in (header, *cells):
        assert len(line) == len(header)
        for cell in line:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            assert not cell.startswith("-") or cell[1:].isdigit(), "a number is no formula"


@given(some.lists(EVENT, max_size=5), VIEW)
def test_parquet_has_every_event(rows: list[EventRow], view: View) -> None:
    read = pq.read_table(io.BytesIO(exported(FormatName.PARQUET, rows, view)))

    assert ("ip" in read.schema.names) is view.with_ip
    if view.with_ip:
        linked = [msgspec.structs.replace(each, summary=each.summary.replace(BASE_URL, view.base_url)) for each in rows]
        assert rows_of(read) == linked


def test_parquet_is_written_group_by_group() -> None:
    rows = [row(id=number) for number in range(1, 2 * ROW_GROUP + 8)]
    form = FORMATS[FormatName.PARQUET](ADMIN)
    first, second = form.batch(rows[: ROW_GROUP - 1]), form.batch(rows[ROW_GROUP - 1 :])
    file = pq.ParquetFile(io.BytesIO(form.begin() + first + second + form.end()))

    assert len(first) < len(second), "nothing is kept longer than its group"
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [ROW_GROUP, ROW_GROUP, 7]


def test_payloads_become_columns() -> None:
    data = {"name": "checkout", "parameters": {"rollout": "50"}, "list": [1, {"a": 2}], "off": False, "gone": None}
    (found,) = table([row(data=json.dumps(data), pre_data='{"name":"till"}', tags='[{"type":"simple","value":"x"}]')])

    assert list(found)[:9] == [
        *("id", "type", "createdAt", "createdBy", "createdByUserId", "featureName", "project", "environment", "label")
    ]
    assert found["data.name"] == "checkout"
    assert found["data.parameters.rollout"] == "50"
    assert found["data.list"] == '[1,{"a":2}]'
    assert found["data.off"] == "false"
    assert found["preData.name"] == "till"
    assert found["tags"] == '[{"type":"simple","value":"x"}]'
    assert found["environment"] == ""
    assert found["createdAt"] == "2023-11-14T22:13:20.000Z"
    assert "data.gone" not in found, "a column for nothing helps nobody"
    assert "(http://flagkeeper.test/projects/default/features/checkout)" in found["summary"]


def test_every_event_has_every_column() -> None:
    first, second, third = table(
        [row(data='{"a":1}'), row(id=2, data='{"b":{"c":2}}'), row(id=3, pre_data='{"b":"text"}', data='{"b":"x"}')]
    )
    assert list(first) == list(second) == list(third)
    assert (first["data.a"], second["data.a"]) == ("1", "")
    assert (second["data.b.c"], third["data.b"], second["data.b"]) == ("2", "x", "")


def test_a_dot_in_a_name_is_no_step() -> None:
    (found,) = table([row(data='{"a.b":1,"a":{"b":2}}')])
    assert (found["data.a\\.b"], found["data.a.b"]) == ("1", "2")


def test_a_payload_that_is_a_list_or_empty() -> None:
    first, second = table([row(data="[1,2]"), row(id=2, data="{}")])
    assert (first["data"], second["data"]) == ("[1,2]", "{}")


def test_very_many_fields_share_cells_and_none_is_lost() -> None:
    wide = {f"key-{i}": {"value": i} for i in range(MOST_COLUMNS + 1)}
    first, second = table([row(data=json.dumps({"flat": 1, "wide": wide})), row(id=2, data='{"flat":{"a":2}}')])

    assert (first["data.flat"], second["data.flat"]) == ("1", ""), "what fits keeps its columns"
    assert json.loads(first["data.wide"]) == wide
    assert second["data.flat.a"] == "2"
    (only,) = table([row(data=json.dumps(wide))])
    assert json.loads(only["data"]) == wide


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x","y")'])
def test_formulas_are_shown_and_not_run(text: str) -> None:
    payload = json.dumps({"value": text})
    (found,) = table([row(created_by=text, feature_name=text, data=payload, summary=text)])

    for column in ("createdBy", "featureName", "summary", "data.value"):
        assert found[column] == "'" + text.replace("\t=", "\t'=").replace("\r=", "\r'=").replace("\n=", "\n'=")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("＝1+1", "'＝1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1", "a;' =1+1"),
        ('a;"=1+1', "a;'\"=1+1"),
        ("a\t@x|+y", "a\t'@x|'+y"),
        ("a\r\n-2+3", "a\r\n'-2+3"),
        ("a,=b", "a,=b"),
        ("a;b=c - d|e", "a;b=c - d|e"),
    ],
)
def test_formulas_are_shown_wherever_lines_are_split(text: str, cell: str) -> None:
    payload = json.dumps({"value": text, "list": [text]})
    (found,) = table([row(summary=text, data=payload)])
    assert (found["summary"], found["data.value"]) == (cell, cell)
    assert json.loads(found["data.list"]) == [text]
    assert not re.search(r"""[;|][ "']*[=+@＝-]""", found["data.list"])


def test_numbers_stay_numbers() -> None:
    (found,) = table([row(created_by_user_id=-1337, data='{"change":-5}')])
    assert (found["createdByUserId"], found["data.change"]) == ("-1337", "-5")


@pytest.mark.parametrize("name", FormatName)
def test_addresses_are_for_administrators(name: FormatName) -> None:
    pages = [row(id=number, ip="198.51.100.77") for number in range(1, 4)]
    assert b"ip" in exported(name, pages, ADMIN)
    assert b"198.51.100.77" not in exported(name, pages, READER)


@pytest.mark.parametrize(
    ("name", "nothing"),
    [(FormatName.NDJSON, b""), (FormatName.JSON, b"[]"), (FormatName.CSV, None), (FormatName.PARQUET, None)],
)
def test_no_event_at_all_is_a_file_too(name: FormatName, nothing: bytes | None) -> None:
    content = exported(name, [])
    if nothing is not None:
        assert content == nothing
    elif name is FormatName.CSV:
        assert content.startswith(b"id,type,")
        assert content.count(b"\r\n") == 1
    else:
        assert pq.read_table(io.BytesIO(content)).num_rows == 0
