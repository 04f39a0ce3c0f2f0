"""Exports over HTTP: everything that a search finds, in each format, for whoever may see it."""

import codecs
import csv
import io
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest
from pyarrow import ArrowInvalid

from flagkeeper.eventlog.archive import live
from flagkeeper.eventlog.export import source
from flagkeeper.eventlog.import_file import import_file
from flagkeeper.eventlog.import_file.line import LineReader
from flagkeeper.eventlog.read import log_position
from flagkeeper.features.projects.model import Mode
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.errors import BadData, Unavailable
from flagkeeper.readmodels.event_export import slots
from flagkeeper.readmodels.event_search import answers
from flagkeeper.storage.database import parse_database_url
from tests.event_lines import lines
from tests.people import person
from tests.projects import add_project, flag_in, set_mode_of
from tests.server import ADMIN, BACKEND, Host, TestServer, settings_for

PATH = "/api/admin/log/export"
FLAGS = "/api/admin/projects/default/features"
IMPORTED = 1_500


@pytest.fixture
def flags(server: TestServer) -> list[str]:
    names = ["alpha", "beta", "gamma"]
    for name in names:
        assert server.post(FLAGS, json={"name": name, "description": f"=cmd({name})"}).status_code == 201
    server.post(f"{FLAGS}/alpha/environments/development/on")
    server.post("/api/admin/features/alpha/tags", json={"type": "simple", "value": "team-red"})
    return names


@pytest.fixture
def imported(host: Host, database_url: str) -> Iterator[TestServer]:
    """The server, started for the first time on a database into which a log was imported."""
    content = io.BytesIO(b"".join(lines(IMPORTED)))
    import_file(parse_database_url(database_url), content, "http://flagkeeper.test", lambda _read, _verified: None)
    with TestServer(host, settings_for(database_url)) as server:
        yield server


READERS: dict[str, Callable[[bytes], object]] = {
    "ndjson": lambda content: [LineReader("http://x", clock.now()).read(line) for line in content.splitlines()[-1:]],
    "json": json.loads,
    "parquet": lambda content: pq.read_table(io.BytesIO(content)),
}
"""How somebody reads such a file; each raises for one that is not whole."""


def cut_off(server: TestServer, path: str) -> bytes:
    """What an answer has that HTTP calls incomplete."""
    got: list[bytes] = []
    with server.client.stream("GET", path, headers={"Authorization": ADMIN}) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            got.extend(answer.iter_bytes())
    return b"".join(got)


def exported(server: TestServer, **parameters: Any) -> list[dict[str, Any]]:
    answer = server.get(PATH, params=parameters)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.content.splitlines()]


def test_head_of_an_export_exports_nothing(server: TestServer) -> None:
    path = "/api/admin/log/export?format=csv&q=type:project-created"
    before = [each["id"] for each in server.get("/api/admin/log/events?limit=1").json()["events"]]
    head = server.request("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert server.request("HEAD", f"{path}%20type%3A").status_code == 400
    assert [each["id"] for each in server.get("/api/admin/log/events?limit=1").json()["events"]] == before
    whole = server.get(path)
    same = ("content-type", "content-disposition", "x-flagkeeper-total")
    assert [head.headers[name] for name in same] == [whole.headers[name] for name in same]


@pytest.mark.causes("flagkeeper-events-exported", action="GET /api/admin/log/export")
def test_everything_is_exported_and_the_export_is_recorded(server: TestServer, flags: list[str]) -> None:
    before = server.events()
    answer = server.get(PATH, params={"q": "type:*", "after": "2"})

    assert [json.loads(line) for line in answer.content.splitlines()] == [
        each for each in before[::-1] if each["id"] > 2
    ]
    (record,) = server.events_after(before[0]["id"])
    assert record["type"] == "flagkeeper-events-exported"
    assert record["createdBy"] == before[0]["createdBy"]
    last = before[0]["id"]
    assert record["data"] == {"format": "ndjson", "query": "type:*", "events": last - 2, "firstId": 3, "lastId": last}


def test_files_have_names_and_types(server: TestServer) -> None:
    for name, media_type in (
        ("ndjson", "application/x-ndjson"),
        ("json", "application/json; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("parquet", "application/vnd.apache.parquet"),
    ):
        answer = server.get(PATH, params={"format": name})
        assert answer.headers["content-type"] == media_type
        stem, dot, extension = answer.headers["content-disposition"].partition(".")
        assert stem.startswith('attachment; filename="events_20')
        assert dot + extension == f'.{name}"'


def test_the_formats_say_the_same(server: TestServer, flags: list[str]) -> None:
    wanted = {"project": "IS:default", "q": "-type:feature-tagged"}
    events = exported(server, **wanted)
    found = [each["id"] for each in events]
    as_json = server.get(PATH, params={**wanted, "format": "json"}).json()
    table = server.get(PATH, params={**wanted, "format": "csv"}).content
    as_csv = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))
    as_parquet = pq.read_table(io.BytesIO(server.get(PATH, params={**wanted, "format": "parquet"}).content)).to_pylist()

    assert len(found) > 4
    assert as_json == events
    assert [int(each["id"]) for each in as_csv] == found
    assert [each["id"] for each in as_parquet] == found
    created = next(each for each in as_csv if each["type"] == "feature-created")
    assert created["data.name"] == "alpha"
    assert created["data.description"] == "'=cmd(alpha)", "a spreadsheet shows it and does not run it"


def test_the_language_and_the_filters_of_searches_together(server: TestServer, flags: list[str]) -> None:
    def names(**parameters: Any) -> list[str]:
        return [f"{each['type']} {each['featureName']}" for each in exported(server, **parameters)]

    assert names(type="IS:feature-created") == [f"feature-created {name}" for name in flags]
    assert names(q="type:feature-created -flag:beta") == ["feature-created alpha", "feature-created gamma"]
    assert names(q="-flag:beta", type="IS_ANY_OF:feature-created,x") == [
        "feature-created alpha",
        "feature-created gamma",
    ]
    assert names(query="cmd(BETA", type="IS:feature-created") == ["feature-created beta"]
    assert names(q='"cmd(beta" type:feature-created') == ["feature-created beta"]
    assert names(q="type:feature-created", limit="2") == ["feature-created alpha", "feature-created beta"]
    assert names(q=["type:feature-created", "flag:beta"]) == ["feature-created beta"]
    assert names(q="type:nothing") == []
    today = server.events()[0]["createdAt"][:10]
    assert len(names(**{"from": f"IS:{today}", "to": f"IS:{today}", "type": "IS:feature-created"})) == 3
    assert names(q="since:1h", to="IS:1999-12-31") == []


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ({"format": "xml"}, "format"),
        ({"after": "-1"}, "after"),
        ({"after": "first"}, "after"),
        ({"after": "9" * 30}, "after"),
        ({"limit": "0"}, "limit"),
        ({"q": "since:yesterday"}, "q"),
        ({"type": "feature-created"}, "type"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_and_not_recorded(
    server: TestServer, parameters: dict[str, Any], name: str
) -> None:
    last_id = server.last_id()
    answer = server.get(PATH, params=parameters)

    assert answer.status_code == 400
    assert answer.json()["details"][0]["path"].endswith(f"/{name}")
    assert server.last_id() == last_id


def test_people_who_are_no_admins_get_what_they_may_see(server: TestServer, flags: list[str]) -> None:
    ada = person(server, "ada", role="Viewer")
    for name in ("ndjson", "json", "csv", "parquet"):
        content = server.get(PATH, params={"format": name}, token=ada.token).content
        for hidden in (b"tag-created", b"user-created", b"127.0.0.1", b'"ip"'):
            assert hidden not in content, (name, hidden)
    seen = server.get(PATH, token=ada.token).content.splitlines()
    everything = server.get(PATH).content.splitlines()
    assert [json.loads(line)["id"] for line in seen] == [
        event["id"] for event in map(json.loads, everything) if event["project"] not in (None, "*")
    ]
    assert {event["type"] for event in map(json.loads, everything) if event["project"] == "*"} == {"api-token-created"}
    assert server.get(PATH, params={"q": "type:user-created"}, token=ada.token).content == b""
    record = server.events(type="IS:flagkeeper-events-exported", limit="1")[0]
    assert (record["createdBy"], record["data"]["events"]) == ("ada", 0)


@pytest.mark.usefixtures("flags")
def test_projects_that_are_hidden_stay_so(server: TestServer) -> None:
    add_project(server, "hush")
    flag_in(server, "hush", "secret-plan")
    ada = person(server, "ada")
    set_mode_of(server, "hush", Mode.PRIVATE)
    assert {event["project"] for event in exported(server)} >= {"default", "hush"}
    seen = [json.loads(line) for line in server.get(PATH, token=ada.token).text.splitlines()]
    assert {event["project"] for event in seen} == {"default"}
    assert "hush" not in json.dumps(seen)


def test_nobody_exports_without_credentials(server: TestServer) -> None:
    assert server.get(PATH, token=None).json()["name"] == "AuthenticationRequired"
    assert server.get(PATH, token="*:*.wrong").json()["name"] == "UnauthorizedError"
    assert server.get(PATH, token=BACKEND).status_code == 403
    assert server.get(PATH, token=f"Bearer {ADMIN}").status_code == 200


def test_a_server_starts_on_an_imported_log(imported: TestServer) -> None:
    events = exported(imported)

    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert {event["type"] for event in events[IMPORTED:]} >= {"user-created", "environment-created", "project-created"}
    assert imported.post(FLAGS, json={"name": "first"}).status_code == 201
    assert imported.events()[0]["featureName"] == "first"


def test_large_results_match_in_every_way_of_finding_them(imported: TestServer) -> None:
    events = exported(imported)
    seen: dict[str, Callable[[dict[str, Any]], bool]] = {
        "type:feature-created": lambda event: event["type"] == "feature-created",
        "project:project-1,project-2 -type:feature-tagged": lambda event: (
            event["project"] in ("project-1", "project-2") and event["type"] != "feature-tagged"
        ),
        '"KILL switch"': lambda event: "kill switch" in json.dumps([event["data"], event["preData"], event["tags"]]),
        "user:7": lambda event: event["createdByUserId"] == 7,
    }
    for question, matches in seen.items():
        assert exported(imported, q=question) == [event for event in events if matches(event)], question


def test_an_export_goes_on_after_the_last_event_received(imported: TestServer) -> None:
    question = {"q": "project:project-3"}
    whole = exported(imported, **question)
    middle = whole[len(whole) // 2]["id"]

    rest = exported(imported, **question, after=str(middle))
    first = exported(imported, **question, limit=str(len(whole) - len(rest)))
    assert first + rest == whole
    assert first[-1]["id"] == middle


def import_large(url: str, events: int) -> None:
    """So many events of 50 kB."""
    event = {
        "type": "feature-created",
        "createdAt": "2026-01-01T00:00:00Z",
        "createdBy": "a",
        "data": {"d": "x" * 50_000},
    }
    content = io.BytesIO((json.dumps(event).encode() + b"\n") * events)
    import_file(parse_database_url(url), content, "http://flagkeeper.test", lambda _read, _verified: None)


def test_one_caller_has_so_many_exports_under_way(host: Host, sqlite_url: str) -> None:
    import_large(sqlite_url, 500)
    with TestServer(host, settings_for(sqlite_url)) as server, ExitStack() as under_way:
        ada = person(server, "ada", "Admin")
        before = server.last_id()
        for _ in range(slots.MOST):
            begun = server.client.stream("GET", PATH, headers={"Authorization": ADMIN})
            assert under_way.enter_context(begun).status_code == 200
        refused = server.get(PATH)
        assert (refused.status_code, refused.json()["name"]) == (429, "RateLimitError")
        assert int(refused.headers["retry-after"]) > 0
        assert len(server.events_after(before)) == slots.MOST, "one that is refused is not recorded"
        assert server.get(PATH, params={"after": before}, token=ada.token).status_code == 200
        assert server.get(PATH, params={"q": "flag:"}).status_code == 400
        under_way.close()
        deadline = time.monotonic() + 20
        while (answer := server.get(PATH, params={"after": before})).status_code == 429:
            assert time.monotonic() < deadline, "who went away gave no place back"
        assert answer.status_code == 200


def test_a_client_that_goes_away_stops_the_work(host: Host, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import_large(sqlite_url, 2_000)
    reads: list[int] = []

    def counted(*arguments: Any) -> Any:
        rows = read(*arguments)
        reads.append(rows[-1].id)
        return rows

    async def watched(self: source.Indexed, wanted: source.Wanted) -> AsyncIterator[source.Batch]:
        try:
            async for batch in batches(self, wanted):
                yield batch
        finally:
            ended.set()

    read, batches, ended = source._read, source.Indexed.batches, threading.Event()
    monkeypatch.setattr(source, "_read", counted)
    monkeypatch.setattr(source.Indexed, "batches", watched)
    with TestServer(host, settings_for(sqlite_url)) as server:
        with server.client.stream("GET", PATH, headers={"Authorization": ADMIN}) as answer:
            next(answer.iter_raw())
        assert ended.wait(20)
        assert reads[-1] < 1_000, "a hundred megabytes were not read for nobody"


def test_an_export_that_fails_on_the_way_does_not_look_complete(
    imported: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*arguments: Any) -> Any:
        rows = read(*arguments)
        if rows[-1].id > 500:
            raise Unavailable("The archive is out of reach.")
        return rows

    read = source._read
    monkeypatch.setattr(source, "_read", failing)
    for name in ("ndjson", "json", "csv", "parquet"):
        if name == "csv":  # it looks at all events first, and so can still answer with a status
            refused = imported.get(PATH, params={"format": name})
            assert (refused.status_code, refused.json()["name"]) == (503, "ServiceUnavailableError")
            continue
        got = cut_off(imported, f"{PATH}?format={name}")
        last = got.splitlines()[-1]
        assert name == "parquet" or b"The archive is out of reach. This is not all: it ends after event" in last
        with pytest.raises((ValueError, BadData, ArrowInvalid)):
            READERS[name](got)


def test_a_table_that_fails_after_its_first_rows_says_so_in_its_last(
    imported: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = [0]

    def failing(*arguments: Any) -> Any:
        rows = read(*arguments)
        looked[0] += len(rows)
        if looked[0] > IMPORTED + 700:
            raise Unavailable("The archive is out of reach.")
        return rows

    read = source._read
    monkeypatch.setattr(source, "_read", failing)
    rows = list(csv.reader(io.StringIO(cut_off(imported, f"{PATH}?format=csv").decode("utf-8-sig"), newline="")))
    assert rows[-1][0].startswith("error: The archive is out of reach. This is not all: it ends after event ")
    assert [row[0] for row in rows[1:-1]] == [str(number) for number in range(1, len(rows) - 1)]


def test_whole_lists_that_fail_on_the_way_say_so(
    server: TestServer, flags: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest events have gone, and no archive has them."""
    monkeypatch.setattr(answers, "BATCH", 20)
    for number in range(60):
        server.post(f"{FLAGS}/alpha/environments/development/{'off' if number % 2 else 'on'}")
    lost = server.last_id() - 40
    server.call(server.services.units.run(SYSTEM, lambda unit: live.remove(unit.tx, lost)))
    for path in ("/api/admin/events?project=default", "/api/admin/events/alpha"):
        got = cut_off(server, path)
        assert b'"error":' in got.splitlines()[-1]
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(got)
    server.call(server.services.units.run(SYSTEM, lambda unit: live.remove(unit.tx, log_position(unit.tx).last_id - 1)))
    for path in ("/api/admin/events?project=default", "/api/admin/events/alpha", PATH):
        assert server.get(path).status_code == 503, "what fails before the first event has a status"


def test_a_table_tells_spreadsheets_that_it_is_utf8(server: TestServer) -> None:
    server.post(FLAGS, json={"name": "x", "description": "Größe 主婦"})
    asked = {"format": "csv", "q": "flag:x"}
    for bom, begins in ((None, True), ("true", True), ("false", False)):
        content = server.get(PATH, params={**asked, **({"bom": bom} if bom else {})}).content
        assert content.startswith(codecs.BOM_UTF8) is begins
        assert "Größe 主婦" in content.decode("utf-8-sig")
    refused = server.get(PATH, params={"format": "json", "bom": "true"})
    assert (refused.status_code, refused.json()["details"][0]["path"]) == (400, "/query/bom")
