"""How people get in who have no password, over HTTP and by mail: invitations, reset links, sign-up links."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import bindparam, select, update
from structlog.testing import capture_logs

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.invitations.slice import MAILER
from flagkeeper.features.invitations.tables import mails
from flagkeeper.features.tokens.slice import SEEN_TOKENS
from flagkeeper.features.users.tables import users
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.limits import Limits, PerMinute
from flagkeeper.schema import metadata
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction
from tests.deliveries import until_now
from tests.mailbox import FINE, LATER, NEVER, Mailbox
from tests.people import PASSWORD, person
from tests.server import Host, TestServer, settings_for

USERS = "/api/admin/user-admin"
LINKS = "/api/admin/invite-link/tokens"
CHOSEN = "Ch0sen-by-myself!"
AGED = Write[Any](update(users).where(users.c.id == bindparam("id")).values(created_at=1))
OFTEN = PerMinute(logins=1_000, new_users=1_000, reset_mails=1_000, sign_ups=1_000)


@contextmanager
def served(host: Host, database_url: str, **changes: Any) -> Iterator[TestServer]:
    with TestServer(host, settings_for(database_url, **{"per_minute": OFTEN, **changes})) as server:
        yield server


def mailing(mailbox: Mailbox) -> dict[str, str]:
    return {"mail_server": mailbox.url, "mail_sender": "flags@corp.example"}


def named(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["name"]


def logged_in(server: TestServer, name: str, password: str) -> bool:
    body = {"username": name, "password": password}
    return server.post("/auth/simple/login", json=body, token=None).status_code == 200


def choose(server: TestServer, token: str, password: str = CHOSEN) -> httpx.Response:
    return server.post("/auth/reset/password", json={"token": token, "password": password}, token=None)


def written(server: TestServer, write: Write[Any], **values: Any) -> None:
    """What only time does, done at once."""

    def run(unit: Unit) -> None:
        unit.silent("user", "a test moves time")
        unit.tx.write(write, **values)

    server.call(server.services.units.run(SYSTEM, run))


@pytest.mark.causes("flagkeeper-password-link-created", action="POST /api/admin/user-admin/reset-password")
@pytest.mark.causes("flagkeeper-user-password-changed", action="POST /auth/reset/password")
def test_links_to_choose_a_password(host: Host, database_url: str) -> None:
    with Mailbox() as mailbox, capture_logs() as logged, served(host, database_url, **mailing(mailbox)) as server:
        secrets: list[str] = []
        # Invited: the answer has a link, and so has the mail; either works, once.
        made = server.post(USERS, json={"email": "Ada@example.com", "name": "Ada", "rootRole": 3}).json()
        assert made["emailSent"] is True
        shown, mailed = made["inviteLink"].rpartition("=")[2], mailbox.token("ada@example.com")
        assert made["inviteLink"] == f"http://flagkeeper.test/new-user?token={shown}"
        assert shown != mailed
        secrets += [shown, mailed]
        for token in (shown, mailed):
            owner = server.get("/auth/reset/validate", params={"token": token}, token=None).json()
            assert (owner["email"], owner["name"], owner["role"]["name"]) == ("ada@example.com", "Ada", "Viewer")
        assert named(choose(server, mailed, "weak")) == (400, "OwaspValidationError")
        before = server.last_id()
        assert choose(server, mailed).status_code == 200
        (event,) = server.events_after(before)
        assert (event["type"], event["createdBy"], event["createdByUserId"]) == (
            "flagkeeper-user-password-changed",
            "ada@example.com",
            made["id"],
        )
        assert logged_in(server, "ada@example.com", CHOSEN)
        for token in (shown, mailed, "nobody-was-given-this", ""):
            assert named(choose(server, token, "An0ther-one!!")) == (401, "InvalidTokenError")
            checked = server.get("/auth/reset/validate", params={"token": token}, token=None)
            assert named(checked) == (401, "InvalidTokenError")
        # An administrator makes a link; that is recorded, and a password that was set meanwhile ends it.
        before = server.last_id()
        for name in ("ada@example.com", str(made["id"])):
            url = server.post(f"{USERS}/reset-password", json={"id": name}).json()["resetPasswordUrl"]
            assert url.startswith("http://flagkeeper.test/reset-password?token=")
            secrets.append(url.rpartition("=")[2])
        assert [event["type"] for event in server.events_after(before)] == ["flagkeeper-password-link-created"] * 2
        server.post(f"{USERS}/{made['id']}/change-password", json={"password": PASSWORD})
        assert named(choose(server, secrets[-1])) == (401, "InvalidTokenError")
        assert named(server.post(f"{USERS}/reset-password", json={"id": "nobody"})) == (404, "NotFoundError")
        # Somebody forgot it. Nobody learns who has an account, and nobody gets one mail after the other.
        ask = "/auth/reset/password-email"
        for address in ("ADA@example.com", "nobody@example.com", "ada@example.com"):
            answer = server.post(ask, json={"email": address}, token=None)
            assert (answer.status_code, answer.text) == (200, "")
        token = mailbox.token("ada@example.com", 2)
        secrets.append(token)
        assert named(server.post(ask, json={"email": "no address"}, token=None)) == (400, "BadDataError")
        server.call(server.services[MAILER].send_due(server.services.units))
        assert [to for to, _ in mailbox.mails] == ["ada@example.com"] * 2
        assert server.get("/api/admin/mails").json() == {"mails": []}
        assert named(choose(server, token)) == (400, "BadDataError"), "it was used before"
        assert choose(server, token, "An0ther-one!!").status_code == 200
        _demand_secret(server, logged, [*secrets, CHOSEN, PASSWORD])


def test_mails_that_fail_are_seen_and_tried_again(host: Host, database_url: str) -> None:
    with Mailbox() as mailbox, served(host, database_url, **mailing(mailbox)) as server:
        mailbox.says = LATER
        made = server.post(USERS, json={"email": "ada@example.com", "rootRole": 3}).json()
        assert made["emailSent"] is False
        # The job that sends what is due may have taken it before the request did.
        until_now(lambda: server.get("/api/admin/mails").json()["mails"][0]["error"] is not None)
        (mail,) = server.get("/api/admin/mails").json()["mails"]
        assert (mail["recipient"], mail["kind"], mail["attempts"]) == ("ada@example.com", "invitation", 1)
        assert "450" in mail["error"]
        assert mail["nextAttemptAt"] > mail["createdAt"]
        mailbox.says = FINE
        server.call(server.services[MAILER].send_due(server.services.units))
        assert mailbox.mails == [], "not before it is due"
        written(server, Write(update(mails).values(next_at=1)))
        server.call(server.services[MAILER].send_due(server.services.units))
        assert choose(server, mailbox.token("ada@example.com")).status_code == 200
        mailbox.says = NEVER
        server.post(USERS, json={"email": "eve@example.com", "rootRole": 3})
        until_now(lambda: server.get("/api/admin/mails").json()["mails"][0]["nextAttemptAt"] is None)
        (mail,) = server.get("/api/admin/mails").json()["mails"]
        assert (mail["recipient"], mail["nextAttemptAt"]) == ("eve@example.com", None)
        quiet = server.post(USERS, json={"email": "x@example.com", "rootRole": 3, "sendEmail": False}).json()
        assert quiet["emailSent"] is False
        assert len(server.get("/api/admin/mails").json()["mails"]) == 1
        assert server.get("/api/admin/mails", token=person(server, "vi").token).status_code == 403


def test_a_server_without_mail(host: Host, sqlite_url: str) -> None:
    with served(host, sqlite_url) as server:
        assert server.post(USERS, json={"email": "ada@example.com", "rootRole": 3}).json()["emailSent"] is False
        asked = server.post("/auth/reset/password-email", json={"email": "ada@example.com"}, token=None)
        assert named(asked) == (404, "NotFoundError")


@pytest.mark.causes("public-signup-token-created", action="POST /api/admin/invite-link/tokens")
@pytest.mark.causes("public-signup-token-updated", action="PUT /api/admin/invite-link/tokens/{token}")
@pytest.mark.causes("user-created", "public-signup-token-user-added", action="POST /invite/{token}/signup")
def test_sign_up_links(host: Host, database_url: str) -> None:
    with capture_logs() as logged, served(host, database_url, limits=Limits(signup_tokens=2)) as server:
        before = server.last_id()
        made = server.post(LINKS, json={"name": "team", "expiresAt": "2190-01-01T00:00:00Z"})
        assert (made.status_code, made.headers["location"]) == (201, f"tokens/{made.json()['id']}")
        link = made.json()
        secret, link_id = link["secret"], link["id"]
        assert link["url"] == f"http://flagkeeper.test/new-user?invite={secret}"
        assert clock.from_iso(link["expiresAt"]) <= clock.now() + 30 * clock.DAY, "cut to a month"
        assert (link["role"]["name"], link["users"], link["enabled"]) == ("Viewer", [], True)
        join = f"/invite/{secret}/signup"
        ada = {"email": "Ada@example.com", "name": "Ada", "password": CHOSEN}
        assert server.get(f"/invite/{secret}/validate", token=None).status_code == 200
        joined = server.post(join, json=ada, token=None)
        assert (joined.status_code, joined.json()["email"], joined.json()["rootRole"]) == (201, "ada@example.com", 3)
        assert logged_in(server, "ada@example.com", CHOSEN)
        created, user, added = server.events_after(before)
        assert created["data"]["name"] == "team"
        assert (user["type"], user["createdByUserId"], user["ip"]) == ("user-created", -1337, "127.0.0.1")
        assert (added["type"], added["data"]) == (
            "public-signup-token-user-added",
            {"id": link_id, "name": "team", "userId": joined.json()["id"]},
        )
        for body, status in (
            (ada, 400),
            ({**ada, "email": ""}, 400),
            ({**ada, "email": "eve@example.com", "password": "weak"}, 400),
            ({"email": "eve@example.com"}, 400),
        ):
            assert server.post(join, json=body, token=None).status_code == status
        (found,) = server.get(LINKS).json()["tokens"]
        for handle in (secret, str(link_id), f"{secret[:6]}***"):
            assert server.get(f"{LINKS}/{handle}").json() == found
        assert (found["secret"], found["url"]) == (f"{secret[:6]}***", None)
        assert [user["name"] for user in found["users"]] == ["Ada"]
        before = server.last_id()
        off = server.put(f"{LINKS}/{secret}", json={"enabled": False})
        assert (off.status_code, off.json()["enabled"]) == (200, False)
        assert server.put(f"{LINKS}/{secret}", json={"enabled": False}).status_code == 200
        (event,) = server.events_after(before)
        assert (event["type"], event["data"]["enabled"], event["preData"]["enabled"]) == (
            "public-signup-token-updated",
            False,
            True,
        )
        eve = {**ada, "email": "eve@example.com"}
        for refused in (
            server.get(f"/invite/{secret}/validate", token=None),
            server.post(join, json=eve, token=None),
            server.post("/invite/nope/signup", json=eve, token=None),
            server.put(f"{LINKS}/{secret}", json={"expiresAt": "2020-01-01T00:00:00Z"}),
            server.post(LINKS, json={"name": "old", "expiresAt": "2020-01-01T00:00:00Z"}),
            server.post(LINKS, json={"name": " ", "expiresAt": "2190-01-01T00:00:00Z"}),
        ):
            assert named(refused) == (400, "BadDataError")
        assert server.get(f"{LINKS}/nope").status_code == 404
        assert server.post(LINKS, json={"name": "b", "expiresAt": "2190-01-01T00:00:00Z"}).status_code == 201
        full = server.post(LINKS, json={"name": "c", "expiresAt": "2190-01-01T00:00:00Z"})
        assert named(full) == (400, "ExceedsLimitError")
        assert server.get(LINKS, token=person(server, "vi").token).status_code == 403
        _demand_secret(server, logged, [secret, CHOSEN])


@pytest.mark.causes("user-deleted", action="POST /api/admin/user-admin/inactive/delete")
def test_inactive_users(host: Host, database_url: str) -> None:
    with served(host, database_url) as server:
        old, pat, seen, _ = (person(server, name) for name in ("old", "pat", "seen", "new"))
        for user_id in (old.id, pat.id, seen.id, 1):
            written(server, AGED, id=user_id)
        assert logged_in(server, "seen", PASSWORD)
        assert server.get("/api/admin/user", token=pat.token).status_code == 200
        server.call(server.services[SEEN_TOKENS].flush())
        found = server.get(f"{USERS}/inactive").json()
        assert found["version"] == 1
        assert [(user["id"], user["seenAt"], user["patSeenAt"]) for user in found["inactiveUsers"]] == [
            (1, None, None),
            (old.id, None, None),
        ]
        before = server.last_id()
        for ids, status in (([old.id, seen.id], 409), ([old.id, 999], 409), ([old.id, 1], 403), (["x"], 400)):
            assert server.post(f"{USERS}/inactive/delete", json={"ids": ids}).status_code == status
        assert server.events_after(before) == []
        assert server.post(f"{USERS}/inactive/delete", json={"ids": [old.id]}).status_code == 200
        assert "user-deleted" in {event["type"] for event in server.events_after(before)}
        assert [user["id"] for user in server.get(f"{USERS}/inactive").json()["inactiveUsers"]] == [1]
    with served(host, database_url, inactive_after_days=36_500) as server:
        assert server.get(f"{USERS}/inactive").json()["inactiveUsers"] == [], "the server was told to wait for longer"
        assert server.post(f"{USERS}/inactive/delete", json={"ids": [1]}).status_code == 409


def test_what_strangers_may_try_is_counted_by_all_servers_together(host: Host, database_url: str) -> None:
    few = PerMinute(logins=3, new_users=2, reset_mails=1, sign_ups=1)
    with Mailbox() as mailbox, served(host, database_url, per_minute=few, **mailing(mailbox)) as server:
        tries: list[tuple[int, str, dict[str, Any]]] = [
            (3, "/auth/simple/login", {"username": "x", "password": "y"}),
            (1, "/auth/reset/password-email", {"email": "nobody@example.com"}),
            (1, "/invite/nope/signup", {"email": "a@example.com", "name": "A", "password": CHOSEN}),
            (2, USERS, {"username": "", "rootRole": 3, "email": "a@example.com"}),
        ]
        for most, path, body in tries:
            token = {"token": None} if path != USERS else {}
            told = [server.post(path, json=body, **token).status_code for _ in range(most + 1)]
            assert 429 not in told[:-1], path
            assert told[-1] == 429, path
    with Mailbox() as mailbox, served(host, database_url, per_minute=few, **mailing(mailbox)) as another:
        for _, path, body in tries:
            refused = another.post(path, json=body, **({"token": None} if path != USERS else {}))
            assert named(refused) == (429, "RateLimitError"), path
            assert 0 < int(refused.headers["retry-after"]) <= 60


def _demand_secret(server: TestServer, logged: list[Any], secrets: list[str]) -> None:
    """None of `secrets` is in an event, a list, a row of the database or a line of the log."""
    lists = (LINKS, USERS, "/api/admin/mails", "/api/admin/search/events?limit=1000")
    told = "".join(server.get(path).text for path in lists)
    kept = server.services.reader.now(_everything)
    lines = json.dumps(logged, default=repr)
    for secret in secrets:
        assert secret not in told
        assert secret not in lines
        assert secret not in kept


def _everything(tx: Transaction) -> str:
    """All that the tables of these slices hold, and the log's versions."""
    names = ("account_links", "mails", "signup_links", "attempts", "users", "passwords", "events")
    return repr([tx.all(Query(select(metadata.tables[name]), lambda *row: row)) for name in names])
