"""Notifications, kinds of mails, the licence, and tokens for a content delivery network."""

from typing import Any

import pytest

from flagkeeper.features.projects.model import Mode
from flagkeeper.readmodels.notifications.queries import MOST_SHOWN
from tests.people import Person, person
from tests.projects import add_project, set_mode_of
from tests.server import ADMIN, BACKEND, TestServer

NEWS, READ = "/api/admin/notifications", "/api/admin/notifications/read"
FLAGS = "/api/admin/projects/default/features"


@pytest.fixture
def ada(server: TestServer) -> Person:
    return person(server, "ada", "Editor")


@pytest.fixture
def bob(server: TestServer) -> Person:
    return person(server, "bob", "Editor")


def make(server: TestServer, who: Person, name: str, project: str = "default") -> None:
    path = FLAGS.replace("default", project)
    assert server.post(path, token=who.token, json={"name": name}).status_code == 201


def switch(server: TestServer, who: Person, name: str, to: str = "on", project: str = "default") -> None:
    path = f"{FLAGS.replace('default', project)}/{name}/environments/development/{to}"
    assert server.post(path, token=who.token).status_code == 200


def news(server: TestServer, who: Person) -> list[dict[str, Any]]:
    answer = server.get(NEWS, token=who.token)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_people_hear_what_others_do_to_their_flags(server: TestServer, ada: Person, bob: Person) -> None:
    make(server, ada, "mine")
    make(server, bob, "other")
    switch(server, ada, "mine")
    assert news(server, ada) == []
    switch(server, bob, "mine", "off")
    switch(server, bob, "other")
    (told,) = news(server, ada)
    (event,) = server.events(type="IS:feature-environment-disabled")
    assert told == {
        "id": event["id"],
        "message": event["summary"],
        "link": f"/history/{event['id']}",
        "notificationType": "toggle",
        "createdBy": {"username": "bob", "imageUrl": None},
        "createdAt": event["createdAt"],
        "readAt": None,
    }
    assert server.post(f"{FLAGS}/other/favorites", token=ada.token).status_code == 200
    assert [each["message"].split()[0] for each in news(server, ada)] == ["**bob**"] * len(news(server, ada))
    assert len(news(server, ada)) > 2, "of a favourite, all that there was"
    assert news(server, bob) == []


def test_what_was_read_is_read_by_one_person(server: TestServer, ada: Person, bob: Person) -> None:
    make(server, ada, "mine")
    server.post(f"{FLAGS}/mine/favorites", token=(eve := person(server, "eve")).token)
    for to in ("on", "off"):
        switch(server, bob, "mine", to)
    newest, older = [each["id"] for each in news(server, ada)][:2]
    before = server.last_id()
    for body in ([older], [older, 10**9], []):
        assert server.post(READ, token=ada.token, json={"notifications": body}).status_code == 200
    first, second = news(server, ada)[:2]
    assert (first["id"], first["readAt"], second["id"]) == (newest, None, older)
    assert second["readAt"] >= second["createdAt"]
    assert all(each["readAt"] is None for each in news(server, eve))
    assert server.last_id() == before
    for wrong in ("x", [7, "x"], [-1], [2**53 + 1]):
        assert server.post(READ, token=ada.token, json={"notifications": wrong}).status_code == 400


def test_only_so_many_are_shown_and_kept(server: TestServer, ada: Person, bob: Person) -> None:
    make(server, ada, "mine")
    for number in range(MOST_SHOWN):
        switch(server, bob, "mine", "off" if number % 2 else "on")
    shown = news(server, ada)
    assert (len(shown), [each["id"] for each in shown]) == (
        MOST_SHOWN,
        sorted((each["id"] for each in shown), reverse=True),
    )
    server.post(READ, token=ada.token, json={"notifications": [each["id"] for each in shown]})
    assert all(each["readAt"] for each in news(server, ada))
    for number in range(4):
        switch(server, bob, "mine", "off" if number % 2 else "on")
    after = news(server, ada)
    assert [each["readAt"] is None for each in after] == [True] * 4 + [False] * (MOST_SHOWN - 4)


def test_nobody_hears_of_hidden_projects(server: TestServer, ada: Person, bob: Person) -> None:
    add_project(server, "hush")
    make(server, ada, "secret-plan", "hush")
    switch(server, bob, "secret-plan", project="hush")
    assert len(news(server, ada)) > 0
    set_mode_of(server, "hush", Mode.PRIVATE)
    assert news(server, ada) == []


def test_tokens_are_not_notified(server: TestServer) -> None:
    for answer in (server.get(NEWS, token=ADMIN), server.post(READ, token=ADMIN, json={"notifications": []})):
        assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")


@pytest.mark.causes("user-preference-updated", action="PUT /api/admin/email-subscription/{subscription}")
@pytest.mark.causes("user-preference-updated", action="DELETE /api/admin/email-subscription/{subscription}")
def test_kinds_of_mails(server: TestServer, ada: Person) -> None:
    path = "/api/admin/email-subscription/productivity-report"

    def wanted() -> list[str]:
        found: list[str] = server.get("/api/admin/user/profile", token=ada.token).json()["subscriptions"]
        return found

    assert wanted() == []
    before = server.last_id()
    for method, now in (("PUT", ["productivity-report"]), ("PUT", ["productivity-report"]), ("DELETE", [])):
        assert server.request(method, path, token=ada.token).status_code == 202
        assert wanted() == now
    assert server.delete(path, token=ada.token).status_code == 202
    found = [(each["type"], each["data"], each["createdBy"]) for each in server.events_after(before)]
    about = {"userId": ada.id, "subscription": "productivity-report"}
    assert found == [
        ("user-preference-updated", {**about, "action": action}, "ada") for action in ("subscribed", "unsubscribed")
    ]
    for method in ("PUT", "DELETE"):
        unknown = server.request(method, path.replace("productivity", "weather"), token=ada.token)
        assert (unknown.status_code, unknown.json()["name"]) == (404, "NotFoundError")
        assert server.request(method, path, token=ADMIN).status_code == 403


def test_the_licence_allows_everything(server: TestServer, ada: Person) -> None:
    shown = server.get("/api/admin/license", token=ada.token).json()
    config = server.get("/api/admin/ui-config", token=ada.token).json()
    assert shown == {
        "isValid": True,
        "type": "free",
        "plan": "unlimited",
        "instanceName": "Flagkeeper",
        "instanceId": config["versionInfo"]["instanceId"],
    }
    assert server.get("/api/admin/license/check", token=ada.token).json() == {"isValid": True}
    before = server.last_id()
    answer = server.post("/api/admin/license", json={"token": "anything"})
    assert (answer.status_code, answer.json(), answer.headers["location"]) == (201, shown, "license")
    assert server.post("/api/admin/license", json={}).status_code == 400
    assert server.post("/api/admin/license", token=ada.token, json={"token": "x"}).status_code == 403
    assert server.last_id() == before


CDN = "/api/admin/cdn/tokens"


@pytest.mark.causes("cdn-token-created", action="POST /api/admin/cdn/tokens")
def test_tokens_for_a_content_delivery_network(server: TestServer, ada: Person) -> None:
    body = {"tokenName": "edge-of-town", "project": "default", "environment": "production"}
    before = server.last_id()
    answer = server.post(CDN, json=body)
    made = answer.json()
    assert (answer.status_code, made["type"], made["secret"].split(".")[0]) == (202, "frontend", "default:production")
    assert server.get(CDN).json() == {"tokens": [{**body, "expiresAt": None}]}
    own, cdn = server.events_after(before)
    assert (own["type"], cdn["type"], cdn["project"], cdn["environment"]) == (
        "api-token-created",
        "cdn-token-created",
        "default",
        "production",
    )
    assert (cdn["data"], cdn["preData"]) == ({**body, "expiresAt": None}, None)
    assert made["secret"] not in server.get("/api/admin/log/events").text
    assert "edge-of-town" in server.get("/api/admin/api-tokens").text
    assert server.delete(f"/api/admin/api-tokens/{made['secret']}").status_code == 200
    assert server.get(CDN).json() == {"tokens": []}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tokenName": "x"},
        {"tokenName": "", "environment": "production"},
        {"tokenName": "x", "environment": "nowhere"},
        {"tokenName": "x", "environment": "*"},
        {"tokenName": "x", "environment": "production", "project": "nowhere"},
    ],
)
def test_what_is_no_such_token(server: TestServer, body: dict[str, Any]) -> None:
    before = server.last_id()
    assert server.post(CDN, json=body).status_code == 400
    assert (server.last_id(), server.get(CDN).json()) == (before, {"tokens": []})


def test_such_tokens_of_hidden_projects_are_hidden(server: TestServer, ada: Person) -> None:
    add_project(server, "hush")
    body = {"tokenName": "x", "project": "hush", "environment": "development"}
    assert server.post(CDN, json=body).status_code == 202
    set_mode_of(server, "hush", Mode.PRIVATE)
    assert server.get(CDN, token=ada.token).json() == {"tokens": []}
    assert len(server.get(CDN).json()["tokens"]) == 1
    assert server.get(CDN, token=BACKEND).status_code == 403
    assert server.post(CDN, token=person(server, "vera").token, json=body).status_code == 403


def test_no_web_analytics(server: TestServer) -> None:
    assert server.get("/api/admin/impact-metrics/plausible").status_code == 404
