"""Archive, legal holds and pseudonyms over HTTP, and that what was archived is shown as before."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, update

from flagkeeper.eventlog.archive import live, store
from flagkeeper.eventlog.archive.archiver import FRESH
from flagkeeper.features.retention import commands, jobs
from flagkeeper.features.retention.model import Person
from flagkeeper.features.retention.slice import RETENTION
from flagkeeper.features.segments import commands as segments
from flagkeeper.features.segments.model import SegmentDraft
from flagkeeper.integrations.delivery.names import first_needed
from flagkeeper.integrations.delivery.tables import deliveries
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM, Actor
from flagkeeper.kernel.errors import BadData, Conflict
from flagkeeper.readmodels.event_search.slice import needed_by_index
from flagkeeper.settings import read_settings
from flagkeeper.storage import leases
from flagkeeper.storage.statement import Write
from tests.archive import SET_TIME, record_some
from tests.databases import Run, fresh_postgresql, fresh_sqlite, started
from tests.deliveries import until_now
from tests.log import Log
from tests.people import person
from tests.server import Host, TestServer, settings_for

BLOCK = 8_190
"""The last event that may leave the database: the one after it is the newest that the index has on disk."""
KEEP = 500
LOG = "/api/admin/log"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def server(host: Host, run: Run, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TestServer]:
    """The server with an archive, which archives when it is asked to: another one has the scheduled runs."""
    fresh = fresh_sqlite(run, tmp_path, started) if request.param == "sqlite" else fresh_postgresql(run, started)
    with fresh as url:
        other = Log(url)
        assert other.run(lambda unit: leases.take(unit.tx, "job/archive", "another server", clock.HOUR))
        other.close()
        settings = settings_for(
            url, archive=str(tmp_path / "archive"), log_keep_events=KEEP, outbound_allow=("127.0.0.0/8",)
        )
        with TestServer(host, settings) as server:
            yield server


def fill(server: TestServer, events: int) -> None:
    """So many events of yesterday, all of them indexed."""
    services, choose = server.services, random.Random(5)
    while (missing := events - server.last_id()) > 0:
        server.call(services.units.run(SYSTEM, record_some, min(missing, 450), choose))

    def age(unit: Any) -> None:
        moment = unit.now - clock.DAY
        unit.tx.write_many(SET_TIME, [{"event": each, "moment": moment + each} for each in range(1, events + 1)])

    assert FRESH < clock.DAY
    server.call(services.units.run(SYSTEM, age))
    services.indexer.complete(lambda _done, _total: None)
    services.indexer.reindex(1, events)
    until_now(lambda: services.reader.now(_ready) >= min(events, BLOCK), 60)


def _ready(tx: Any) -> int:
    return min(first_needed(tx), needed_by_index(tx)) - 1


def archive(server: TestServer) -> dict[str, Any]:
    """Runs the archiver and waits for it. The state afterwards."""
    answer = server.post(f"{LOG}/archive/runs")
    assert (answer.status_code, answer.json()) == (202, {"started": True}), answer.text
    until_now(lambda: not server.services[RETENTION].is_busy())
    state: dict[str, Any] = server.get(f"{LOG}/archive").json()
    assert state["lastRun"]["error"] is None
    return state


def shown(server: TestServer) -> dict[str, Any]:
    """Many answers that show events, as bytes where they are streams."""
    questions = [
        "/api/admin/events?project=project-1",
        "/api/admin/events/flag-7",
        "/api/admin/search/events?limit=1000&offset=7000",
        "/api/admin/search/events?feature=IS:flag-3&limit=100",
        "/api/admin/search/events?id=IS_ANY_OF:3,700,8600",
        "/api/admin/search/events?query=flag-4&limit=50&offset=20",
    ]
    return {question: server.get(question).text for question in questions}


@pytest.mark.slow
@pytest.mark.causes("flagkeeper-events-archived", action="POST /api/admin/log/archive/runs")
def test_what_was_archived_is_shown_as_before(server: TestServer, tmp_path: Path) -> None:
    fill(server, 9_000)
    before = shown(server)
    assert all('"id"' in each for each in before.values())
    projects = server.get("/api/admin/projects").json()

    state = archive(server)

    assert state["archive"] == str(tmp_path / "archive")
    assert state["policy"] == {"keepDays": None, "keepEvents": KEEP}
    assert (state["archivedEvents"], state["firstInDatabase"]) == (BLOCK, BLOCK + 1)
    assert sum(each["events"] for each in state["segments"]) == BLOCK
    assert (state["segments"][0]["firstId"], state["segments"][-1]["lastId"], state["holds"]) == (1, BLOCK, [])
    assert state["lastRun"]["finishedAt"]
    told = server.events(limit="1")[0]
    assert (told["type"], told["data"]["lastId"]) == ("flagkeeper-events-archived", BLOCK)
    after = shown(server)
    later = "/api/admin/search/events?limit=1000&offset=7000"
    assert {**after, later: ""} == {**before, later: ""}
    assert server.get("/api/admin/projects").json() == projects

    (tmp_path / "archive" / "segments").rename(tmp_path / "away")
    server.services.rows._archive._groups._values.clear()  # type: ignore[union-attr]  # as after a start
    server.services.rows._archive._footers._values.clear()  # type: ignore[union-attr]  # the same
    assert server.get("/api/admin/search/events?id=IS:3").status_code == 503
    (tmp_path / "away").rename(tmp_path / "archive" / "segments")
    assert server.get("/api/admin/search/events?id=IS:3").json()["events"][0]["id"] == 3


@pytest.mark.slow
def test_deliveries_of_archived_events_are_shown_and_sent_again(server: TestServer) -> None:
    integration = server.post(
        "/api/admin/addons",
        json={
            "provider": "webhook",
            "enabled": True,
            "parameters": {"url": "http://127.0.0.1:1/"},
            "events": ["segment-created"],
        },
    )
    assert integration.is_success, integration.text
    started_at = server.last_id()
    assert server.post("/api/admin/segments", json={"name": "one", "constraints": []}).status_code == 201
    event_id = started_at + 1
    path = f"/api/admin/addons/{integration.json()['id']}"

    until_now(lambda: server.get(f"{path}/events").json()["integrationEvents"])
    server.put(f"{path}", json={**server.get(path).json(), "enabled": False})
    server.call(server.services.units.run(SYSTEM, _finish, integration.json()["id"]))
    fill(server, 8_300)
    before = server.get(f"{path}/events").json()
    listed = server.get(f"{path}/deliveries").json()
    wish = {"provider": "webhook", "parameters": {"url": "http://127.0.0.1:1/"}, "events": ["segment-created"]}
    dry = server.post("/api/admin/addons/dry-run", json={**wish, "enabled": True}).json()

    archive(server)

    assert (server.services.reader.now(live.first_id) or 0) > event_id
    assert server.get(f"{path}/events").json() == before
    assert server.get(f"{path}/deliveries").json() == listed
    assert server.post("/api/admin/addons/dry-run", json={**wish, "enabled": True}).json() == dry
    assert dry["total"] > 1_000
    replayed = server.post(f"{path}/deliveries/replay", json={"types": ["segment-created"], "from": "2020-01-01"})
    assert replayed.json()["replayed"] >= 1
    newest = before["integrationEvents"][0]["id"]
    server.put(f"{path}", json={**server.get(path).json(), "enabled": True})
    until_now(lambda: server.get(f"{path}/events").json()["integrationEvents"][0]["id"] != newest)
    again = server.get(f"{path}/events").json()["integrationEvents"][0]
    assert again["event"]["type"] == "segment-created"


def _finish(unit: Any, integration: int) -> None:
    write = Write[Any](
        update(deliveries).where(deliveries.c.integration_id == bindparam("integration")).values(state=bindparam("new"))
    )
    unit.tx.write(write, integration=integration, new="dead")


@pytest.mark.causes("flagkeeper-hold-placed", action="POST /api/admin/log/holds")
@pytest.mark.causes("flagkeeper-hold-lifted", action="DELETE /api/admin/log/holds/{hold}")
def test_a_hold_stops_both_archive_and_pseudonyms(server: TestServer) -> None:
    assert server.get(f"{LOG}/holds").json() == {"holds": []}
    placed = server.post(f"{LOG}/holds", json={"reason": " case 4711 "})
    assert placed.status_code == 201
    hold = placed.json()
    assert (hold["id"], hold["reason"]) == (1, "case 4711")
    assert server.get(f"{LOG}/holds").json() == {"holds": [hold]}
    assert server.get(f"{LOG}/archive").json()["holds"] == [hold]

    for refused in (
        server.post(f"{LOG}/archive/runs"),
        server.post(f"{LOG}/pseudonyms", json={"name": "cli:somebody"}),
    ):
        assert refused.status_code == 409
        assert "hold 1" in refused.json()["message"]
        assert "case 4711" in refused.json()["message"]

    assert server.delete(f"{LOG}/holds/1").status_code == 204
    assert server.delete(f"{LOG}/holds/1").status_code == 404
    assert server.post(f"{LOG}/holds", json={"reason": "again"}).json()["id"] == 2
    events = server.events(limit="3")[::-1]
    assert [event["type"] for event in events] == [
        "flagkeeper-hold-placed",
        "flagkeeper-hold-lifted",
        "flagkeeper-hold-placed",
    ]
    assert events[0]["data"] == events[1]["preData"] == {"id": 1, "reason": "case 4711"}
    for reason in ("", "  ", "x" * 1_001):
        assert server.post(f"{LOG}/holds", json={"reason": reason}).status_code == 400


def nothing_found(server: TestServer, question: str) -> bool:
    return bool(server.get(f"/api/admin/search/events?{question}").json()["total"] == 0)


@pytest.mark.causes("flagkeeper-actor-pseudonymised", action="POST /api/admin/log/pseudonyms")
def test_somebody_who_was_deleted_is_forgotten(server: TestServer) -> None:
    eve = person(server, "eve.adams", "Admin", email="eve@example.com")
    assert server.post("/api/admin/segments", json={"name": "hers", "constraints": []}, token=eve.token).is_success
    flag = {"name": "her-flag", "description": "ask eve.adams"}
    assert server.post("/api/admin/projects/default/features", json=flag, token=eve.token).is_success
    still_there = server.post(f"{LOG}/pseudonyms", json={"userId": eve.id})
    assert (still_there.status_code, "Delete the user first" in still_there.text) == (409, True)
    assert server.delete(f"/api/admin/user-admin/{eve.id}").is_success
    assert server.post(f"{LOG}/pseudonyms", json={"userId": 4_711}).status_code == 404

    asked = server.post(f"{LOG}/pseudonyms", json={"userId": eve.id})

    assert asked.status_code == 202
    assert asked.json()["pseudonym"] == f"former-user-{eve.id}"
    until_now(lambda: server.get(f"{LOG}/pseudonyms").json()["pseudonyms"][0]["finishedAt"])
    (done,) = server.get(f"{LOG}/pseudonyms").json()["pseudonyms"]
    told = server.events(limit="1")[0]
    assert told["type"] == "flagkeeper-actor-pseudonymised"
    assert told["data"] == {"pseudonym": f"former-user-{eve.id}", "userId": eve.id, "events": done["events"]}
    everything = str(server.events())
    assert "eve.adams" not in everything
    assert "eve@example.com" not in everything
    assert f"former-user-{eve.id}" in everything
    for question in ("query=eve.adams", "query=eve@example.com"):
        # The newest events are indexed anew in a moment; an answer is kept for two seconds.
        until_now(partial(nothing_found, server, question))
    assert "eve.adams" not in str(server.get("/api/admin/segments").json())
    assert "eve" not in str(server.get("/api/admin/projects/default/features/her-flag").json()["createdBy"])


def test_only_administrators_may(server: TestServer) -> None:
    editor = person(server, "ed", "Editor")
    for method, path in (
        ("GET", "archive"),
        ("POST", "archive/runs"),
        ("GET", "holds"),
        ("POST", "holds"),
        ("DELETE", "holds/1"),
        ("GET", "pseudonyms"),
        ("POST", "pseudonyms"),
    ):
        assert server.request(method, f"{LOG}/{path}", token=editor.token, json={}).status_code == 403, path
        assert server.request(method, f"{LOG}/{path}", token=None, json={}).status_code == 401, path


def test_scheduled_runs_wait_until_there_is_enough(server: TestServer) -> None:
    server.call(server.services[RETENTION].archive())
    assert server.services.reader.now(store.segments) == []
    assert server.last_id() < jobs.ENOUGH


def test_without_an_archive_nothing_is_promised(host: Host, run: Run, tmp_path: Path) -> None:
    with fresh_sqlite(run, tmp_path, started) as url, TestServer(host, settings_for(url)) as server:
        assert server.get(f"{LOG}/archive").json()["archive"] is None
        refused = server.post(f"{LOG}/archive/runs")
        assert (refused.status_code, "FLAGKEEPER_ARCHIVE" in refused.text) == (403, True)
        server.call(server.services[RETENTION].archive())


def test_an_unfinished_pseudonym_is_gone_on_with(server: TestServer) -> None:
    draft = SegmentDraft(name="s", description=None, constraints=[], project=None)
    server.call(server.services.units.run(Actor("cli:night", -2), segments.create, draft))
    server.call(server.services.units.run(Actor("ops", 1), commands.ask_pseudonym, Person(name="cli:night")))

    def went_on() -> bool:
        try:
            server.call(server.services[RETENTION].go_on())
        except Conflict:  # a job of the server is at it
            return False
        return True

    until_now(went_on)
    told, made = server.events(limit="2")
    assert (told["createdBy"], told["data"]["events"]) == ("ops", 1)
    assert made["createdBy"] == told["data"]["pseudonym"]


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({"FLAGKEEPER_LOG_KEEP_DAYS": "30"}, "set FLAGKEEPER_ARCHIVE"),
        ({"FLAGKEEPER_LOG_KEEP_EVENTS": "30"}, "set FLAGKEEPER_ARCHIVE"),
        ({"FLAGKEEPER_ARCHIVE": "/a", "FLAGKEEPER_LOG_KEEP_DAYS": "0"}, "FLAGKEEPER_LOG_KEEP_DAYS"),
        ({"FLAGKEEPER_ARCHIVE": "/a", "FLAGKEEPER_LOG_KEEP_EVENTS": "many"}, "FLAGKEEPER_LOG_KEEP_EVENTS"),
    ],
)
def test_settings_that_make_no_sense(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(BadData, match=complaint):
        read_settings(environment)
