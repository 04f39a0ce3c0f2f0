"""How the server and its projects get on, over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.access.model import MEMBER
from flagkeeper.features.projects.model import Mode
from flagkeeper.features.projects.ports import PROJECT_PROGRESS
from flagkeeper.kernel import clock
from flagkeeper.readmodels.insights.jobs import look
from flagkeeper.readmodels.insights.model import name_of, week_of
from tests.api.test_applications import report
from tests.api.test_people import give, group
from tests.deliveries import until_now
from tests.people import browser, person
from tests.projects import add_project, set_mode_of
from tests.server import PASSWORD, TestServer

INSIGHTS = "/api/admin/insights"
LIFECYCLE = f"{INSIGHTS}/lifecycle"
LICENSED = "/api/admin/licensed-users"
Json = dict[str, Any]


def make(server: TestServer, project: str, name: str, type_: str = "release") -> None:
    answer = server.post(f"/api/admin/projects/{project}/features", json={"name": name, "type": type_})
    assert answer.status_code == 201, answer.text


def looked(server: TestServer) -> None:
    services = server.services
    server.call(look(services.background_reader, services.answer(PROJECT_PROGRESS), services.units))


def read(server: TestServer, path: str = INSIGHTS, **more: Any) -> Json:
    answer = server.get(path, **more)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def counted(server: TestServer, project: str) -> Json | None:
    """What the follower has added up by now."""
    found = read(server)["creationArchiveTrends"]
    return next((each for each in found if each["project"] == project), None)


def undated(rows: list[Json]) -> list[Json]:
    return [{name: value for name, value in row.items() if name not in ("date", "week")} for row in rows]


def test_how_a_week_went(server: TestServer) -> None:
    ada = person(server, "ada")
    give(server, "default", MEMBER.id, to_group=group(server, "team", ada))
    for name, type_ in (("checkout", "release"), ("basket", "release"), ("lab", "experiment"), ("gone", "release")):
        make(server, "default", name, type_)
    flags = "/api/admin/projects/default/features"
    for place in ("development", "production"):
        assert server.post(f"{flags}/checkout/environments/{place}/on").status_code == 200
    assert server.patch(f"{flags}/basket", json=[{"op": "replace", "path": "/stale", "value": True}]).status_code == 200
    assert server.delete(f"{flags}/gone").status_code == 202
    report(server, "shop", "basket", "lab")
    until_now(lambda: (counted(server, "default") or {}).get("archivedFlags") == 1)
    looked(server)

    found, week = read(server), name_of(week_of(clock.now()))
    assert {row["week"] for rows in found.values() for row in rows if "week" in row} == {week}
    assert undated(found["creationArchiveTrends"]) == [
        {"project": "default", "createdFlags": {"release": 3, "experiment": 1}, "archivedFlags": 1}
    ]
    assert undated(found["flagTrends"]) == [{"total": 3, "active": 2, "stale": 1, "potentiallyStale": 0}]
    (project,) = undated(found["projectFlagTrends"])
    assert project == {
        "project": "default",
        "total": 3,
        "active": 2,
        "stale": 1,
        "potentiallyStale": 0,
        "health": 67,
        "technicalDebt": 33,
        "timeToProduction": 0.0,
        "users": 1,
    }
    (usage,) = undated(found["metricsSummaryTrends"])
    assert (usage["totalFlags"], usage["totalApps"], usage["totalEnvironments"]) == (2, 1, 1)
    assert usage["totalRequests"] == usage["totalYes"] + usage["totalNo"] > 0
    updates = {row["environmentType"]: row["totalUpdates"] for row in found["environmentTypeTrends"]}
    assert updates == {"development": 2, "production": 2}
    assert undated(found["userTrends"]) == [{"total": 2, "active": 0, "inactive": 2}]
    nothing = read(server, params={"from": "2020-01-01", "to": "2020-02-01"})
    assert not any(nothing.values())


def test_a_second_look_takes_the_place_of_the_first(server: TestServer) -> None:
    make(server, "default", "one")
    looked(server)
    make(server, "default", "two")
    with browser(server, "admin", PASSWORD):
        looked(server)
    found = read(server)
    assert [row["total"] for row in found["projectFlagTrends"]] == [2]
    assert undated(found["userTrends"]) == [{"total": 1, "active": 1, "inactive": 0}]


def test_a_project_that_is_deleted_takes_its_weeks_with_it(server: TestServer) -> None:
    assert server.post("/api/admin/projects", json={"id": "web", "name": "Web"}).status_code == 201
    make(server, "web", "flag")
    until_now(lambda: counted(server, "web") is not None)
    looked(server)
    assert server.delete("/api/admin/projects/web/features/flag").status_code == 202
    assert server.delete("/api/admin/projects/web").status_code == 200
    found = read(server)
    assert not [row for rows in found.values() for row in rows if row.get("project") == "web"]
    assert server.post("/api/admin/projects", json={"id": "web", "name": "Web"}).status_code == 201
    make(server, "web", "another")
    until_now(lambda: (counted(server, "web") or {}).get("createdFlags") == {"release": 1})
    assert (counted(server, "web") or {})["archivedFlags"] == 0


def test_what_is_told_of_projects_is_told_of_those_that_one_may_know(server: TestServer) -> None:
    """Also in sums over all of them, and in the lives of flags."""
    make(server, "default", "lantern")
    outsider, member = person(server, "outsider"), person(server, "member")
    until_now(lambda: counted(server, "default") is not None)
    looked(server)
    before = [read(server, path, token=outsider.token) for path in (INSIGHTS, LIFECYCLE)]

    add_project(server, "hush")
    set_mode_of(server, "hush", Mode.PRIVATE)
    give(server, "hush", MEMBER.id, to_group=group(server, "team", member))
    make(server, "hush", "secret-plan")
    assert server.post("/api/admin/projects/hush/features/secret-plan/environments/development/on").status_code == 200
    report(server, "shop", "secret-plan")
    until_now(lambda: counted(server, "hush") is not None)
    looked(server)

    def dateless(found: Json) -> Json:
        return {name: undated(rows) if isinstance(rows, list) else rows for name, rows in found.items()}

    after = [read(server, path, token=outsider.token) for path in (INSIGHTS, LIFECYCLE)]
    assert list(map(dateless, after)) == list(map(dateless, before))
    members = read(server, token=member.token)
    assert {row["project"] for row in members["projectFlagTrends"]} == {"default", "hush"}
    assert read(server, LIFECYCLE, token=member.token)["lifecycleTrends"]["develop"]["totalFlags"] == 2
    only = read(server, LIFECYCLE, params={"projects": "hush,none"}, token=outsider.token)
    assert only["lifecycleTrends"]["develop"]["totalFlags"] == 0


def test_the_life_of_flags(server: TestServer) -> None:
    for name, type_ in (("one", "release"), ("two", "experiment"), ("three", "kill-switch")):
        make(server, "default", name, type_)
    done = server.post("/api/admin/projects/default/features/one/lifecycle/complete", json={"status": "kept"})
    assert done.status_code == 200, done.text
    found = read(server, LIFECYCLE)["lifecycleTrends"]
    assert {name: each["totalFlags"] for name, each in found.items()} == {"develop": 2, "production": 0, "cleanup": 1}
    assert found["develop"]["categories"] == {
        "experimental": {"flagsOlderThanWeek": 0, "newFlagsThisWeek": 1},
        "release": {"flagsOlderThanWeek": 0, "newFlagsThisWeek": 0},
        "permanent": {"flagsOlderThanWeek": 0, "newFlagsThisWeek": 1},
    }


def test_how_many_people_are_active(server: TestServer) -> None:
    person(server, "asleep")
    with browser(server, "admin", PASSWORD):
        found = read(server, LICENSED)
        assert (found["seatCount"], found["licensedUsers"]["current"]) == (0, 1)
        looked(server)
        (day,) = read(server, LICENSED)["licensedUsers"]["history"]
        assert day["count"] == 1
    viewer = person(server, "viewer")
    assert server.get(LICENSED, token=viewer.token).status_code == 403


@pytest.mark.parametrize(
    "query", ["from=2026-11-31", "from=yesterday", "to=2026-01-01&from=2026-02-01", "since=2026-01-01"]
)
def test_periods_that_are_none(server: TestServer, query: str) -> None:
    answer = server.get(f"{INSIGHTS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["details"]
