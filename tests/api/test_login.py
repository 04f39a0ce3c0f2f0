"""Logging in and out over HTTP."""

import re
from collections.abc import Iterator
from ipaddress import ip_network

import argon2
import httpx
import pytest

from flagkeeper.features.attempts import store as attempts
from flagkeeper.features.attempts.model import FREE, Count, account_of, account_of_user
from flagkeeper.features.attempts.model import PASSWORD as PASSWORDS
from flagkeeper.features.users import commands, queries
from flagkeeper.features.users.model.session import LIFETIME
from flagkeeper.kernel import clock
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


def test_strangers_may_send_little(server: TestServer) -> None:
    """Whoever is not logged in cannot make the server read half a megabyte, in whatever way it comes."""
    for size, status in ((32_000, 401), (33_000, 413)):
        body = b'{"username": "admin", "password": "' + b"x" * (size - 37) + b'"}'
        for content in (body, iter([body[:9], body[9:]])):
            headers = {"content-type": "application/json"}
            assert server.post(LOGIN, content=content, headers=headers, token=None).status_code == status


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
        assert there.get(ME).json()["name"] == "AuthenticationRequired"
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


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def behind(host: Host, request: pytest.FixtureRequest) -> Iterator[TestServer]:
    """A server behind a proxy that it trusts, so that a test can come from anywhere."""
    settings = settings_for(request.getfixturevalue(request.param), trusted_proxies=(ip_network("127.0.0.1"),))
    with TestServer(host, settings) as server:
        yield server


def come_from(server: TestServer, address: str, username: str, password: str, cookie: str = "") -> httpx.Response:
    headers = {"X-Forwarded-For": address, **({"Cookie": f"unleash-session={cookie}"} if cookie else {})}
    return server.post(LOGIN, json={"username": username, "password": password}, token=None, headers=headers)


def long_tried(server: TestServer, account: str) -> None:
    """Somebody has tried passwords of it for hours, until now."""
    tried = Count(2 * FREE, clock.now())
    ends_at = clock.now() + clock.DAY
    server.call(
        server.services.units.run(SYSTEM, lambda unit: attempts.save(unit.tx, PASSWORDS, account, tried, ends_at))
    )


def guess(server: TestServer, username: str) -> list[int]:
    """What many addresses are told that try many passwords."""
    return [
        come_from(server, f"198.51.100.{number % 15}", username, f"Wrong-guess-{number}").status_code
        for number in range(120)
    ]


def test_guesses_from_many_addresses_are_slowed_down_and_the_owner_is_not(behind: TestServer) -> None:
    person(behind, "ada", email="ada@example.com")
    home = come_from(behind, "203.0.113.7", "ada", PASSWORD)
    session = home.cookies["unleash-session"]
    behind.client.cookies.clear()
    told = guess(behind, "ada")
    assert set(told) == {401, 429}
    assert told.count(401) < 30
    long_tried(behind, account_of("ada"))
    late = come_from(behind, "198.51.100.200", "ada", PASSWORD)
    assert (late.status_code, late.json()["name"]) == (429, "RateLimitError")
    assert 0 < int(late.headers["retry-after"]) <= 900
    assert "set-cookie" not in late.headers
    assert come_from(behind, "203.0.113.7", "ada", PASSWORD).status_code == 200
    assert come_from(behind, "203.0.113.7", "ada", "wrong").status_code == 401
    told = [come_from(behind, f"198.51.101.{n % 15}", "ada", "wrong", session).status_code for n in range(120)]
    assert told.count(401) < 30, "a session that was found does not help to guess"
    assert come_from(behind, "198.51.100.201", "ada", PASSWORD).status_code == 429
    assert come_from(behind, "203.0.113.7", "ada", PASSWORD).status_code == 200
    assert come_from(behind, "198.51.100.202", "admin", ADMIN_PASSWORD).status_code == 200, "others are not affected"


def test_a_session_of_the_owner_is_not_held_up_by_strangers(behind: TestServer) -> None:
    person(behind, "ada")
    session = come_from(behind, "203.0.113.7", "ada", PASSWORD).cookies["unleash-session"]
    behind.client.cookies.clear()
    long_tried(behind, account_of("ada"))
    assert come_from(behind, "198.51.100.201", "ada", PASSWORD, "x" * 43).status_code == 429
    assert come_from(behind, "198.51.100.201", "ada", PASSWORD, session).status_code == 200
    assert come_from(behind, "198.51.100.201", "ada", PASSWORD).status_code == 200, "it is known from now on"


def test_a_name_that_nobody_has_is_slowed_down_too(behind: TestServer) -> None:
    person(behind, "ada")
    for name in ("ada", "nobody"):
        long_tried(behind, account_of(name))
    known, unknown = (come_from(behind, "198.51.100.1", name, "wrong").json() for name in ("ada", "nobody"))
    assert (known["name"], unknown["name"]) == ("RateLimitError", "RateLimitError")
    assert known["message"][:30] == unknown["message"][:30]


def test_addresses_of_one_network_are_one(behind: TestServer) -> None:
    told = [
        come_from(behind, f"2001:db8:1:2::{number:x}", f"nobody {number}", "wrong").status_code for number in range(12)
    ]
    assert told == [401] * 10 + [429] * 2


def test_a_session_does_not_help_to_guess_the_password(server: TestServer) -> None:
    ada, eve = person(server, "ada"), person(server, "eve")
    long_tried(server, account_of_user(ada.id))
    body = {"password": "An0ther!passw0rd", "oldPassword": PASSWORD}
    refused = server.post(f"{ME}/change-password", json=body, token=ada.token)
    assert (refused.status_code, refused.json()["name"]) == (429, "RateLimitError")
    assert int(refused.headers["retry-after"]) > 0
    assert server.post(f"{ME}/change-password", json=body, token=eve.token).status_code == 200
    assert log_in(server, "ada", PASSWORD).status_code == 200
    wrong = [server.post(f"{ME}/change-password", json=body, token=eve.token).status_code for _ in range(100)]
    assert set(wrong) == {401, 429}
    assert wrong.count(401) < 25
