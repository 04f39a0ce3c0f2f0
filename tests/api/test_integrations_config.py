"""Configuring integrations over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from flagkeeper.integrations.registry import PROVIDERS
from tests.deliveries import REFUSED
from tests.people import person
from tests.server import BACKEND, Host, TestServer, settings_for

ADDONS = "/api/admin/addons"
PUBLIC = "http://93.184.216.34/hook/T0K3N"
WEBHOOK: dict[str, Any] = {
    "provider": "webhook",
    "description": "Tells the team",
    "enabled": True,
    "parameters": {"url": PUBLIC, "authorization": "Bearer s3cret", "contentType": "text/plain"},
    "events": ["feature-created", "feature-archived"],
    "projects": ["default"],
    "environments": ["production"],
}
SHOWN: dict[str, Any] = WEBHOOK | {
    "id": 1,
    "parameters": {"url": "*****", "authorization": "*****", "contentType": "text/plain"},
}
LEAST: dict[str, Any] = {"provider": "webhook", "enabled": False, "parameters": {"url": PUBLIC}, "events": []}


@pytest.fixture
def lenient(host: Host, database_url: str) -> Iterator[TestServer]:
    """A server whose settings open private addresses, and that has a secret key of its own."""
    settings = settings_for(database_url, allow_private_integrations=True, secret_keys=("k" * 32,))
    with TestServer(host, settings) as server:
        yield server


def webhook(**changes: Any) -> dict[str, Any]:
    return WEBHOOK | changes


def details(server: TestServer, body: dict[str, Any]) -> dict[str, str]:
    """What is wrong with an integration, by path, when it is created and when one is replaced by it."""
    created = server.post(ADDONS, json=body)
    assert created.status_code == 400, created.text
    found = {each["path"]: each["message"] for each in created.json()["details"]}
    if server.get(f"{ADDONS}/1").status_code == 200:
        replaced = server.put(f"{ADDONS}/1", json=body)
        assert replaced.status_code == 400, replaced.text
        assert {each["path"]: each["message"] for each in replaced.json()["details"]} == found
    return found


@pytest.mark.causes("addon-config-created", action="POST /api/admin/addons")
def test_an_integration(server: TestServer) -> None:
    before = server.last_id()
    answer = server.post(ADDONS, json=WEBHOOK)
    assert (answer.status_code, answer.json()) == (201, SHOWN)
    assert server.get(f"{ADDONS}/1").json() == SHOWN
    assert server.get(ADDONS).json()["addons"] == [SHOWN]
    (event,) = server.events_after(before)
    assert (event["type"], event["createdBy"], event["preData"]) == ("addon-config-created", "admin", None)
    assert event["data"] == {name: value for name, value in SHOWN.items() if name != "parameters"} | {"id": "1"}
    assert "s3cret" not in json.dumps(event)


def test_only_what_is_needed_has_to_be_sent(server: TestServer) -> None:
    answer = server.post(ADDONS, json=LEAST | {"unknown": 1})
    assert answer.status_code == 201
    assert answer.json() == LEAST | {
        "id": 1,
        "description": None,
        "parameters": {"url": "*****"},
        "projects": [],
        "environments": [],
    }
    for name in LEAST:
        missing = server.post(ADDONS, json={key: value for key, value in LEAST.items() if key != name})
        assert missing.status_code == 400
        assert name in missing.text


@pytest.mark.causes("addon-config-updated", action="PUT /api/admin/addons/{id}")
def test_a_changed_integration(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    before = server.last_id()
    body = webhook(parameters=SHOWN["parameters"], enabled=False)
    for _ in range(2):
        answer = server.put(f"{ADDONS}/1", json=body)
        assert (answer.status_code, answer.json()) == (200, SHOWN | {"enabled": False})
    (event,) = server.events_after(before)
    assert event["type"] == "addon-config-updated"
    assert (event["preData"]["enabled"], event["data"]["enabled"], event["data"]["id"]) == (True, False, "1")


def test_changed_secrets_are_an_event_that_does_not_tell_them(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    before = server.last_id()
    answer = server.put(f"{ADDONS}/1", json=webhook(parameters=SHOWN["parameters"] | {"authorization": "Bearer 0ther"}))
    assert "0ther" not in answer.text
    (event,) = server.events_after(before)
    assert event["data"]["changedParameters"] == ["authorization"]
    assert "0ther" not in json.dumps(event)


@pytest.mark.causes("addon-config-deleted", action="DELETE /api/admin/addons/{id}")
def test_a_deleted_integration(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    before = server.last_id()
    answer = server.delete(f"{ADDONS}/1")
    assert (answer.status_code, answer.content) == (200, b"")
    (event,) = server.events_after(before)
    assert (event["type"], event["data"]) == ("addon-config-deleted", {"id": "1"})
    assert event["preData"]["provider"] == "webhook"
    assert server.get(ADDONS).json()["addons"] == []
    assert server.post(ADDONS, json=WEBHOOK).json()["id"] == 2


@pytest.mark.parametrize(
    ("text", "status"),
    [("7", 404), ("99999999999999999999", 404), ("abc", 400), ("-1", 400), ("1.5", 400), ("\u0661", 400)],
)
def test_ids_that_are_none(server: TestServer, text: str, status: int) -> None:
    before = server.last_id()
    path = f"{ADDONS}/{text}"
    answers = [
        server.get(path),
        server.put(path, json=WEBHOOK),
        server.delete(path),
        server.post(f"{path}/signing-secret"),
    ]
    assert [answer.status_code for answer in answers] == [status] * 4
    assert server.last_id() == before


@pytest.mark.causes("tag-type-created", action="POST /api/admin/addons")
def test_tag_types_come_with_their_provider(server: TestServer) -> None:
    before = server.last_id()
    body = {
        "provider": "slack-app",
        "enabled": True,
        "parameters": {"accessToken": "xoxb-1"},
        "events": ["feature-created"],
    }
    for _ in range(2):
        assert server.post(ADDONS, json=body).status_code == 201
    events = [event["type"] for event in server.events_after(before)]
    assert events == ["tag-type-created", "addon-config-created", "addon-config-created"]
    assert "slack" in [each["name"] for each in server.get("/api/admin/tag-types").json()["tagTypes"]]


@pytest.mark.causes("addon-config-updated", action="POST /api/admin/addons/{id}/signing-secret")
def test_signing_secrets_are_shown_once(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    secrets = [server.post(f"{ADDONS}/1/signing-secret").json()["secret"] for _ in range(2)]
    assert secrets[0] != secrets[1]
    newest = server.events()[0]
    assert (newest["type"], newest["data"]["changedParameters"]) == ("addon-config-updated", ["signingSecret"])
    assert all(secret.startswith("whsec_") for secret in secrets)
    shown = server.get(f"{ADDONS}/1").json()
    assert shown["parameters"]["signingSecret"] == "*****"
    assert secrets[0] not in json.dumps(server.events()) + server.get(ADDONS).text


def test_providers_are_offered_in_the_known_shape(server: TestServer) -> None:
    offered = server.get(ADDONS).json()["providers"]
    assert [each["name"] for each in offered] == list(PROVIDERS)
    allowed = {
        *("name", "displayName", "documentationUrl", "description", "howTo", "tagTypes", "parameters", "events"),
        *("installation", "alerts", "deprecated"),
    }
    for each in offered:
        assert {"name", "displayName", "documentationUrl", "description"} <= each.keys() <= allowed
        for parameter in each["parameters"]:
            assert {"name", "displayName", "type", "required", "sensitive"} <= parameter.keys()
            assert parameter["type"] in ("url", "text", "textfield")
    slack, app = offered[1], offered[2]
    assert slack["deprecated"]
    assert slack["alerts"][0]["link"].keys() == {"url", "title"}
    assert slack["tagTypes"] == [
        {"name": "slack", "description": slack["tagTypes"][0]["description"], "icon": "S"},
    ]
    assert app["installation"].keys() == {"url", "title", "helpText"}


def test_retired_providers_go_on_working(server: TestServer) -> None:
    body = {"provider": "teams", "enabled": True, "parameters": {"url": PUBLIC}, "events": ["feature-created"]}
    assert server.post(ADDONS, json=body).status_code == 201


def test_an_unknown_provider(server: TestServer) -> None:
    assert "pager" in details(server, webhook(provider="pager"))["/body/provider"]


def test_bad_input_names_every_field_and_stores_nothing(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    before = server.last_id()
    template = {"url": "ftp://x", "bodyTemplate": "a\n  {{#open}}", "customHeaders": "{", "signingSecret": "x"}
    found = details(server, webhook(parameters=template, events=["feature-created", "feature-eaten"]))
    assert "Line 2, column 3" in found["/body/parameters/bodyTemplate"]
    assert "JSON object" in found["/body/parameters/customHeaders"]
    assert "whsec_" in found["/body/parameters/signingSecret"]
    assert "http:// or https://" in found["/body/parameters/url"]
    assert "feature-eaten" in found["/body/events/1"]
    assert details(server, webhook(provider="email", parameters={})).keys() == {
        f"/body/parameters/{name}" for name in ("server", "from", "to")
    }
    assert server.last_id() == before
    assert server.get(ADDONS).json()["addons"] == [SHOWN]


def test_addresses_that_are_refused_when_they_are_stored(server: TestServer) -> None:
    before = server.last_id()
    for url in REFUSED:
        assert list(details(server, webhook(parameters={"url": url}))) == ["/body/parameters/url"], url
    assert server.last_id() == before
    assert server.get(ADDONS).json()["addons"] == []


@pytest.mark.parametrize(
    ("provider", "parameters", "field"),
    [
        ("datadog", {"url": "http://10.0.0.1/", "apiKey": "x"}, "url"),
        ("grafana", {"url": "http://10.0.0.1/", "token": "x"}, "url"),
        ("email", {"server": "smtp://10.0.0.1", "from": "a@b.example", "to": "a@b.example"}, "server"),
        ("nats", {"server": "nats://10.0.0.1"}, "server"),
        ("nats", {"server": "https://93.184.216.34"}, "server"),
    ],
)
def test_all_addresses_are_checked(server: TestServer, provider: str, parameters: dict[str, str], field: str) -> None:
    assert list(details(server, webhook(provider=provider, parameters=parameters))) == [f"/body/parameters/{field}"]


def test_private_addresses_can_be_opened(lenient: TestServer) -> None:
    for url in ("http://127.0.0.1:1/", "http://10.0.0.1/", "http://localhost/"):
        assert lenient.post(ADDONS, json=webhook(parameters={"url": url})).status_code == 201
    metadata = lenient.post(ADDONS, json=webhook(parameters={"url": "http://169.254.169.254/"}))
    assert metadata.status_code == 400
    assert "metadata" in metadata.text


def test_values_that_are_no_text_are_kept_as_text(server: TestServer) -> None:
    sent = webhook(parameters={"url": PUBLIC, "ordered": True, "contentType": None, "alwaysPostToDefault": "true"})
    assert server.post(ADDONS, json=sent).json()["parameters"] == {"url": "*****", "ordered": "true"}


def test_only_people_who_may_are_let_in(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    viewer, editor = person(server, "vera").token, person(server, "edith", "Editor").token
    assert server.get(ADDONS, token=viewer).json()["addons"] == [SHOWN]
    assert server.get(f"{ADDONS}/1", token=viewer).json() == SHOWN
    before = server.last_id()
    for token, status in ((viewer, 403), (BACKEND, 403), (None, 401)):
        answers = [
            server.post(ADDONS, json=WEBHOOK, token=token),
            server.put(f"{ADDONS}/1", json=WEBHOOK, token=token),
            server.delete(f"{ADDONS}/1", token=token),
            server.post(f"{ADDONS}/1/signing-secret", token=token),
        ]
        assert [answer.status_code for answer in answers] == [status] * 4
    assert server.last_id() == before
    assert server.post(ADDONS, json=WEBHOOK, token=editor).status_code == 201
    assert server.delete(f"{ADDONS}/1", token=editor).status_code == 200
    assert {event["createdBy"] for event in server.events_after(before)} == {"edith"}


def test_a_query_narrows_what_is_sent(server: TestServer) -> None:
    body = webhook(query='-by:bot changed:rollout "checkout"')
    assert server.post(ADDONS, json=body).json() == SHOWN | {"query": body["query"]}
    assert server.events()[0]["data"]["query"] == body["query"]
    without = server.put(f"{ADDONS}/1", json=WEBHOOK)
    assert without.json() == SHOWN
    changed = server.events()[0]
    assert "query" not in changed["data"]
    assert changed["preData"]["query"] == body["query"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("type:x foo:y", "position 8"),
        ("since:2h", "events to come"),
        ('"open', "position 1"),
        ("x" * 2001, "at most 2000"),
    ],
)
def test_a_query_that_makes_no_sense(server: TestServer, query: str, problem: str) -> None:
    assert problem in details(server, webhook(query=query))["/body/query"]
    assert server.get(ADDONS).json()["addons"] == []


def test_a_kept_secret_is_not_sent_to_another_address(server: TestServer) -> None:
    server.post(ADDONS, json=WEBHOOK)
    before = server.last_id()
    moved = SHOWN["parameters"] | {"url": "http://93.184.216.35/hook"}
    refused = server.put(f"{ADDONS}/1", json=webhook(parameters=moved))
    assert (refused.status_code, refused.json()["name"]) == (400, "BadDataError")
    assert [each["path"] for each in refused.json()["details"]] == ["/body/parameters/authorization"]
    assert server.last_id() == before
    answer = server.put(f"{ADDONS}/1", json=webhook(parameters=moved | {"authorization": "Bearer n3w"}))
    assert answer.status_code == 200
    assert server.events()[0]["data"]["changedParameters"] == ["authorization", "url"]


def test_a_mail_password_is_asked_for_again_when_the_server_changes(server: TestServer) -> None:
    mail = {"server": "smtps://93.184.216.34", "password": "s3cret", "from": "a@b.example", "to": "c@d.example"}
    server.post(ADDONS, json=webhook(provider="email", parameters=mail))
    for moved in ("smtp://93.184.216.34:465", "smtps://93.184.216.34:466", "smtps://93.184.216.35"):
        sent = webhook(provider="email", parameters=mail | {"server": moved, "password": "*****"})
        refused = server.put(f"{ADDONS}/1", json=sent)
        assert refused.status_code == 400, moved
        assert [each["path"] for each in refused.json()["details"]] == ["/body/parameters/password"]
    same = mail | {"server": "smtps://93.184.216.34:465", "password": "*****"}
    assert server.put(f"{ADDONS}/1", json=webhook(provider="email", parameters=same)).status_code == 200
