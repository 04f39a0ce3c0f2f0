"""Ways to log in that are switched off, the way back in, what is kept of logins, and the end of sessions, over HTTP."""

import csv
import io
from typing import Any

import httpx
import pytest

from flagkeeper.features.logins import commands as logins
from flagkeeper.features.logins.model import KEPT, MOST_KEPT, LoginRecord, Visit, as_csv
from flagkeeper.features.logins.store import forget
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from tests.people import PASSWORD, browser, person
from tests.server import TestServer

SIMPLE = "/api/admin/auth/simple/settings"
LOGIN = "/auth/simple/login"
LOGINS = "/api/admin/logins"
ME = "/api/admin/user"
MINE = "/api/admin/user/sessions"


def log_in(server: TestServer, username: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return server.post(LOGIN, json={"username": username, "password": password}, token=None, **more)


def history(server: TestServer) -> list[tuple[Any, ...]]:
    """Names, outcomes and reasons, the newest first; failures are written after their answer."""
    server.call(server.services.units.run(SYSTEM, lambda unit: unit.now))
    found = server.get(LOGINS).json()["events"]
    return [(each.get("username"), each["successful"], each["failure_reason"]) for each in found]


@pytest.mark.causes("setting-created", "setting-updated", action="POST /api/admin/auth/simple/settings")
def test_passwords_are_switched_off(server: TestServer) -> None:
    ada = person(server, "ada")
    assert server.get(SIMPLE).json() == {"disabled": False}
    with browser(server, "ada") as client:
        before = server.last_id()
        assert server.post(SIMPLE, json={"disabled": False}).json() == {"disabled": False}
        assert server.events_after(before) == [], "nobody had switched them off"
        assert server.post(SIMPLE, json={"disabled": True}).json() == {"disabled": True}
        refused = [log_in(server, "ada"), log_in(server, "ada", "wrong"), log_in(server, "nobody")]
        assert [(each.status_code, each.json()["name"]) for each in refused] == [(422, "DisabledError")] * 3
        assert not any("set-cookie" in each.headers for each in refused)
        assert client.get(ME).status_code == 200, "who is logged in stays so"
        assert client.get("/api/admin/ui-config").json()["disablePasswordAuth"] is True
    assert server.post(SIMPLE, json={}).json() == {"disabled": False}
    assert log_in(server, "ada").status_code == 200
    assert [(event["type"], event["data"], event["preData"]) for event in server.events_after(before)] == [
        ("setting-created", {"id": "unleash.auth.simple", "disabled": True}, None),
        ("setting-updated", {"id": "unleash.auth.simple", "disabled": False}, {"disabled": True}),
    ]
    off = "Logging in with a password is switched off."
    assert history(server)[:4] == [("ada", True, None), (None, False, off), ("ada", False, off), ("ada", False, off)]
    for method in ("GET", "POST"):
        assert server.request(method, SIMPLE, json={"disabled": True}, token=ada.token).status_code == 403
    assert server.post(SIMPLE, json={"disabled": "perhaps"}).status_code == 400
    assert server.get(SIMPLE).json() == {"disabled": False}


def test_what_is_kept_of_logins(server: TestServer) -> None:
    viewer = person(server, "=ada")
    assert log_in(server, "=ada", headers={"User-Agent": "Lynx"}).status_code == 200
    assert log_in(server, "=ada", "wrong").status_code == 401
    assert log_in(server, "My-Passw0rd-in-the-wrong-field", "wrong").status_code == 401
    assert history(server) == [
        (None, False, "There is no such user."),
        ("=ada", False, "The password was wrong."),
        ("=ada", True, None),
    ]
    newest = server.get(LOGINS).json()["events"][-1]
    assert (newest["auth_type"], newest["ip"]) == ("simple", "127.0.0.1")
    answer = server.get(LOGINS, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["username"], row["successful"], row["ip"]) for row in rows] == [
        ("", "false", "127.0.0.1"),
        ("'=ada", "false", "127.0.0.1"),
        ("'=ada", "true", "127.0.0.1"),
    ], "no name is a formula"
    assert server.get(LOGINS, token=viewer.token).status_code == 403


def test_logins_are_forgotten(server: TestServer) -> None:
    services = server.services

    def later(unit: Any) -> None:
        logins.note(unit, "ada", Visit("192.0.2.1"))
        for _ in range(5):
            logins.note(unit, None, Visit("192.0.2.2"), "no")
        forget(unit.tx, 0, 3)
        unit.now += KEPT + clock.DAY
        logins.note(unit, "eve", Visit("192.0.2.1"))

    server.call(services.units.run(SYSTEM, later))
    assert history(server) == [("eve", True, None), *[(None, False, "no")] * 3, ("ada", True, None)], (
        "who tries many passwords pushes out no login"
    )

    def much_later(unit: Any) -> None:
        unit.now += KEPT + clock.HOUR
        logins.forget(unit)

    server.call(services.units.run(SYSTEM, much_later))
    assert history(server) == [("eve", True, None)]
    assert MOST_KEPT > 1000


def test_a_person_who_is_forgotten_is_forgotten_here_too(server: TestServer) -> None:
    ada = person(server, "ada.lovelace", email="ada@example.com")
    with browser(server, "ada.lovelace"):
        pass
    assert server.delete(f"/api/admin/user-admin/{ada.id}").status_code == 200
    server.call(server.services.units.run(SYSTEM, lambda unit: logins.forget_names(unit, _forgotten(), 0)))
    assert history(server) == [("person-1", True, None)]


def _forgotten() -> Any:
    from flagkeeper.eventlog.archive.replacement import Replacement

    return Replacement("person-1", ["ada@example.com"])


def test_my_sessions(server: TestServer) -> None:
    person(server, "eve")
    person(server, "ada")
    with browser(server, "ada") as here, browser(server, "ada") as there, browser(server, "eve") as other:
        sessions = here.get(MINE).json()["sessions"]
        assert [each["current"] for each in sessions].count(True) == 1
        assert {(each["ip"], each["authType"]) for each in sessions} == {("127.0.0.1", "simple")}
        assert all(each["userAgent"].startswith("python-httpx") for each in sessions)
        assert here.cookies["unleash-session"] not in here.get(MINE).text
        (elsewhere,) = (each["id"] for each in sessions if not each["current"])
        before = server.last_id()
        assert other.delete(f"{MINE}/{elsewhere}").status_code == 404, "it is not theirs"
        assert there.get(ME).status_code == 200
        assert here.delete(f"{MINE}/{elsewhere}").status_code == 204
        assert there.get(ME).status_code == 401
        assert here.delete(f"{MINE}/{elsewhere}").status_code == 404
        with browser(server, "ada") as third:
            assert here.delete(MINE).status_code == 204
            assert third.get(ME).status_code == 401
        assert here.get(ME).status_code == 200
        assert server.events_after(before) == []
        assert server.get(MINE).status_code == 403, "an admin token has no sessions"


@pytest.mark.causes(
    "flagkeeper-user-sessions-ended", action="DELETE /api/admin/user-admin/{user_id}/sessions/{session_id}"
)
@pytest.mark.causes("flagkeeper-user-sessions-ended", action="DELETE /api/admin/user-admin/{user_id}/sessions")
def test_an_administrator_ends_sessions(server: TestServer) -> None:
    eve = person(server, "eve")
    ada = person(server, "ada", email="ada@example.com")
    theirs = f"/api/admin/user-admin/{ada.id}/sessions"
    with browser(server, "ada") as first, browser(server, "ada") as second, browser(server, "ada") as third:
        sessions = server.get(theirs).json()["sessions"]
        assert len(sessions) == 3
        assert not any(each["current"] for each in sessions)
        for path in (theirs, f"{theirs}/{sessions[0]['id']}"):
            assert server.delete(path, token=eve.token).status_code == 403
        assert server.get(theirs, token=eve.token).status_code == 403
        before = server.last_id()
        assert server.delete(f"{theirs}/{sessions[0]['id']}").status_code == 204
        assert sorted(each.get(ME).status_code for each in (first, second, third)) == [200, 200, 401]
        assert server.delete(theirs).status_code == 204
        assert {each.get(ME).status_code for each in (first, second, third)} == {401}
        assert server.delete(theirs).status_code == 204
        assert [event["data"] for event in server.events_after(before)] == [
            {"id": ada.id, "name": "ada@example.com", "ended": 1},
            {"id": ada.id, "name": "ada@example.com", "ended": 2},
        ]
    for path in ("/api/admin/user-admin/999/sessions", f"{theirs}/none"):
        assert server.delete(path).status_code == 404
    assert server.get("/api/admin/user-admin/999/sessions").status_code == 404


def test_no_cell_is_a_formula() -> None:
    record = LoginRecord(1, "@ada", "simple", 0, successful=False, ip="", failure_reason="-1+2")
    assert as_csv([record]).splitlines()[1] == "1,'@ada,simple,1970-01-01T00:00:00.000Z,false,,'-1+2"
