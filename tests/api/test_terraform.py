"""What the Terraform provider calls for each kind of thing: create, read back what was planned, change, read, delete,
and find that it is gone. Projects and environments: test_projects_themselves.py. Tokens of SDKs: docs/adr/0473."""

from typing import Any

import pytest

from flagkeeper.kernel import clock
from tests.people import person
from tests.server import TestServer

ADMIN = "/api/admin"
Json = dict[str, Any]


def ok(server: TestServer, method: str, path: str, body: Json | None = None, status: int = 200) -> Any:
    answer = server.request(method, f"{ADMIN}/{path}", json=body)
    assert answer.status_code == status, (method, path, answer.text)
    return answer.json() if answer.content else None


def gone(server: TestServer, path: str) -> None:
    assert server.get(f"{ADMIN}/{path}").status_code == 404
    assert server.delete(f"{ADMIN}/{path}").status_code == 404


@pytest.mark.parametrize(
    ("type_", "permissions"),
    [
        ("root-custom", [{"name": "CREATE_PROJECT"}, {"name": "READ_ROLE"}]),
        ("custom", [{"name": "CREATE_FEATURE"}, {"name": "UPDATE_FEATURE_ENVIRONMENT", "environment": "production"}]),
    ],
)
def test_a_role(server: TestServer, type_: str, permissions: list[Json]) -> None:
    plan = {"name": "Planned", "type": type_, "description": "As code"}
    made = ok(server, "POST", "roles", {**plan, "permissions": permissions})["roles"]
    assert plan.items() <= made.items()
    path = f"roles/{made['id']}"

    def read() -> tuple[Json, list[Json]]:
        found = ok(server, "GET", path)
        held = [{key: each[key] for key in ("name", "environment") if key in each} for each in found["permissions"]]
        return {key: found[key] for key in plan}, held

    assert read() == (plan, permissions)
    changed = {**plan, "description": "Less of it"}
    assert changed.items() <= ok(server, "PUT", path, {**changed, "permissions": permissions[:1]})["roles"].items()
    assert read() == (changed, permissions[:1])
    ok(server, "DELETE", path)
    gone(server, path)


def test_a_group(server: TestServer) -> None:
    ada, ben = person(server, "ada"), person(server, "ben")
    plan: Json = {"name": "planned", "description": "As code", "mappingsSSO": ["all"], "rootRole": 2}
    made = ok(server, "POST", "groups", {**plan, "users": [{"user": {"id": ada.id}}]}, status=201)
    path = f"groups/{made['id']}"

    def read() -> tuple[Json, list[int]]:
        found = ok(server, "GET", path)
        return {key: found[key] for key in plan}, [each["user"]["id"] for each in found["users"]]

    assert read() == (plan, [ada.id])
    changed = {"name": "changed"}
    members = [{"user": {"id": each.id}} for each in (ada, ben)]
    assert ok(server, "PUT", path, {**changed, "users": members})["id"] == made["id"]
    assert read() == ({"name": "changed", "description": None, "mappingsSSO": [], "rootRole": None}, [ada.id, ben.id])
    ok(server, "DELETE", path)
    gone(server, path)


def test_a_user(server: TestServer) -> None:
    plan = {"username": "planned", "email": "planned@example.com", "name": "Planned", "rootRole": 2}
    made = ok(server, "POST", "user-admin", {**plan, "sendEmail": False}, status=201)
    assert plan.items() <= made.items()
    path = f"user-admin/{made['id']}"
    assert plan.items() <= ok(server, "GET", path).items()
    changed = {"email": "other@example.com", "name": "Other", "rootRole": 3}
    assert {**plan, **changed}.items() <= ok(server, "PUT", path, changed).items()
    assert {**plan, **changed}.items() <= ok(server, "GET", path).items()
    ok(server, "DELETE", path)
    gone(server, path)


def test_a_service_account_and_its_token(server: TestServer) -> None:
    """There is no way to read one of them: the provider looks for it in the list."""
    plan = {"username": "planned", "name": "Planned", "rootRole": 3}
    made = ok(server, "POST", "service-account", plan, status=201)
    path = f"service-account/{made['id']}"

    def read() -> Json | None:
        found = ok(server, "GET", "service-account")["serviceAccounts"]
        return next(({key: each[key] for key in plan} for each in found if each["id"] == made["id"]), None)

    assert read() == plan
    changed = {"name": "Changed", "rootRole": 2}
    assert changed.items() <= ok(server, "PUT", path, changed).items()
    assert read() == {**plan, **changed}

    token = {"description": "planned", "expiresAt": clock.to_iso(clock.now() + clock.DAY)}
    secret = ok(server, "POST", f"{path}/token", token, status=201)
    assert token.items() <= secret.items()
    assert secret["secret"]
    (listed,) = ok(server, "GET", f"{path}/token")["pats"]
    assert {"id": secret["id"], **token}.items() <= listed.items()
    ok(server, "DELETE", f"{path}/token/{secret['id']}")
    assert ok(server, "GET", f"{path}/token")["pats"] == []

    ok(server, "DELETE", path)
    assert read() is None
    assert server.get(f"{ADMIN}/{path}/token").status_code == 404


def test_access_to_a_project(server: TestServer) -> None:
    """Deleting it calls nothing: access ends with its project."""
    ok(server, "POST", "projects", {"id": "infra", "name": "Infra"}, status=201)
    ada = person(server, "ada")
    team = ok(server, "POST", "groups", {"name": "team", "users": [{"user": {"id": ada.id}}]}, status=201)["id"]

    def read() -> dict[int, tuple[list[int], list[int]]]:
        found = ok(server, "GET", "projects/infra/access")
        held = {
            role["id"]: tuple(
                [each["id"] for each in found[kind] if role["id"] in each["roles"]] for kind in ("users", "groups")
            )
            for role in found["roles"]
        }
        return {role: both for role, both in held.items() if both != ([], [])}  # type: ignore[misc]

    plan = [{"id": 4, "users": [1], "groups": [team]}, {"id": 5, "users": [ada.id], "groups": []}]
    ok(server, "PUT", "projects/infra/access", {"roles": plan})
    assert read() == {4: ([1], [team]), 5: ([ada.id], [])}
    ok(server, "PUT", "projects/infra/access", {"roles": [{"id": 4, "users": [ada.id]}]})
    assert read() == {4: ([ada.id], [])}
    ok(server, "DELETE", "projects/infra")
    assert server.get(f"{ADMIN}/projects/infra/access").status_code == 404


def test_a_context_field(server: TestServer) -> None:
    values = [{"value": "eu", "description": "Europe"}, {"value": "us"}]
    plan = {"name": "planned", "description": "As code", "stickiness": True, "legalValues": values}
    ok(server, "POST", "context", plan, status=201)

    def read() -> Json:
        found = ok(server, "GET", "context/planned")
        return {key: found[key] for key in plan}

    assert read() == plan
    changed = {"description": "Less", "stickiness": False, "legalValues": []}
    ok(server, "PUT", "context/planned", changed)
    assert read() == {**plan, **changed}
    ok(server, "DELETE", "context/planned")
    gone(server, "context/planned")
