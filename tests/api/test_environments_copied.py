"""Environments that are copied with what is in them, and deleted with it, piece by piece."""

from collections import Counter
from itertools import groupby
from typing import Any

import pytest

from flagkeeper.eventlog.catalogue.access import RoleCreated
from flagkeeper.eventlog.step import Ops, Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.access import store as access
from flagkeeper.features.access.model import Role, RolePermission
from flagkeeper.features.environments.model import EnvironmentDraft
from flagkeeper.features.environments.ports import EnvironmentCopy
from flagkeeper.features.environments.steps import CLONE, DELETE_WITH_ALL, UNDERTAKINGS, Named
from flagkeeper.features.undertakings import commands
from flagkeeper.features.undertakings.model import PIECE
from flagkeeper.features.undertakings.slice import UNDERTAKINGS as CARRIED_OUT
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.change_context import Origin, OriginKind
from flagkeeper.kernel.ids import new_ulid
from tests.people import person
from tests.projects import token_for
from tests.sdk import run
from tests.server import BACKEND, TestServer

ENVIRONMENTS = "/api/admin/environments"
PROJECTS = "/api/admin/projects"
ROLLOUT = {"name": "flexibleRollout", "parameters": {"rollout": "25", "stickiness": "userId"}}
LOCAL = Role(
    id=700,
    name="Local",
    description="",
    type="custom",
    permissions=(RolePermission("CREATE_FEATURE"), RolePermission("UPDATE_FEATURE_ENVIRONMENT", "development")),
)


def add_role(unit: Unit) -> None:
    access.add_role(unit.tx, LOCAL)
    unit.record(RoleCreated(data=LOCAL.payload()), LOCAL.state())


def flag_in(server: TestServer, project: str, name: str, strategies: int = 1, *, on: bool = True) -> None:
    flags = f"{PROJECTS}/{project}/features"
    assert server.post(flags, json={"name": name}).status_code == 201
    for _ in range(strategies):
        place = f"{flags}/{name}/environments/development"
        assert server.post(f"{place}/strategies", json=ROLLOUT).status_code == 200
    if on:
        assert server.post(f"{flags}/{name}/environments/development/on").status_code == 200


def place_of(server: TestServer, project: str, flag: str, environment: str) -> dict[str, Any] | None:
    found = server.get(f"{PROJECTS}/{project}/features/{flag}").json()["environments"]
    return next((each for each in found if each["name"] == environment), None)


@pytest.fixture
def shop(server: TestServer) -> None:
    """Two projects with a flag each, and a default strategy."""
    assert server.post(PROJECTS, json={"name": "Shop", "id": "shop"}).status_code == 201
    default = f"{PROJECTS}/shop/environments/development/default-strategy"
    assert server.post(default, json=ROLLOUT).status_code == 200
    flag_in(server, "shop", "basket", 2)
    flag_in(server, "default", "checkout", on=False)
    flag_in(server, "default", "bare", 0, on=False)
    run(server, add_role)


@pytest.mark.usefixtures("shop")
@pytest.mark.causes("environment-created", action="POST /api/admin/environments/{name}/clone")
@pytest.mark.causes("project-environment-added", action="POST /api/admin/environments/{name}/clone")
@pytest.mark.causes("feature-strategy-add", action="POST /api/admin/environments/{name}/clone")
@pytest.mark.causes("feature-environment-enabled", action="POST /api/admin/environments/{name}/clone")
@pytest.mark.causes("role-updated", action="POST /api/admin/environments/{name}/clone")
def test_a_copy_has_what_the_original_has(server: TestServer) -> None:
    change = {"requiredApprovals": 2}
    assert server.put(f"{ENVIRONMENTS}/update/development", json=change).status_code == 200
    before = server.last_id()

    body = {"name": "qa", "type": "test", "clonePermissions": True}
    answer = server.post(f"{ENVIRONMENTS}/development/clone", json=body)

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "name": "qa",
        "type": "test",
        "sortOrder": 201,
        "enabled": True,
        "protected": False,
        "requiredApprovals": 2,
        "projectCount": 2,
        "apiTokenCount": 0,
        "enabledToggleCount": 1,
    }
    found = server.events_after(before)
    assert Counter(each["type"] for each in found) == {
        "environment-created": 1,
        "role-updated": 1,
        "project-environment-added": 2,
        "feature-strategy-add": 3,
        "feature-environment-enabled": 1,
    }
    assert len({each["groupId"] for each in found}) == 1
    role = next(each for each in found if each["type"] == "role-updated")
    named = {(each["name"], each.get("environment")) for each in role["data"]["permissions"]}
    assert named - {(each["name"], each.get("environment")) for each in role["preData"]["permissions"]} == {
        ("UPDATE_FEATURE_ENVIRONMENT", "qa")
    }
    copy, original = (place_of(server, "shop", "basket", each) for each in ("qa", "development"))
    assert copy is not None
    assert original is not None
    assert copy["enabled"] is True
    bare = [[{**each, "id": ""} for each in place["strategies"]] for place in (copy, original)]
    assert bare[0] == bare[1]
    ids = {each["id"] for place in (copy, original) for each in place["strategies"]}
    assert len(ids) == 4, "ids are new"
    checkout = place_of(server, "default", "checkout", "qa")
    assert checkout is not None
    assert (checkout["enabled"], len(checkout["strategies"])) == (False, 1)
    seen = server.get(f"{ENVIRONMENTS}/project/shop").json()["environments"]
    strategies = {each["name"]: each.get("defaultStrategy") for each in seen}
    assert strategies["qa"] == strategies["development"] is not None


@pytest.mark.usefixtures("shop")
def test_only_chosen_projects_get_a_copy(server: TestServer) -> None:
    body = {"name": "qa", "type": "test", "projects": ["shop"]}
    assert server.post(f"{ENVIRONMENTS}/development/clone", json=body).json()["projectCount"] == 1
    assert place_of(server, "default", "checkout", "qa") is None
    assert place_of(server, "shop", "basket", "qa") is not None
    assert server.events(type="IS:role-updated") == []
    nobody = {"name": "bare", "type": "test", "projects": []}
    assert server.post(f"{ENVIRONMENTS}/development/clone", json=nobody).json()["projectCount"] == 0


@pytest.mark.parametrize(
    ("source", "body", "status"),
    [
        ("nowhere", {}, 404),
        ("development", {"name": "production"}, 409),
        ("development", {"name": "a b"}, 400),
        ("development", {"type": ""}, 400),
        ("development", {"projects": ["nobody"]}, 400),
        ("development", {"projects": "default"}, 400),
    ],
)
def test_what_cannot_be_copied(server: TestServer, source: str, body: dict[str, Any], status: int) -> None:
    before = server.last_id()
    answer = server.post(f"{ENVIRONMENTS}/{source}/clone", json={"name": "qa", "type": "test", **body})
    assert answer.status_code == status, answer.text
    assert server.last_id() == before


@pytest.mark.usefixtures("shop")
@pytest.mark.causes("environment-deleted", action="DELETE /api/admin/environments/{name}?force=true")
@pytest.mark.causes("project-environment-removed", action="DELETE /api/admin/environments/{name}?force=true")
@pytest.mark.causes("feature-strategy-remove", action="DELETE /api/admin/environments/{name}?force=true")
@pytest.mark.causes("feature-environment-disabled", action="DELETE /api/admin/environments/{name}?force=true")
@pytest.mark.causes("api-token-deleted", action="DELETE /api/admin/environments/{name}?force=true")
@pytest.mark.causes("role-updated", action="DELETE /api/admin/environments/{name}?force=true")
def test_an_environment_in_use_is_counted_and_deleted_only_on_demand(server: TestServer) -> None:
    token_for(server, "reader", "shop")
    before = server.last_id()
    refused = server.delete(f"{ENVIRONMENTS}/development")
    assert (refused.status_code, refused.json()["name"]) == (409, "ConflictError")
    assert [each["message"] for each in refused.json()["details"]] == [
        "2 projects have it: default, shop",
        "1 flags are on in it.",
        "3 API tokens read it.",
    ]
    assert server.last_id() == before

    assert server.delete(f"{ENVIRONMENTS}/development?force=true").status_code == 200

    found = server.events_after(before)
    assert Counter(each["type"] for each in found) == {
        "feature-environment-disabled": 1,
        "feature-strategy-remove": 3,
        "project-environment-removed": 2,
        "api-token-deleted": 3,
        "role-updated": 1,
        "environment-deleted": 1,
    }
    assert found[-1]["preData"]["name"] == "development"
    assert len({each["groupId"] for each in found}) == 1
    assert place_of(server, "shop", "basket", "development") is None
    assert server.get(f"{ENVIRONMENTS}/development").status_code == 404
    assert server.get("/api/client/features", token=BACKEND).status_code == 401
    assert server.delete(f"{ENVIRONMENTS}/production?force=true").status_code == 403, "the last one stays"


def test_an_environment_that_is_all_a_project_has_stays(server: TestServer) -> None:
    only = {"name": "Shop", "id": "shop", "environments": ["development"]}
    assert server.post(PROJECTS, json=only).status_code == 201
    assert server.post(f"{PROJECTS}/archive/shop").status_code == 200
    before = server.last_id()
    refused = server.delete(f"{ENVIRONMENTS}/development?force=true")
    assert (refused.status_code, "shop" in refused.json()["message"]) == (409, True)
    assert server.last_id() == before


@pytest.mark.causes(
    "feature-strategy-remove", action="DELETE /api/admin/projects/{projectId}/environments/{environment}"
)
def test_what_many_flags_have_goes_in_short_pieces(server: TestServer) -> None:
    for number in range(10):
        flag_in(server, "default", f"flag-{number}", 12)
    before = server.last_id()
    assert server.delete(f"{PROJECTS}/default/environments/development").status_code == 200
    found = server.events_after(before)
    kinds = Counter(each["type"] for each in found)
    assert (kinds["feature-strategy-remove"], kinds["project-environment-removed"]) == (120, 1)
    assert found[-1]["type"] == "project-environment-removed"
    assert len({each["groupId"] for each in found}) == 1
    pieces = [list(each) for _, each in groupby(found, key=lambda event: event["createdAt"])]
    assert max(map(len, pieces)) < PIECE + 14


def do_first(server: TestServer, subject: str, step: Step) -> None:
    """The first piece, as a server does it that dies right afterwards."""
    units, ops = server.services.units.as_part_of(Origin(OriginKind.DIRECT, new_ulid())), Ops(UNDERTAKINGS)

    def do(unit: Unit, stored: bytes) -> bytes | None:
        left = ops.run(unit, ops.decode(stored), server.services)
        return None if left is None else ops.encode(left)

    assert server.call(units.run(SYSTEM, commands.begin, subject, ops.encode(step), do)) is True


def test_a_crash_halfway_only_delays(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    projects = [f"p{number}" for number in range(12)]
    for project in projects:
        assert server.post(PROJECTS, json={"name": project}).status_code == 201
        flag_in(server, project, f"flag-of-{project}", 6)
    monkeypatch.setattr("flagkeeper.features.undertakings.jobs.ABANDONED", -clock.DAY)
    undertakings = server.services[CARRIED_OUT]

    draft = EnvironmentDraft(name="qa", type="test")
    copy = EnvironmentCopy(source="development", name="qa", draft=draft, projects=None, permissions=False)
    do_first(server, "environment/qa", Step(CLONE.name, copy))
    assert 0 < server.get(f"{ENVIRONMENTS}/qa").json()["projectCount"] < 13
    server.call(undertakings.go_on())
    whole = server.get(f"{ENVIRONMENTS}/qa").json()
    assert (whole["projectCount"], whole["enabledToggleCount"]) == (13, 12)
    for project in projects:
        found = place_of(server, project, f"flag-of-{project}", "qa")
        assert found is not None
        assert len(found["strategies"]) == 6

    do_first(server, "environment/qa", Step(DELETE_WITH_ALL.name, Named(name="qa")))
    assert 0 < server.get(f"{ENVIRONMENTS}/qa").json()["projectCount"] < 13
    assert server.delete(f"{ENVIRONMENTS}/qa?force=true").status_code == 409, "it is under way"
    server.call(undertakings.go_on())
    assert server.get(f"{ENVIRONMENTS}/qa").status_code == 404
    assert server.events(environment="IS:qa")[0]["type"] == "environment-deleted"


def test_one_that_cannot_go_on_is_given_up(server: TestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        flag_in(server, "default", f"flag-{number}", 12)
    assert server.post(f"{ENVIRONMENTS}/development/clone", json={"name": "qa", "type": "test"}).status_code == 200
    do_first(server, "environment/qa", Step(DELETE_WITH_ALL.name, Named(name="qa")))
    for environment in ("development", "production"):
        assert server.delete(f"{PROJECTS}/default/environments/{environment}").status_code == 200
    monkeypatch.setattr("flagkeeper.features.undertakings.jobs.ABANDONED", -clock.DAY)
    server.call(server.services[CARRIED_OUT].go_on())
    assert server.get(f"{ENVIRONMENTS}/qa").status_code == 200
    refused = server.delete(f"{ENVIRONMENTS}/qa?force=true")
    assert (refused.status_code, "only environment" in refused.json()["message"]) == (409, True)


def test_only_administrators(server: TestServer) -> None:
    editor = person(server, "editor", "Editor").token
    before = server.last_id()
    for token, status in ((editor, 403), (None, 401)):
        body = {"name": "qa", "type": "test"}
        assert server.post(f"{ENVIRONMENTS}/development/clone", json=body, token=token).status_code == status
        assert server.delete(f"{ENVIRONMENTS}/development?force=true", token=token).status_code == status
    assert server.last_id() == before
