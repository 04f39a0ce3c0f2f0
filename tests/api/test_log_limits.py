"""What is shown of large groups, long texts and many requests: exactly as much as is promised, and what is left out
is counted."""

from typing import Any

import pytest

from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentEnabled
from flagkeeper.eventlog.unit import Unit
from flagkeeper.readmodels.event_search import permalink
from flagkeeper.readmodels.timeline import what_changed
from tests.sdk import run
from tests.server import TestServer

PROJECT = "/api/admin/projects/default"
FLAGS = f"{PROJECT}/features"
LOG = "/api/admin/log"


def make(server: TestServer, *names: str) -> None:
    for name in names:
        assert server.post(FLAGS, json={"name": name}).status_code == 201


def together(server: TestServer, count: int) -> list[int]:
    """The ids of so many events of one request."""
    names = [f"flag-{number:02}" for number in range(count)]
    make(server, *names)
    before = server.last_id()
    assert server.post(f"{PROJECT}/stale", json={"features": names, "stale": True}).is_success
    found = [event["id"] for event in server.events_after(before)]
    assert len(found) == count
    return found


def ask(server: TestServer, path: str) -> Any:
    answer = server.get(f"{LOG}/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("count", [2, 5, 6, 7])
def test_the_group_of_an_event(server: TestServer, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Not itself, the oldest first, five at most here; and how many there are in all."""
    assert permalink.MOST_IN_GROUP == 50
    monkeypatch.setattr(permalink, "MOST_IN_GROUP", 5)
    ids = together(server, count)
    for own in (ids[0], ids[len(ids) // 2], ids[-1]):
        group = ask(server, f"events/{own}")["group"]
        assert [each["id"] for each in group["others"]] == [each for each in ids if each != own][:5]
        assert group["total"] == count
        listed = server.get(group["link"]).json()["events"]
        assert [each["id"] for each in listed] == ids[::-1]


@pytest.mark.parametrize("count", [1, 4, 5, 6, 12])
def test_the_events_of_one_entry(server: TestServer, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    assert what_changed.MOST_EVENTS == 10
    monkeypatch.setattr(what_changed, "MOST_EVENTS", 5)
    ids = together(server, count)
    entry = ask(server, "what-changed?limit=1")["entries"][0]
    shown = [each["event"]["id"] for each in entry["events"]]
    assert entry["total"] == count
    assert len(shown) == min(count, 5)
    assert shown == sorted(shown)
    assert set(shown) <= set(ids)
    assert shown[: min(count, 5) - 1] == ids[: min(count, 5) - 1]
    assert ids[-1] in shown, "what led here is shown"


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_every_request_is_an_entry_once(server: TestServer, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    """However few are found at a time; those that clients may have noticed come first."""
    monkeypatch.setattr(what_changed, "_BATCH", batch)
    together(server, 3)
    for name in ("staff", "people"):
        assert server.post("/api/admin/tag-types", json={"name": name, "description": ""}).status_code == 201
    found = ask(server, "what-changed?limit=100")
    groups = [entry["groupId"] for entry in found["entries"]]
    assert len(groups) == len(set(groups))
    keys = [entry["key"] for entry in found["entries"]]
    assert keys == sorted(keys, reverse=True)
    assert {True, False} == set(keys)
    for key in (True, False):
        moments = [entry["createdAt"] for entry in found["entries"] if entry["key"] is key]
        assert moments == sorted(moments, reverse=True)
    assert sum(entry["total"] for entry in found["entries"]) == server.last_id()
    assert found["leftOut"]["events"] == 0
    assert sum(len(entry["events"]) for entry in found["entries"][:1]) == 3


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_what_is_left_out_is_counted(server: TestServer, limit: int) -> None:
    together(server, 3)
    found = ask(server, f"what-changed?limit={limit}")
    assert len(found["entries"]) == limit
    shown = sum(entry["total"] for entry in found["entries"])
    assert found["leftOut"]["events"] == server.last_id() - shown > 0


def newest(server: TestServer) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """Of the newest event all lines, those that are shown among what changed, and whether there are more."""
    whole = ask(server, f"events/{server.last_id()}")["diff"]["lines"]
    (event,) = ask(server, "what-changed?limit=1")["entries"][0]["events"]
    return whole, event["lines"], event["moreLines"]


@pytest.mark.parametrize("length", [199, 200, 201, 300])
def test_long_lines_are_cut(server: TestServer, length: int) -> None:
    """To exactly 200 characters, the last of which says so."""
    make(server, "lantern")

    def describe(text: str) -> None:
        operations = [{"op": "replace", "path": "/description", "value": text}]
        assert server.patch(f"{FLAGS}/lantern", json=operations).is_success

    describe("")
    describe("x")
    around = len(newest(server)[0][0]["text"]) - 1
    describe("")
    describe("y" * (length - around))
    whole, shown, _ = newest(server)
    assert max(len(line["text"]) for line in whole) == length
    assert [line["text"] for line in shown] == [
        line["text"] if len(line["text"]) <= 200 else line["text"][:199] + "…" for line in whole
    ]


@pytest.mark.parametrize("room", [-1, 0, 1])
def test_many_lines_are_cut(server: TestServer, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """With room for as many lines as there are, or one more or less."""
    assert what_changed.MOST_LINES == 20
    make(server, "lantern")
    strategy = {"name": "flexibleRollout", "parameters": {"rollout": "5"}}
    assert server.post(f"{FLAGS}/lantern/environments/development/strategies", json=strategy).is_success
    lines = len(newest(server)[0])
    assert lines > 2
    monkeypatch.setattr(what_changed, "MOST_LINES", lines + room)
    whole, shown, more = newest(server)
    assert shown == whole[: lines + room]
    assert more is (room < 0)


LARGEST = 2**63 - 1


def test_numbers_in_questions_have_bounds(server: TestServer) -> None:
    for path, name, smallest, largest in (
        ("events", "limit", 1, 1_000),
        ("events", "offset", 0, LARGEST),
        ("events", "around", 1, 2**32),
        ("counts", "limit", 1, 1_000),
        ("timeline", "marks", 1, 200),
        ("what-changed", "limit", 1, 100),
        ("export", "after", 0, 2**62),
        ("export", "limit", 1, 2**62),
    ):
        for value in (smallest, largest):
            assert server.get(f"{LOG}/{path}", params={name: value}).status_code == 200, (path, name, value)
        for value in (smallest - 1, largest + 1):
            answer = server.get(f"{LOG}/{path}", params={name: value})
            assert answer.status_code == 400, (path, name, value)
            assert answer.json()["details"][0]["path"] == f"/query/{name}"
    for name, smallest, largest in (("limit", 1, 100), ("offset", 0, LARGEST)):
        for value, status in ((smallest, 200), (largest, 200), (smallest - 1, 400), (largest + 1, 400)):
            assert server.post("/api/admin/events/search", json={name: value}).status_code == status, (name, value)
    for value in (-1, LARGEST + 1):
        assert server.get(f"{LOG}/stream", params={"after": value}).status_code == 400


def test_so_many_are_shown_to_those_who_say_no_number(server: TestServer) -> None:
    run(server, enable, 120)
    make(server, *(f"made-{number:02}" for number in range(21)))
    shown = {path: len(server.get(f"/api/admin/{path}").json()["events"]) for path in ("search/events", "log/events")}
    assert shown == {"search/events": 50, "log/events": 50}
    assert len(server.get("/api/admin/events").json()["events"]) == 100
    assert len(server.post("/api/admin/events/search", json={}).json()["events"]) == 100
    assert len(ask(server, "what-changed")["entries"]) == 20
    by_flag = ask(server, "counts?by=flag")["by"]["flag"]
    assert (len(by_flag["values"]), by_flag["others"]["values"]) == (50, 91)


def enable(unit: Unit, count: int) -> None:
    for number in range(count):
        unit.record(FeatureEnvironmentEnabled(feature_name=f"f{number}", project="default", environment="development"))


def test_time_begins_in_1970(server: TestServer) -> None:
    """However far back one looks from there; and a timeline has a length."""
    first = "1970-01-01T00:00:00.000Z"
    for path, start, end in (
        ("timeline?to=1970-01-01T00:10:00Z", first, "1970-01-01T00:10:00.000Z"),
        ("timeline?to=1970-01-01T00:40:00Z", "1970-01-01T00:10:00.000Z", "1970-01-01T00:40:00.000Z"),
        ("timeline?to=1970-01-01", first, "1970-01-01T00:00:00.001Z"),
        ("what-changed?at=1970-01-01T00:10:00Z", first, "1970-01-01T00:12:00.000Z"),
    ):
        found = ask(server, path)
        assert (found["from"], found["to"]) == (start, end), path
