"""What an import takes, line by line, and what it refuses, naming the line and the field."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.catalogue.wording import BASE_URL
from flagkeeper.eventlog.export.json_text import Ndjson
from flagkeeper.eventlog.import_file.line import LineReader, Readied
from flagkeeper.eventlog.more import read_more
from flagkeeper.eventlog.read import View
from flagkeeper.kernel import clock
from flagkeeper.kernel.change_context import Cause
from flagkeeper.kernel.errors import BadData
from tests.event_lines import lines

ADDRESS = "https://flags.example.com"
NOW = clock.from_iso("2026-11-22T12:00:00Z")
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=10,
)
KEYS = sorted(
    {"name", "id", "title", "action", "enabled", "roles", "features", "parameters", "lifetimeDays", "project"}
)


def line(**changes: Any) -> dict[str, Any]:
    return {
        "type": "feature-created",
        "createdAt": "2026-11-20T10:00:00.000Z",
        "createdBy": "alice@example.com",
        "createdByUserId": 7,
        "data": {"name": "checkout"},
        "preData": None,
        "tags": [{"type": "simple", "value": "red"}],
        "featureName": "checkout",
        "project": "default",
        "environment": None,
        **changes,
    }


def read(*events: dict[str, Any] | bytes) -> list[Readied]:
    reader = LineReader(ADDRESS, NOW)
    return [reader.read(each if isinstance(each, bytes) else json.dumps(each).encode()) for each in events]


def test_what_the_file_leaves_out_comes_from_the_catalogue() -> None:
    (event,) = read(line())

    assert event.row.id == 1
    assert event.row.created_at == clock.from_iso("2026-11-20T10:00:00Z")
    assert event.row.label == "Flag created"
    assert f"**[checkout]({BASE_URL}/projects/default/features/checkout)**" in event.row.summary
    assert (event.subject, event.reach) == ("flag/checkout", 1)
    assert event.row.data == '{"name": "checkout"}', "payloads stay as they are written"
    assert (event.row.ip, event.row.group_type, event.row.group_id) == ("", None, None)


def test_why_comes_along() -> None:
    said = {"reason": "roll back", "ticket": "OPS-7", "cause": {"kind": "robot", "id": "7"}, "actorKind": "robot"}
    told, silent, empty = read(line(**said, credentialId="3", traceId="t"), line(), line(reason="", ticket=None))
    more = read_more(told.row.more)
    assert (more.reason, more.ticket, more.cause) == ("roll back", "OPS-7", Cause("robot", "7"))
    assert (more.actor_kind, more.credential_id, more.trace_id) == ("robot", "3", "t")
    assert (silent.row.more, empty.row.more) == (None, None)


@pytest.mark.parametrize("cause", [{"kind": "event"}, {"kind": "event", "id": ""}, {"kind": "", "id": "7"}, "event"])
def test_a_cause_that_says_not_what(cause: Any) -> None:
    with pytest.raises(BadData, match="Line 1: cause"):
        read(line(cause=cause))


def test_an_unknown_type_keeps_what_the_file_says() -> None:
    bare, told = read(line(type="newer_thing"), line(type="newer-thing", label="Newer", summary="It is *new*"))

    assert (bare.row.label, bare.row.summary) == ("newer_thing", "**alice@example.com**: newer\\_thing")
    assert (told.row.label, told.row.summary) == ("Newer", "It is *new*")
    assert (told.subject, told.reach) == ("unknown/newer-thing", 0)


def test_links_to_the_old_server_lead_to_whoever_shows_them() -> None:
    summary = f"**[checkout]({ADDRESS}/projects/x)** and **[a\\]({ADDRESS}/b](https://elsewhere.example.com/c)**"
    (event,) = read(line(summary=summary))

    assert f"[checkout]({BASE_URL}/projects/x)" in event.row.summary
    assert f"a\\]({ADDRESS}/b](https://elsewhere.example.com/c)" in event.row.summary, "a name is no link"


def test_times_become_ours() -> None:
    first, second = read(line(createdAt="2026-11-20T12:00:00+02:00"), line(createdAt="2026-11-20T10:00:00.0009Z"))
    assert first.row.created_at == second.row.created_at == clock.from_iso("2026-11-20T10:00:00Z")


@given(some.integers(0, 400))
def test_an_export_is_read_as_what_it_was_made_of(start: int) -> None:
    reader = LineReader(ADDRESS, NOW)
    rows = [reader.read(each).row for each in lines(8, seed=start)]
    exported = Ndjson(View(ADDRESS, with_ip=True)).batch(rows)

    assert [each.row for each in read(*exported.splitlines())] == rows
    assert b'"id":1,' in exported


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": 2}, "id is 2 and must be 1"),
        ({"id": 0}, "id is 0 and must be 1"),
        ({"id": "1"}, "id Expected `int"),
        ({"createdAt": "yesterday"}, "createdAt is no time"),
        ({"createdAt": "9999999-01-01T00:00:00Z"}, "createdAt is no time"),
        ({"createdAt": "2026-11-22T12:00:00.001Z"}, "createdAt lies in the future"),
        ({"createdAt": 5}, "createdAt Expected `str`"),
        ({"createdBy": ""}, "createdBy Expected `str` of length >= 1"),
        ({"type": ""}, "type Expected `str` of length >= 1"),
        ({"createdByUserId": "7"}, "createdByUserId Expected `int"),
        ({"createdByUserId": 2**63}, "createdByUserId"),
        ({"data": "text"}, "data must be an object or null"),
        ({"preData": 5}, "preData must be an object or null"),
        ({"tags": {}}, "tags must be a list of tags"),
        ({"tags": [{"type": "simple"}]}, "tags must be a list of tags"),
        ({"project": 5}, "project Expected `str | null`"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"project": "a\0b"}, "NUL"),
        ({"data": {"name": "a\0b"}}, "NUL"),
        ({"summary": f"[x]({BASE_URL}/y)"}, "summary has a control character"),
        ({"type": None}, "type Expected `str`"),
    ],
)
def test_a_bad_line_is_refused_with_its_number_and_field(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadData) as refused:
        read(line(**changes))
    assert refused.value.message.startswith("Line 1: ")
    assert problem in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"[]\n",
        b"5\n",
        b"null\n",
        b"not json\n",
        b'{"type":"feature-created"}\n',
        json.dumps(line()).encode()[:-7],
        json.dumps(line()).encode() + b" {}",
        json.dumps(line()).encode().replace(b"default", b"d\xff"),
        json.dumps(line()).encode().replace(b'"checkout"}', b'"\xff"}'),
        json.dumps(line()).encode().replace(b'"checkout"}', b'"\\ud800"}'),
        json.dumps(line()).encode().replace(b'"checkout"}', b'"checkout",}'),
        b'{"data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_event_is_refused(text: bytes) -> None:
    with pytest.raises(BadData, match=r"Line 2: "):
        read(line(), text)


def test_the_log_has_no_gap_and_follows_time() -> None:
    assert [each.row.id for each in read(line(id=1), line(id=2), line(id=3))] == [1, 2, 3]
    for second, problem in (
        (line(id=3), "Line 2: id is 3 and must be 2"),
        (line(id=1), "Line 2: id is 1 and must be 2"),
        (line(), "Line 2: id is missing"),
        (line(id=2, createdAt="2026-11-20T09:59:59.999Z"), "Line 2: createdAt is earlier than that of the line before"),
    ):
        with pytest.raises(BadData, match=problem):
            read(line(id=1), second)
    with pytest.raises(BadData, match="Line 2: id is there, and the lines before have none"):
        read(line(), line(id=2))


@given(
    some.sampled_from(sorted(EVENTS)),
    JSON | some.dictionaries(some.sampled_from(KEYS), JSON),
    JSON | some.dictionaries(some.sampled_from(KEYS), JSON),
    some.none() | some.text(),
    some.none() | some.text(),
)
def test_no_payload_is_a_defect(kind: str, data: Any, pre_data: Any, name: str | None, project: str | None) -> None:
    """Whatever stands in a file, of whichever type: it is read, or refused."""
    event = line(type=kind, data=data, preData=pre_data, featureName=name, project=project)
    if "\\u0000" in json.dumps(event):
        with pytest.raises(BadData, match="NUL"):
            read(event)
        return
    try:
        (found,) = read(event)
    except BadData as refused:
        if not isinstance(data, dict | list | None) or not isinstance(pre_data, dict | list | None):
            return
        raise AssertionError(refused.message) from refused
    assert json.loads(found.row.data or "null") == data
    assert found.row.summary
    assert found.subject
