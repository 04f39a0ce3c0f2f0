"""Projects and their environments over HTTP."""

from typing import Any

import pytest

from flagkeeper.features.access.commands import grant
from flagkeeper.features.access.model import MEMBER, OWNER
from flagkeeper.kernel.actor import SYSTEM
from tests.people import person
from tests.server import BACKEND, TestServer

FLAGS = "/api/admin/projects/default/features"
ENVIRONMENTS = "/api/admin/projects/default/environments"
PATH = "/api/admin/projects/{projectId}/environments"
DEFAULT_STRATEGY = f"{ENVIRONMENTS}/production/default-strategy"
ROLLOUT = {"name": "flexibleRollout", "parameters": {"rollout": "25", "stickiness": "userId"}}


def visible(server: TestServer) -> list[str]:
    found = server.get("/api/admin/environments/project/default").json()["environments"]
    return [each["name"] for each in found if each["visible"]]


def a_flag(server: TestServer, name: str) -> None:
    assert server.post("/api/admin/projects/default/features", json={"name": name}).status_code == 201


def turn_on(server: TestServer, name: str, environment: str) -> None:
    path = f"/api/admin/projects/default/features/{name}/environments/{environment}/on"
    assert server.post(path).status_code == 200


def in_environment(server: TestServer, name: str, environment: str) -> dict[str, Any] | None:
    flag = server.get(f"/api/admin/projects/default/features/{name}").json()
    return next((each for each in flag["environments"] if each["name"] == environment), None)


def test_all_projects(server: TestServer) -> None:
    answer = server.get("/api/admin/projects")
    assert answer.status_code == 200
    (project,) = answer.json()["projects"]
    assert answer.json()["version"] == 1
    assert (project["id"], project["name"], project["mode"]) == ("default", "Default", "open")
    assert (project["health"], project["technicalDebt"], project["featureCount"]) == (100, 0, 0)
    assert (project["archivedAt"], project["lastReportedFlagUsage"]) == (None, None)
    assert project["owners"] == [{"ownerType": "system"}]
    assert server.get("/api/admin/projects?archived=true").json()["projects"] == []
    assert server.get("/api/admin/projects?archived=perhaps").status_code == 400


def test_flags_count_and_stale_ones_cost_health(server: TestServer) -> None:
    for name in ("a", "b", "c", "d", "gone"):
        a_flag(server, name)
    server.post("/api/admin/projects/default/stale", json={"features": ["a"], "stale": True})
    server.delete("/api/admin/projects/default/features/gone")
    (project,) = server.get("/api/admin/projects").json()["projects"]
    assert (project["featureCount"], project["staleFeatureCount"], project["health"]) == (4, 1, 75)
    assert project["technicalDebt"] == 25
    assert project["lastUpdatedAt"] == server.events()[0]["createdAt"]


@pytest.mark.causes(
    "project-environment-removed", action="DELETE /api/admin/projects/{projectId}/environments/{environment}"
)
@pytest.mark.causes("project-environment-added", action="POST /api/admin/projects/{projectId}/environments")
def test_an_environment_goes_and_comes_back_empty(server: TestServer) -> None:
    a_flag(server, "checkout")
    turn_on(server, "checkout", "production")
    before = server.last_id()

    assert server.delete(f"{ENVIRONMENTS}/production").status_code == 200
    assert visible(server) == ["development"]
    assert in_environment(server, "checkout", "production") is None
    *lost, removed = server.events_after(before)
    assert {(each["featureName"], each["environment"]) for each in lost} == {("checkout", "production")}
    assert "feature-strategy-remove" in {each["type"] for each in lost}
    assert (removed["type"], removed["project"], removed["environment"]) == (
        "project-environment-removed",
        "default",
        "production",
    )

    assert server.post(ENVIRONMENTS, json={"environment": "production"}).status_code == 200
    assert visible(server) == ["development", "production"]
    found = in_environment(server, "checkout", "production")
    assert found is not None
    assert (found["enabled"], found["strategies"]) == (False, [])
    added = server.events_after(removed["id"])[-1]
    assert (added["type"], added["project"], added["environment"], added["data"]) == (
        "project-environment-added",
        "default",
        "production",
        None,
    )


def test_the_variants_of_flags_go_with_an_environment_and_events_say_so(server: TestServer) -> None:
    variants = [{"name": "a", "weight": 1000, "weightType": "variable", "stickiness": "default"}]
    for name in ("archived", "bare", "varied"):
        a_flag(server, name)
        if name != "bare":
            body = {"environments": ["development", "production"], "variants": variants}
            assert server.put(f"{FLAGS}/{name}/variants-batch", json=body).status_code == 200
    assert server.delete(f"{FLAGS}/archived").status_code == 202
    before = server.last_id()

    assert server.delete(f"{ENVIRONMENTS}/production").status_code == 200

    *lost, _ = server.events_after(before)
    assert [(each["type"], each["featureName"], each["environment"]) for each in lost] == [
        ("feature-environment-variants-updated", name, "production") for name in ("archived", "varied")
    ]
    assert all((each["preData"], each["data"]) == ({"variants": variants}, {"variants": []}) for each in lost)
    assert server.get(f"{FLAGS}/varied/variants").json()["variants"] == variants, "the other environment keeps them"
    assert server.post(ENVIRONMENTS, json={"environment": "production"}).status_code == 200
    assert server.get(f"{FLAGS}/varied/environments/production/variants").json()["variants"] == []


def test_a_project_keeps_one_environment(server: TestServer) -> None:
    server.delete(f"{ENVIRONMENTS}/production")
    before = server.last_id()
    answer = server.delete(f"{ENVIRONMENTS}/development")
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")
    assert server.last_id() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"environment": "production"}, 409),
        ({"environment": "nowhere"}, 404),
        ({"environment": ["production"]}, 400),
        ({}, 400),
    ],
)
def test_an_environment_that_cannot_be_added(server: TestServer, body: object, status: int) -> None:
    before = server.last_id()
    answer = server.post(ENVIRONMENTS, json=body)
    assert answer.status_code == status
    assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


def test_unknown_projects_and_environments(server: TestServer) -> None:
    assert server.delete(f"{ENVIRONMENTS}/nowhere").status_code == 404
    nobody = "/api/admin/projects/nobody/environments"
    assert server.post(nobody, json={"environment": "production"}).status_code == 404
    assert server.delete(f"{nobody}/production").status_code == 404
    assert server.post(f"{nobody}/production/default-strategy", json=ROLLOUT).status_code == 404
    assert server.post(f"{ENVIRONMENTS}/nowhere/default-strategy", json=ROLLOUT).status_code == 404


@pytest.mark.causes(
    "default-strategy-updated",
    action="POST /api/admin/projects/{projectId}/environments/{environment}/default-strategy",
)
def test_a_default_strategy_is_what_flags_get(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(DEFAULT_STRATEGY, json=ROLLOUT)
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["parameters"]) == ("flexibleRollout", ROLLOUT["parameters"])
    server.post(DEFAULT_STRATEGY, json=ROLLOUT)
    server.post(DEFAULT_STRATEGY, json={**ROLLOUT, "title": "Careful"})

    first, second = server.events_after(before)
    assert (first["type"], first["environment"], first["preData"]) == ("default-strategy-updated", "production", None)
    assert first["data"] == answer.json()
    assert (second["preData"], second["data"]["title"]) == (first["data"], "Careful")

    a_flag(server, "checkout")
    turn_on(server, "checkout", "production")
    found = in_environment(server, "checkout", "production")
    assert found is not None
    (strategy,) = found["strategies"]
    assert strategy["title"] == "Careful"
    assert strategy["parameters"] == {"rollout": "25", "stickiness": "userId", "groupId": "checkout"}
    production = server.get("/api/admin/environments/project/default").json()["environments"][1]
    assert production["defaultStrategy"] == second["data"]


def test_an_environment_can_come_with_its_default_strategy(server: TestServer) -> None:
    server.delete(f"{ENVIRONMENTS}/production")
    body = {"environment": "production", "defaultStrategy": ROLLOUT}
    assert server.post(ENVIRONMENTS, json=body).status_code == 200
    production = server.get("/api/admin/environments/project/default").json()["environments"][1]
    assert production["defaultStrategy"]["parameters"] == ROLLOUT["parameters"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"name": "default"}, 400),
        ({"parameters": {"rollout": "101"}}, 400),
        ({"parameters": {"rollout": [25]}}, 400),
        ({"constraints": [{"contextName": "userId", "operator": "NEAR", "values": ["1"]}]}, 400),
        ({"constraints": "none"}, 400),
        ({"segments": [99]}, 404),
        ({"segments": ["a"]}, 400),
    ],
)
def test_a_default_strategy_keeps_the_rules(server: TestServer, changes: dict[str, Any], status: int) -> None:
    before = server.last_id()
    answer = server.post(DEFAULT_STRATEGY, json={**ROLLOUT, **changes})
    assert answer.status_code == status, answer.text
    assert {"id", "name", "message", "details"} <= answer.json().keys()
    assert server.last_id() == before


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    viewer, editor = person(server, "viewer").token, person(server, "editor", "Editor").token
    before = server.last_id()
    for method, path, body in (
        ("DELETE", f"{ENVIRONMENTS}/production", None),
        ("POST", ENVIRONMENTS, {"environment": "production"}),
        ("POST", DEFAULT_STRATEGY, ROLLOUT),
    ):
        more: dict[str, Any] = {} if body is None else {"json": body}
        for token in (viewer, BACKEND):
            assert server.request(method, path, token=token, **more).status_code == 403
        assert server.request(method, path, token=None, **more).status_code == 401
    assert server.events_after(before) == []
    assert server.get("/api/admin/projects", token=viewer).status_code == 200
    assert server.get("/api/admin/projects", token=None).status_code == 401

    assert server.post(DEFAULT_STRATEGY, json=ROLLOUT, token=editor).status_code == 200
    (changed,) = server.events_after(before)
    assert (changed["createdBy"], changed["ip"]) == ("editor", "127.0.0.1")


def test_members_are_counted_and_owners_named(server: TestServer) -> None:
    services = server.services
    for name, role in (("owner", OWNER.id), ("member", MEMBER.id)):
        user = person(server, name)
        server.call(services.units.run(SYSTEM, grant, "default", user.id, role))
    (project,) = server.get("/api/admin/projects").json()["projects"]
    assert project["memberCount"] == 2
    (owner,) = project["owners"]
    assert (owner["ownerType"], owner["name"]) == ("user", "owner")
    assert owner["imageUrl"].startswith("https://gravatar.com/avatar/")
