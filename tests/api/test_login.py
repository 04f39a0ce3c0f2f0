"""Logging in and out over HTTP."""

import re

import argon2
import httpx
import pytest

from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.model.session import LIFETIME
from flagkeeper.kernel.actor import SYSTEM
from tests.people import PASSWORD, browser, person
from tests.server import PASSWORD as ADMIN_PASSWORD
from tests.server import Host, TestServer, settings_for

LOGIN = "/auth/simple/login"
ME = "/api/admin/user"


def log_in(server: TestServer, username: str, password: str) -> httpx.Response:
    return server.post(LOGIN, json={"username": username, "password": password}, token=None)


def test_the_first_administrator_logs_in(server: TestServer) -> None:
    before = server.last_id()
    answer = log_in(server, "admin", ADMIN_PASSWORD)
    assert answer.status_code == 200
    user = answer.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", user["createdAt"])
    assert user["seenAt"] is not None
    assert {**user, "createdAt": "", "seenAt": ""} == {
        "id": 1,
        "accountType": "User",
        "username": "admin",
        "imageUrl": "https://gravatar.com/avatar/8c6976e5b5410415bde908bd4dee15dfb167a9c873fc4bb8a81f6f2ab448a918"
        "?s=42&d=retro&r=g",
        "seenAt": "",
        "loginAttempts": 0,
        "createdAt": "",
        "scimId": None,
        "seatType": None,
        "companyRole": None,
        "productUpdatesEmailConsent": None,
        "deletedSessions": 0,
        "activeSessions": 1,
    }
    assert server.events_after(before) == []


def test_the_cookie(server: TestServer) -> None:
    header = log_in(server, "admin", ADMIN_PASSWORD).headers["set-cookie"]
    value, *attributes = header.split("; ")
    assert re.fullmatch(r"unleash-session=[\w-]{43,}", value)
    assert {each.lower() for each in attributes} == {
        "httponly",
        "samesite=lax",
        "path=/",
        f"max-age={LIFETIME // 1000}",
    }


def test_the_cookie_behind_https(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url, secure_cookies=True)) as server:
        header = log_in(server, "admin", ADMIN_PASSWORD).headers["set-cookie"]
        assert "Secure" in header.split("; ")


def test_the_email_address_logs_in_too(server: TestServer) -> None:
    person(server, "ada", email="ada@example.com")
    assert log_in(server, "Ada@Example.com", PASSWORD).json()["username"] == "ada"


@pytest.mark.parametrize(("username", "password"), [("admin", "wrong"), ("nobody", ADMIN_PASSWORD), ("", "")])
def test_wrong_ones_all_look_alike(server: TestServer, username: str, password: str) -> None:
    answer = log_in(server, username, password)
    assert (answer.status_code, answer.json()["name"]) == (401, "PasswordMismatch")
    assert answer.json()["message"] == commands.WRONG_LOGIN
    assert "set-cookie" not in answer.headers


def test_somebody_without_a_password_cannot_log_in(server: TestServer) -> None:
    server.post("/api/admin/user-admin", json={"username": "ada", "rootRole": 3})
    assert log_in(server, "ada", "").status_code == 401


@pytest.mark.parametrize("body", [{}, {"username": "admin"}, {"username": "admin", "password": 1}, []])
def test_what_is_no_login(server: TestServer, body: object) -> None:
    assert server.post(LOGIN, json=body, token=None).status_code == 400


def test_failures_are_counted_until_it_works(server: TestServer) -> None:
    ada = person(server, "ada")
    for _ in range(2):
        log_in(server, "ada", "wrong")
    server.call(server.services.units.run(SYSTEM, lambda _: None))
    assert server.get(f"/api/admin/user-admin/{ada.id}").json()["loginAttempts"] == 2
    assert server.get(f"/api/admin/user-admin/{ada.id}").json()["seenAt"] is None
    assert log_in(server, "ada", PASSWORD).json()["loginAttempts"] == 0


def test_ten_attempts_a_minute(server: TestServer) -> None:
    for _ in range(10):
        assert log_in(server, "nobody", "wrong").status_code == 401
    answer = log_in(server, "admin", ADMIN_PASSWORD)
    assert (answer.status_code, answer.json()["name"]) == (429, "RateLimitError")
    assert 0 < int(answer.headers["retry-after"]) <= 60


def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(server: TestServer) -> None:
    def attempt(number: int) -> int:
        body = {"username": "nobody", "password": "wrong"}
        headers = {"X-Forwarded-For": f"192.0.2.{number}"}
        return server.post(LOGIN, json=body, token=None, headers=headers).status_code

    assert [attempt(number) for number in range(11)] == [401] * 10 + [429]


def test_an_outdated_hash_is_renewed(server: TestServer) -> None:
    ada = person(server, "ada")
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    units, reader = server.services.units, server.services.reader
    server.call(units.run(SYSTEM, commands.set_password, ada.id, old))
    assert reader.now(queries.password_hashes, ada.id)[0] == old
    assert log_in(server, "ada", PASSWORD).status_code == 200
    assert reader.now(queries.password_hashes, ada.id)[0] != old
    assert log_in(server, "ada", PASSWORD).status_code == 200


def test_logging_out_ends_all_sessions(server: TestServer) -> None:
    person(server, "ada")
    with (
        browser(server, "ada") as here,
        browser(server, "ada") as there,
        browser(server, "admin", ADMIN_PASSWORD) as other,
    ):
        assert there.get(ME).status_code == 200
        answer = here.post("/logout")
        assert (answer.status_code, answer.headers["location"]) == (302, "/signed-out")
        assert answer.headers["clear-site-data"] == '"cookies", "storage"'
        assert "max-age=0" in answer.headers["set-cookie"].lower()
        assert "unleash-session" not in here.cookies
        assert there.get(ME).json()["name"] == "UnauthorizedError"
        assert other.get(ME).status_code == 200


@pytest.mark.parametrize("cookie", ["", "unleash-session=nobody"])
def test_logging_out_without_a_session(server: TestServer, cookie: str) -> None:
    answer = server.post("/logout", token=None, headers={"Cookie": cookie} if cookie else {})
    assert answer.status_code == 302


@pytest.mark.parametrize("path", ["/auth/reset/validate-password", "/api/admin/user-admin/validate-password"])
def test_is_this_password_strong_enough(server: TestServer, path: str) -> None:
    assert server.post(path, json={"password": PASSWORD}).status_code == 200
    answer = server.post(path, json={"password": "short"})
    assert (answer.status_code, answer.json()["name"]) == (400, "OwaspValidationError")
    assert len(answer.json()["details"][0]["validationErrors"]) == 4
    assert server.post(path, json={}).status_code == 400
