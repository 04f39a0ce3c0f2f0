"""Finding flags over HTTP: what a page says, and that every change is found at once."""

from typing import Any

from sqlalchemy import insert

from flagkeeper.eventlog.log_signal import LogSignal
from flagkeeper.eventlog.unit import Units
from flagkeeper.features.flags.commands import metadata
from flagkeeper.features.flags.model.flag import FlagChange
from flagkeeper.features.flags.queries import tags_of_flags
from flagkeeper.features.usage.slice import USAGE
from flagkeeper.features.usage.tables import client_metrics
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import Actor
from flagkeeper.storage.database import parse_database_url
from flagkeeper.storage.statement import Write
from tests.people import person
from tests.sdk import run
from tests.server import BACKEND, TestServer

FLAGS = "/api/admin/projects/default/features"
_COUNTED = Write[None](insert(client_metrics))


def found(server: TestServer, query: str = "", **more: Any) -> list[str]:
    answer = server.get(f"/api/admin/search/features?sortBy=name&{query}", **more)
    assert answer.status_code == 200, answer.text
    return [flag["name"] for flag in answer.json()["features"]]


def test_a_page_of_flags(server: TestServer) -> None:
    for name in ("a", "b", "c"):
        body = {"name": name, "type": "experiment", "tags": [{"type": "simple", "value": "seen"}]}
        assert server.post(FLAGS, json=body).status_code == 201
    segment = server.post("/api/admin/segments", json={"name": "beta", "constraints": []}).json()["id"]
    place = f"{FLAGS}/b/environments/development"
    server.post(f"{place}/strategies", json={"name": "default", "segments": [segment]})
    server.post(f"{place}/on")
    server.post(f"{FLAGS}/b/dependencies", json={"feature": "c"})
    now = clock.to_iso(clock.now())
    bucket = {"start": now, "stop": now, "toggles": {"b": {"yes": 3, "no": 1}}}
    server.post("/api/client/metrics", json={"appName": "x", "bucket": bucket}, token=BACKEND)
    server.call(server.services[USAGE].flush())
    hour = clock.now() // clock.HOUR * clock.HOUR
    for span, start in (("hour", hour - clock.HOUR), ("day", hour)):
        where = {"feature_name": "b", "environment": "development", "app_name": "y", "span": span, "start": start}
        run(server, lambda unit, row=where: unit.tx.write(_COUNTED, **row, yes=9, no=9))
    anna = person(server, "anna").token
    server.post(f"{FLAGS}/b/favorites", json={}, token=anna)

    path = "/api/admin/search/features?favoritesFirst=true&limit=2&offset=0&query=A,b,c&lastSeenAt=oops"
    assert server.get(path).json()["details"][0]["path"] == "/query/lastSeenAt"
    page = server.get("/api/admin/search/features?favoritesFirst=true&limit=2", token=anna).json()
    assert (page["total"], [flag["name"] for flag in page["features"]]) == (3, ["b", "a"])
    flag = page["features"][0]
    detail = server.get(f"{FLAGS}/b", token=anna).json()
    same = ("name", "type", "project", "description", "stale", "impressionData", "createdAt", "createdBy", "favorite")
    assert {key: flag[key] for key in (*same, "lifecycle", "tags")} == {
        key: detail[key] for key in (*same, "lifecycle", "tags")
    }
    assert (flag["archivedAt"], flag["dependencyType"], flag["segments"]) == (None, "child", ["beta"])
    assert flag["environments"] == [
        {key: value for key, value in each.items() if key not in ("strategies", "environment", "featureName")}
        for each in detail["environments"]
    ]
    kinds = {
        each["name"]: each["dependencyType"] for each in server.get("/api/admin/search/features").json()["features"]
    }
    assert kinds == {"a": None, "b": "child", "c": "parent"}
    assert found(server, "limit=2&offset=2") == ["c"]
    assert found(server, "offset=9") == []


def test_every_change_is_found_at_once(server: TestServer) -> None:
    """Also one that another server made on the same database."""
    assert found(server) == []
    for name in ("a", "b"):
        server.post(FLAGS, json={"name": name})
        assert name in found(server)
    steps: list[tuple[str, str, Any, str, list[str]]] = [
        ("PUT", f"{FLAGS}/a", {"description": "The Cart"}, "query=cart", ["a"]),
        ("PUT", f"{FLAGS}/a", {"type": "experiment"}, "type=IS:experiment", ["a"]),
        ("POST", "/api/admin/features/a/tags", {"type": "simple", "value": "xx"}, "tag=INCLUDE:simple:xx", ["a"]),
        ("DELETE", "/api/admin/tag-types/simple", None, "tag=INCLUDE:simple:xx", []),
        ("POST", f"{FLAGS}/a/environments/development/on", None, "status[]=development:enabled", ["a"]),
        ("POST", "/api/admin/projects/default/stale", {"features": ["a"], "stale": True}, "state=IS:stale", ["a"]),
        ("POST", f"{FLAGS}/a/lifecycle/complete", {"status": "kept"}, "lifecycle=IS:completed", ["a"]),
        ("DELETE", "/api/admin/projects/default/environments/development", None, "status=development:enabled", []),
        ("DELETE", f"{FLAGS}/a", None, "", ["b"]),
        ("GET", FLAGS, None, "archived=IS:true", ["a"]),
        ("DELETE", "/api/admin/archive/a", None, "archived=IS:true", []),
    ]
    for method, path, body, query, names in steps:
        answer = server.request(method, path, json=body)
        assert answer.status_code < 300, (path, answer.text)
        assert found(server, query) == names, (path, query)
    other = Units(parse_database_url(server.settings.database_url), LogSignal(), tags_of_flags)
    other.writer.start()
    other.run_now(Actor("other", 9), metadata.update, "default", "b", FlagChange(description="from elsewhere"))
    other.writer.stop()
    assert found(server, "query=elsewhere") == ["b"]
