"""API tokens over HTTP."""

import re
from typing import Any

import pytest

from flagkeeper.features.tokens.slice import SEEN_TOKENS
from tests.people import person
from tests.server import ADMIN, BACKEND, FRONTEND, TestServer

TOKENS = "/api/admin/api-tokens"
OF_PROJECT = "/api/admin/projects/default/api-tokens"
FUTURE = "2099-01-01T00:00:00.000Z"
PAST = "2001-01-01T00:00:00.000Z"
SECRET = re.compile(r"[0-9a-f]{56}")


def make(server: TestServer, path: str = TOKENS, **body: Any) -> dict[str, Any]:
    answer = server.post(path, json={"tokenName": "web", "type": "client", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def listed(server: TestServer, path: str = TOKENS, token: str = ADMIN) -> list[dict[str, Any]]:
    answer = server.get(path, token=token)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tokens"]
    return found


def known(server: TestServer, *secrets: str) -> list[dict[str, Any]]:
    """What a proxy hears of these secrets."""
    answer = server.post("/edge/validate", json={"tokens": list(secrets)}, token=None)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["tokens"]
    return found


@pytest.mark.causes("api-token-created", action="POST /api/admin/api-tokens")
def test_making_a_token(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(
        TOKENS,
        json={"tokenName": "web", "type": "backend", "environment": "production", "projects": ["default"]},
    )
    assert (answer.status_code, answer.headers["location"]) == (201, "api-tokens")
    made = answer.json()
    assert re.fullmatch(r"default:production\.[0-9a-f]{56}", made["secret"])
    assert (
        made.items()
        >= {
            "tokenName": "web",
            "type": "backend",
            "environment": "production",
            "project": "default",
            "projects": ["default"],
            "expiresAt": None,
            "seenAt": None,
            "alias": None,
            "secure": True,
        }.items()
    )
    (event,) = server.events_after(before)
    assert (
        event.items()
        >= {
            "type": "api-token-created",
            "createdBy": "admin",
            "createdByUserId": -42,
            "project": "default",
            "environment": "production",
            "featureName": None,
            "preData": None,
        }.items()
    )
    assert event["data"] == {
        "id": made["id"],
        "tokenName": "web",
        "username": "web",
        "type": "client",
        "environment": "production",
        "project": "default",
        "projects": ["default"],
        "createdAt": made["createdAt"],
        "expiresAt": None,
        "seenAt": None,
        "alias": None,
        "secure": True,
    }
    assert known(server, made["secret"]) == [
        {"token": made["secret"], "type": "client", "environment": "production", "projects": ["default"]}
    ]


@pytest.mark.parametrize(
    ("body", "environment", "projects"),
    [
        ({"type": "CLIENT"}, "development", ["*"]),
        ({"type": "Frontend", "environment": "production"}, "production", ["*"]),
        ({"project": "default"}, "development", ["default"]),
        ({"project": "default", "projects": ["default", "*"]}, "development", ["*"]),
        ({"expiresAt": FUTURE}, "development", ["*"]),
    ],
)
def test_what_is_left_out(server: TestServer, body: dict[str, Any], environment: str, projects: list[str]) -> None:
    made = make(server, **body)
    assert (made["environment"], made["projects"]) == (environment, projects)
    assert made["type"] == body.get("type", "client").lower()
    assert made["expiresAt"] == body.get("expiresAt")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"type": "admin"}, "/body/type"),
        ({"type": "nothing"}, "/body/type"),
        ({"tokenName": " "}, "/body/tokenName"),
        ({"tokenName": None}, "/body/tokenName"),
        ({"environment": "nope"}, "/body/environment"),
        ({"environment": "*"}, "/body/environment"),
        ({"projects": ["default", "nope"]}, "/body/projects"),
        ({"projects": []}, "/body/projects"),
        ({"expiresAt": "tomorrow"}, "/body/expiresAt"),
    ],
)
def test_tokens_that_cannot_be(server: TestServer, body: dict[str, Any], path: str) -> None:
    before = server.last_id()
    answer = server.post(TOKENS, json={"tokenName": "web", "type": "client", **body})
    assert (answer.status_code, answer.json()["name"]) == (400, "BadDataError")
    assert answer.json()["details"][0]["path"] == path
    assert server.events_after(before) == []


def test_the_old_name_of_a_tokens_name_is_not_taken(server: TestServer) -> None:
    answer = server.post(TOKENS, json={"username": "web", "type": "client"})
    assert answer.status_code == 400
    assert "tokenName" in answer.json()["details"][0]["message"]


def test_lists_show_how_a_secret_begins(server: TestServer) -> None:
    made = make(server)
    found = listed(server)
    assert [each["tokenName"] for each in found] == ["admin", "admin", "admin", "web"]
    assert found[0]["secret"] == "*:*.***"
    assert found[3]["secret"] == made["secret"][:-50] + "***"
    assert {**found[3], "secret": made["secret"]} == made
    assert listed(server, f"{TOKENS}/web") == [found[3]]
    assert listed(server, f"{TOKENS}/nobody") == []


def test_the_given_tokens_are_valid(server: TestServer) -> None:
    assert known(server, ADMIN, "nobody", BACKEND, FRONTEND, BACKEND) == [
        {"token": ADMIN, "type": "admin", "environment": "*", "projects": ["*"]},
        {"token": BACKEND, "type": "client", "environment": "development", "projects": ["*"]},
        {"token": FRONTEND, "type": "frontend", "environment": "development", "projects": ["*"]},
    ]


@pytest.mark.parametrize("body", [{}, {"tokens": "abc"}, {"tokens": [1]}, []])
def test_what_a_proxy_must_send(server: TestServer, body: object) -> None:
    assert server.post("/edge/validate", json=body, token=None).status_code == 400


def test_a_personal_token_is_none_of_a_proxys_business(server: TestServer) -> None:
    assert known(server, person(server, "ada").token) == []


@pytest.mark.causes("api-token-updated", action="PUT /api/admin/api-tokens/{token}")
def test_a_new_expiry(server: TestServer) -> None:
    made = make(server)
    before = server.last_id()
    assert server.put(f"{TOKENS}/{made['secret']}", json={"expiresAt": FUTURE}).status_code == 200
    (event,) = server.events_after(before)
    assert event["type"] == "api-token-updated"
    assert (event["preData"]["expiresAt"], event["data"]["expiresAt"]) == (None, FUTURE)
    assert (event["project"], event["environment"]) == ("*", "development")
    assert server.put(f"{TOKENS}/{made['id']}", json={"expiresAt": FUTURE}).status_code == 200
    assert len(server.events_after(before)) == 1
    assert known(server, made["secret"])

    server.put(f"{TOKENS}/{made['id']}", json={"expiresAt": PAST})
    assert known(server, made["secret"]) == []
    server.put(f"{TOKENS}/{made['id']}", json={"expiresAt": None})
    assert known(server, made["secret"])


@pytest.mark.parametrize("body", [{}, {"expiresAt": "soon"}])
def test_an_expiry_that_cannot_be(server: TestServer, body: dict[str, str]) -> None:
    made = make(server)
    assert server.put(f"{TOKENS}/{made['id']}", json=body).status_code == 400


def test_an_unknown_token_is_changed_and_deleted_in_vain(server: TestServer) -> None:
    before = server.last_id()
    assert server.put(f"{TOKENS}/nope", json={"expiresAt": FUTURE}).status_code == 200
    assert server.delete(f"{TOKENS}/nope").status_code == 200
    assert server.events_after(before) == []


@pytest.mark.causes("api-token-deleted", action="DELETE /api/admin/api-tokens/{token}")
@pytest.mark.parametrize("named", ["secret", "id", "as listed"])
def test_revoking_a_token_has_effect_at_once(server: TestServer, named: str) -> None:
    made = make(server)
    (shown,) = listed(server, f"{TOKENS}/web")
    before = server.last_id()
    handle = {"secret": made["secret"], "id": made["id"], "as listed": shown["secret"]}[named]
    answer = server.delete(f"{TOKENS}/{handle}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert known(server, made["secret"]) == []
    (event,) = server.events_after(before)
    assert (event["type"], event["data"]) == ("api-token-deleted", None)
    assert event["preData"]["id"] == made["id"]
    assert server.delete(f"{TOKENS}/{handle}").status_code == 200
    assert len(server.events_after(before)) == 1


def test_several_tokens_that_are_shown_alike_are_named_by_id(server: TestServer) -> None:
    answer = server.delete(f"{TOKENS}/*:development.***")
    assert answer.status_code == 400
    assert "2, 3" in answer.json()["message"]


def test_the_token_that_makes_the_call_can_be_revoked(server: TestServer) -> None:
    assert server.delete(f"{TOKENS}/{ADMIN}").status_code == 200
    assert server.get(TOKENS).status_code == 401


@pytest.mark.causes("api-token-created", action="POST /api/admin/projects/{projectId}/api-tokens")
def test_tokens_of_a_project(server: TestServer) -> None:
    before = server.last_id()
    made = make(server, OF_PROJECT, type="frontend", environment="production", projects=["*"])
    assert made["projects"] == ["default"]
    (event,) = server.events_after(before)
    assert (event["type"], event["project"], event["environment"]) == ("api-token-created", "default", "production")
    assert [each["id"] for each in listed(server, OF_PROJECT)] == [1, 2, 3, made["id"]]
    assert server.post(OF_PROJECT, json={"tokenName": "x", "type": "admin"}).status_code == 400
    for path in ("/api/admin/projects/nope/api-tokens",):
        assert server.get(path).status_code == 404
        assert server.post(path, json={"tokenName": "x", "type": "client"}).status_code == 404


@pytest.mark.causes("api-token-deleted", action="DELETE /api/admin/projects/{projectId}/api-tokens/{token}")
def test_revoking_a_token_of_a_project(server: TestServer) -> None:
    made = make(server, OF_PROJECT)
    before = server.last_id()
    assert server.delete(f"{OF_PROJECT}/{made['secret']}").status_code == 200
    assert known(server, made["secret"]) == []
    (event,) = server.events_after(before)
    assert event["type"] == "api-token-deleted"
    assert server.delete(f"{OF_PROJECT}/{made['secret']}").status_code == 404
    assert server.delete(f"{OF_PROJECT}/{BACKEND}").status_code == 400
    assert known(server, BACKEND)


def test_who_may_do_what_with_tokens(server: TestServer) -> None:
    made = make(server, type="frontend")
    viewer, editor = person(server, "vi").token, person(server, "ed", "Editor").token
    body = {"tokenName": "x", "type": "client"}

    refused = server.get(TOKENS, token=viewer)
    assert (refused.status_code, refused.json()["name"]) == (403, "PermissionError")
    assert refused.json()["permissions"] == ["READ_CLIENT_API_TOKEN", "READ_FRONTEND_API_TOKEN"]
    assert {each["type"] for each in listed(server, token=editor)} == {"client", "frontend"}
    for token in (viewer, editor):
        assert server.post(TOKENS, json=body, token=token).status_code == 403
        assert server.put(f"{TOKENS}/{made['id']}", json={"expiresAt": PAST}, token=token).status_code == 403
        assert server.delete(f"{TOKENS}/{made['id']}", token=token).status_code == 403
    assert known(server, made["secret"])

    assert server.get(OF_PROJECT, token=viewer).status_code == 403
    assert server.post(OF_PROJECT, json=body, token=viewer).status_code == 403
    assert server.delete(f"{OF_PROJECT}/{made['id']}", token=viewer).status_code == 403
    assert {each["type"] for each in listed(server, OF_PROJECT, editor)} == {"client", "frontend"}
    of_project = server.post(OF_PROJECT, json=body, token=editor)
    assert of_project.status_code == 201
    assert server.delete(f"{OF_PROJECT}/{of_project.json()['id']}", token=editor).status_code == 200


def test_nobody_without_a_credential_sees_tokens(server: TestServer) -> None:
    assert server.get(TOKENS, token=None).json()["name"] == "AuthenticationRequired"
    assert server.get(TOKENS, token="*:*.nobody").json()["name"] == "UnauthorizedError"
    for token in (BACKEND, FRONTEND):
        assert server.get(TOKENS, token=token).status_code == 403


@pytest.mark.parametrize("header", ["Bearer {}", "bearer {}", "BEARER   {}", "{}"])
def test_how_a_token_is_sent(server: TestServer, header: str) -> None:
    assert server.get(TOKENS, token=header.format(ADMIN)).status_code == 200


def test_when_a_token_was_last_used(server: TestServer) -> None:
    ada = person(server, "ada")
    assert server.get("/api/admin/user/tokens", token=ada.token).json()["pats"][0]["seenAt"] is None
    assert listed(server)[0]["seenAt"] is None
    server.call(server.services[SEEN_TOKENS].flush())
    admin, backend, _ = listed(server)
    assert re.fullmatch(r"\d{4}-.*Z", admin["seenAt"])
    assert backend["seenAt"] is None
    assert server.get("/api/admin/user/tokens", token=ada.token).json()["pats"][0]["seenAt"] is not None
    server.call(server.services[SEEN_TOKENS].flush())
    assert listed(server)[0]["seenAt"] > admin["seenAt"]
