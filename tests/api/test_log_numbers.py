"""Counts, the timeline and what changed, over HTTP. What they work out is tested in tests/db/test_event_numbers.py."""

from typing import Any

import pytest

from flagkeeper.kernel import clock
from tests.server import TestServer

LOG = "/api/admin/log"
FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def flags(server: TestServer) -> list[str]:
    names = ["alpha", "beta", "gamma"]
    for name in names:
        assert server.post(FLAGS, json={"name": name, "description": "x" * 500}).status_code == 201
    for environment in ("development", "production"):
        server.post(f"{FLAGS}/alpha/environments/{environment}/on")
    return names


def ask(server: TestServer, path: str, **parameters: str) -> dict[str, Any]:
    answer = server.get(f"{LOG}/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(server: TestServer, link: str) -> list[int]:
    answer = server.get(link + "&limit=1000")
    assert answer.status_code == 200, answer.text
    return [event["id"] for event in answer.json()["events"]]


def test_counts_for_filter_lists_and_charts(server: TestServer, flags: list[str]) -> None:
    found = ask(server, "counts", by="type,flag, environment,actor,user,project", q="type:feature-*", bucket="hour")
    assert found["total"]["events"] == sum(found["total"]["counts"]) == 7
    assert len(found["buckets"]) == len(found["total"]["counts"])
    values = {name: {each["value"]: each["events"] for each in of["values"]} for name, of in found["by"].items()}
    assert values["type"] == {"feature-created": 3, "feature-environment-enabled": 2, "feature-strategy-add": 2}
    assert values["flag"] == {"alpha": 5, "beta": 1, "gamma": 1}
    assert values["environment"] == {"development": 2, "production": 2}
    assert found["by"]["environment"]["without"]["events"] == 3
    assert values["user"] == {"-42": 7}
    assert values["actor"] == {"admin": 7}
    assert values["project"] == {"default": 7}


def test_counts_of_days(server: TestServer, flags: list[str]) -> None:
    today = clock.to_iso(clock.now())[:10]
    found = ask(server, "counts", **{"from": "IS:2026-01-01", "to": "IS:2026-01-31", "bucket": "day"})
    assert (len(found["buckets"]), found["total"]["events"]) == (31, 0)
    assert (found["from"], found["to"]) == ("2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z")
    found = ask(server, "counts", **{"from": f"IS:{today}", "bucket": "week"})
    assert len(found["buckets"]) == 1
    assert found["buckets"][0] <= found["from"]
    assert found["total"]["events"] == len(server.events())
    assert ask(server, "counts", q="since:0001-01-01", bucket="total")["total"] == found["total"]


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"by": "type,colour"}, "/query/by"),
        ({"q": "since:1990-01-01", "bucket": "hour"}, "/query/bucket"),
        ({"q": "since:2024-01-01", "by": "type", "limit": "1000"}, "/query/limit"),
        ({"q": "since:yesterday"}, "/query/q"),
        ({"from": "2026-01-01"}, "/query/from"),
    ],
)
def test_counts_that_cannot_be(server: TestServer, parameters: dict[str, str], path: str) -> None:
    answer = server.get(f"{LOG}/counts", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["details"][0]["path"] == path
    assert server.get(f"{LOG}/counts", params={"bucket": "month"}).status_code == 400


def test_the_timeline_shows_an_environment_and_what_belongs_to_none(server: TestServer, flags: list[str]) -> None:
    found = ask(server, "timeline", environment="production", span="48h")
    (group,) = found["groups"]
    assert found["total"] == group["total"] == 5
    assert group["types"] == {"feature-created": 3, "feature-environment-enabled": 1, "feature-strategy-add": 1}
    assert (group["tone"], group["icon"]) == ("neutral", "several")
    assert {each["environment"] for each in group["events"]} == {None, "production"}
    assert len(listed(server, group["link"])) == 5
    assert "environment-created" not in group["types"], "not marked in the catalogue"
    assert ask(server, "timeline", span="48h")["total"] == 7
    only = ask(server, "timeline", span="48h", q="type:feature-environment-enabled", environment="production")
    assert (only["groups"][0]["tone"], only["groups"][0]["icon"]) == ("on", "on")


def test_the_timeline_of_another_time(server: TestServer, flags: list[str]) -> None:
    found = ask(server, "timeline", to="2026-01-02T03:00:00+01:00", span="1h")
    assert (found["from"], found["to"]) == ("2026-01-02T01:00:00.000Z", "2026-01-02T02:00:00.000Z")
    assert (found["total"], found["groups"]) == (0, [])
    assert ask(server, "timeline", to="1970-01-01", span="366d")["groups"] == []
    soon = clock.to_iso(clock.now() + clock.MINUTE)
    (group,) = ask(server, "timeline", to=soon, span="1h")["groups"]
    assert 97 < group["position"] < 100


@pytest.mark.parametrize(
    ("path", "parameters", "where"),
    [
        ("timeline", {"span": "5y"}, "/query/span"),
        ("timeline", {"span": "0m"}, "/query/span"),
        ("timeline", {"span": "400d"}, "/query/span"),
        ("timeline", {"span": "٣h"}, "/query/span"),
        ("timeline", {"to": "tomorrow"}, "/query/to"),
        ("timeline", {"to": "9999-12-31"}, "/query/to"),
        ("what-changed", {"at": "2026-02-30T00:00:00Z"}, "/query/at"),
        ("what-changed", {"at": "0001-01-01T00:00:00+14:00"}, "/query/at"),
        ("what-changed", {"window": "32d"}, "/query/window"),
        ("what-changed", {"q": "wat:x"}, "/query/q"),
    ],
)
def test_times_that_cannot_be(server: TestServer, path: str, parameters: dict[str, str], where: str) -> None:
    answer = server.get(f"{LOG}/{path}", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["details"][0]["path"] == where


def test_what_changed_is_told_by_request_with_what_differs(server: TestServer, flags: list[str]) -> None:
    server.post("/api/admin/features/beta/tags", json={"type": "simple", "value": "red"})
    found = ask(server, "what-changed", environment="production")
    types = [[each["event"]["type"] for each in entry["events"]] for entry in found["entries"]]
    assert types[:2] == [["tag-created", "feature-tagged"], ["feature-strategy-add", "feature-environment-enabled"]]
    on = found["entries"][1]
    assert (on["key"], on["total"], on["createdBy"]) == (True, 2, "admin")
    assert on["secondsBefore"] >= 0
    assert "+ parameters.rollout: 100" in [line["text"] for line in on["events"][0]["lines"]]
    assert on["events"][0]["event"]["parts"]["changes"][0]["path"] == "parameters.rollout"
    assert listed(server, on["link"]) == [each["event"]["id"] for each in reversed(on["events"])]
    assert server.get(on["events"][0]["event"]["permalink"].removeprefix("http://flagkeeper.test")).status_code == 200
    created = next(
        each for entry in found["entries"] for each in entry["events"] if each["event"]["featureName"] == "gamma"
    )
    assert max(len(line["text"]) for line in created["lines"]) == 200
    keys = [entry["key"] for entry in found["entries"]]
    assert keys == sorted(keys, reverse=True)
    assert found["leftOut"]["events"] == 0


def test_what_was_left_out_can_be_listed(server: TestServer, flags: list[str]) -> None:
    found = ask(server, "what-changed", limit="2")
    every = listed(server, found["leftOut"]["link"])
    assert len(found["entries"]) == 2
    assert found["leftOut"]["events"] == len(every) - sum(entry["total"] for entry in found["entries"]) > 0
    assert [each["id"] for each in ask(server, "events", q=found["leftOut"]["query"], limit="1000")["events"]] == every


def test_what_changed_around_an_earlier_moment(server: TestServer, flags: list[str]) -> None:
    created = server.events(type="IS:feature-created")[-1]["createdAt"]
    found = ask(server, "what-changed", at=created, window="1m")
    first, *_ = found["entries"]
    assert first["createdAt"] == created
    assert any(entry["secondsBefore"] < 0 for entry in found["entries"]), "what followed at once is shown too"
    assert ask(server, "what-changed", at="2026-01-01T00:00:00Z")["entries"] == []
