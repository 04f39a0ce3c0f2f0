"""Sessions over HTTP: what they open, what they may not be used for, and when they end."""

import sqlite3
from contextlib import ExitStack

import pytest

from tests.people import PASSWORD, browser, person
from tests.server import ADMIN, BACKEND, Host, TestServer, settings_for

ME = "/api/admin/user"
SEGMENTS = "/api/admin/segments"
SEGMENT = {"name": "beta", "constraints": []}


def test_a_session_acts_as_its_user(server: TestServer) -> None:
    ada = person(server, "ada", "Editor", email="ada@example.com")
    with browser(server, "ada") as client:
        before = server.last_id()
        assert client.post(SEGMENTS, json=SEGMENT).status_code == 201
    (event,) = server.events_after(before)
    assert (event["createdBy"], event["createdByUserId"]) == ("ada@example.com", ada.id)
    assert event["ip"] == "127.0.0.1"


def test_addresses_are_shown_to_administrators_only(server: TestServer) -> None:
    editor = person(server, "ed", "Editor")
    server.post("/api/admin/projects/default/api-tokens", json={"tokenName": "t", "type": "client"})
    found = server.get("/api/admin/search/events", token=editor.token).json()["events"]
    assert found
    assert all("ip" not in event for event in found)


def test_a_token_counts_more_than_a_session(server: TestServer) -> None:
    person(server, "ada")
    with browser(server, "ada") as client:
        assert client.get(ME, headers={"Authorization": ADMIN}).json()["user"]["id"] == -42
        assert client.get(ME, headers={"Authorization": "nobody"}).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://flagkeeper.test", "Host": "flagkeeper.test"}, 201),
        ({"Origin": "https://flagkeeper.test", "Host": "flagkeeper.test"}, 201),
    ],
)
def test_another_site_cannot_use_a_session(server: TestServer, headers: dict[str, str], status: int) -> None:
    person(server, "ada", "Editor")
    with browser(server, "ada") as client:
        cookie = {"Cookie": f"unleash-session={client.cookies['unleash-session']}"}
        answer = client.post(SEGMENTS, json=SEGMENT, headers={**cookie, **headers})
        assert answer.status_code == status, answer.text
        assert client.get(SEGMENTS, headers={**cookie, **headers}).status_code == 200
    if status == 403:
        assert answer.json()["name"] == "ForbiddenError"
        assert server.get(SEGMENTS).json()["segments"] == []


def test_five_sessions_and_the_oldest_goes(server: TestServer) -> None:
    person(server, "ada")
    with ExitStack() as opened:
        clients = [opened.enter_context(browser(server, "ada")) for _ in range(6)]
        assert [client.get(ME).status_code for client in clients] == [401, 200, 200, 200, 200, 200]
        answer = clients[0].post("/auth/simple/login", json={"username": "ada", "password": PASSWORD})
        assert (answer.json()["activeSessions"], answer.json()["deletedSessions"]) == (5, 1)


def test_a_session_expires(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url)) as server:
        person(server, "ada")
        with browser(server, "ada") as client:
            assert client.get(ME).status_code == 200
            with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
                (lifetime,) = database.execute("SELECT expires_at - created_at FROM sessions").fetchone()
                database.execute("UPDATE sessions SET expires_at = created_at")
            database.close()
            assert lifetime == 48 * 3600 * 1000
            for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
                ended = client.post(SEGMENTS, json=SEGMENT, headers=headers)
                assert ended.status_code == 401
                assert "session has ended" in ended.json()["message"]


def test_without_login_everybody_is_an_administrator_called_unknown(host: Host, database_url: str) -> None:
    with TestServer(host, settings_for(database_url, auth_type="none")) as server:
        for token in (None, BACKEND, "nobody"):
            me = server.get(ME, token=token).json()
            assert (me["user"]["id"], me["user"]["username"]) == (-1, "unknown")
            assert me["permissions"] == [{"permission": "ADMIN"}]
        before = server.last_id()
        assert server.post(SEGMENTS, json=SEGMENT, token=None).status_code == 201
        (event,) = server.events_after(before)
        assert (event["createdBy"], event["createdByUserId"], event["ip"]) == ("unknown", -1, "127.0.0.1")
        assert (event["actorKind"], "credentialId" in event) == ("none", False)
        refused = server.post("/api/admin/user/tokens", json={"description": "x", "expiresAt": "2099-01-01T00:00:00Z"})
        assert refused.status_code == 403
