"""Flags that move from one project to another."""

from typing import Any

import pytest

from flagkeeper.readmodels.client_features.slice import CLIENT_FEATURES_RUNNER
from tests.people import person
from tests.projects import token_for
from tests.server import TestServer

PROJECTS = "/api/admin/projects"
FLAGS = f"{PROJECTS}/default/features"
ROLLOUT = {"name": "flexibleRollout", "parameters": {"rollout": "25", "stickiness": "userId"}}


@pytest.fixture(autouse=True)
def shop(server: TestServer) -> None:
    """A flag, and a project that has one environment of two, and one that others do not have."""
    assert server.post("/api/admin/environments", json={"name": "staging", "type": "test"}).status_code == 201
    project = {"name": "Shop", "id": "shop", "environments": ["development", "staging"]}
    assert server.post(PROJECTS, json=project).status_code == 201
    assert server.post(FLAGS, json={"name": "basket", "tags": [{"type": "simple", "value": "core"}]}).status_code == 201
    assert server.post(f"{FLAGS}/basket/environments/development/on").status_code == 200
    assert server.post(f"{FLAGS}/basket/environments/production/strategies", json=ROLLOUT).status_code == 200


def move(server: TestServer, to: str = "shop", *, flag: str = "basket", **more: Any) -> tuple[int, str | None]:
    answer = server.post(f"{FLAGS}/{flag}/changeProject", json={"newProjectId": to}, **more)
    return answer.status_code, None if answer.status_code == 200 else answer.json()["name"]


@pytest.mark.causes(
    "feature-project-change", action="POST /api/admin/projects/{projectId}/features/{featureName}/changeProject"
)
def test_a_flag_moves_with_what_both_projects_have(server: TestServer) -> None:
    before = server.last_id()
    assert move(server) == (200, None)

    lost, moved = server.events_after(before)
    assert (lost["type"], lost["project"], lost["environment"]) == ("feature-strategy-remove", "default", "production")
    assert lost["preData"]["parameters"]["rollout"] == "25"
    assert (moved["type"], moved["featureName"], moved["project"]) == ("feature-project-change", "basket", "shop")
    assert (moved["data"], moved["preData"]) == ({"newProject": "shop", "oldProject": "default"}, None)
    assert [each["value"] for each in moved["tags"]] == ["core"]
    flag = server.get(f"{PROJECTS}/shop/features/basket").json()
    assert [(each["name"], each["enabled"], len(each["strategies"])) for each in flag["environments"]] == [
        ("development", True, 1),
        ("staging", False, 0),
    ]
    assert server.get(f"{FLAGS}/basket").status_code == 404
    assert (
        server.post(f"{PROJECTS}/shop/features/basket/changeProject", json={"newProjectId": "shop"}).status_code == 200
    )
    assert server.last_id() == moved["id"]


def test_sdks_and_searches_find_it_where_it_is(server: TestServer) -> None:
    old, new = token_for(server, "old", "default"), token_for(server, "new", "shop")

    def seen(token: str) -> list[str]:
        services = server.services
        server.call(services[CLIENT_FEATURES_RUNNER].reached(services.log_signal.last_id))
        return [each["name"] for each in server.get("/api/client/features", token=token).json()["features"]]

    def found(project: str) -> list[str]:
        answer = server.get("/api/admin/search/features", params={"project": f"IS:{project}"})
        return [each["name"] for each in answer.json()["features"]]

    assert (seen(old), seen(new)) == (["basket"], [])
    assert (found("default"), found("shop")) == (["basket"], [])
    assert move(server) == (200, None)
    assert (seen(old), seen(new)) == ([], ["basket"])
    assert (found("default"), found("shop")) == ([], ["basket"])
    counts = {each["id"]: each["featureCount"] for each in server.get(PROJECTS).json()["projects"]}
    assert counts == {"default": 0, "shop": 1}


@pytest.mark.parametrize("limited", ["on", "pattern", "limit", "segment", "field", "dependency", "child", "archived"])
def test_what_does_not_fit_stays_where_it_is(server: TestServer, limited: str) -> None:
    basket, status, name = f"{FLAGS}/basket", 403, "IncompatibleProjectError"
    if limited == "on":
        assert server.post(f"{basket}/environments/production/on").status_code == 200
    elif limited == "pattern":
        settings = {"featureNaming": {"pattern": "shop-.*"}}
        assert server.put(f"{PROJECTS}/shop/settings", json=settings).status_code == 200
        status, name = 400, "PatternError"
    elif limited == "limit":
        assert server.put(f"{PROJECTS}/shop/settings", json={"featureLimit": 1}).status_code == 200
        assert server.post(f"{PROJECTS}/shop/features", json={"name": "full"}).status_code == 201
        status, name = 400, "ExceedsLimitError"
    elif limited == "segment":
        segment = server.post("/api/admin/segments", json={"name": "s", "constraints": [], "project": "default"}).json()
        strategy: dict[str, Any] = {**ROLLOUT, "segments": [segment["id"]]}
        assert server.post(f"{basket}/environments/development/strategies", json=strategy).status_code == 200
    elif limited == "field":
        assert server.post(f"{PROJECTS}/default/context", json={"name": "own"}).status_code == 201
        constraints = [{"contextName": "own", "operator": "IN", "values": ["1"]}]
        strategy = {**ROLLOUT, "constraints": constraints}
        assert server.post(f"{basket}/environments/development/strategies", json=strategy).status_code == 200
    elif limited == "archived":
        assert server.delete(basket).status_code == 202
        status, name = 400, "ArchivedFeature"
    else:
        assert server.post(FLAGS, json={"name": "other"}).status_code == 201
        child, parent = ("basket", "other") if limited == "dependency" else ("other", "basket")
        assert server.post(f"{FLAGS}/{child}/dependencies", json={"feature": parent}).status_code == 200
        name = "InvalidOperationError"
    before = server.last_id()
    assert move(server) == (status, name)
    assert server.last_id() == before


def test_it_takes_a_permission_in_both_projects(server: TestServer) -> None:
    owner = person(server, "owner", "Editor").token
    closed = {"name": "Closed", "id": "closed", "mode": "private"}
    assert server.post(PROJECTS, json=closed).status_code == 201
    assert server.post(PROJECTS, json={"name": "Guarded", "mode": "protected"}).status_code == 201
    before = server.last_id()
    assert move(server, "closed", token=owner) == (404, "NotFoundError")
    assert move(server, "nowhere", token=owner) == (404, "NotFoundError")
    assert move(server, "guarded", token=owner) == (403, "PermissionError")
    assert move(server, token=person(server, "viewer").token)[0] == 403
    assert move(server, token=None)[0] == 401
    assert move(server, "nowhere") == (404, "NotFoundError")
    assert move(server, flag="nothing") == (404, "NotFoundError")
    assert [each for each in server.events_after(before) if each["featureName"]] == []
    assert move(server, token=owner) == (200, None)
