"""Asking for access at the page that refuses somebody, and deciding on it; at real providers on real sockets."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from flagkeeper.features.access_requests import commands
from flagkeeper.features.access_requests.model import MOST_OPEN, Asker
from flagkeeper.features.invitations.slice import MAILER
from flagkeeper.features.logins.model import AuthType
from flagkeeper.features.sso.model.person import Person
from flagkeeper.features.sso.model.proof import LIFETIME, prove
from flagkeeper.http.pages import ASK_PATH
from flagkeeper.integrations.config.slice import KEYRING
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.kernel.limits import PerMinute
from tests import signing_in_by_saml as saml
from tests.api.test_oidc import browser, log_in, set_up
from tests.deliveries import until_now
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider
from tests.mailbox import Mailbox
from tests.people import person
from tests.saml_provider import SamlProvider
from tests.server import Host, TestServer, settings_for

pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")  # the provider's, of its library
REQUESTS, USERS = "/api/admin/user-access-requests", "/api/admin/user-admin"
PAGE = {"Accept": "text/html"}
ANYWHERE: dict[str, Any] = {
    "allow_private_integrations": True,
    "per_minute": PerMinute(logins=1000, sign_ups=1000),
}
FORM = re.compile(r'<form method="post" action="([^"]+)"><input type="hidden" name="proof" value="([^"]+)">')


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        yield provider


@pytest.fixture
def here(host: Host, sqlite_url: str) -> Iterator[TestServer]:
    with TestServer(host, settings_for(sqlite_url, **ANYWHERE)) as server:
        yield server


@pytest.fixture
def anywhere(host: Host, database_url: str) -> Iterator[TestServer]:
    """The same on either database."""
    with TestServer(host, settings_for(database_url, **ANYWHERE)) as server:
        yield server


def refused(client: httpx.Client, provider: IdentityProvider, subject: str) -> httpx.Response:
    client.headers.update(PAGE)
    answer = log_in(client, provider, subject)
    assert answer.status_code == 403, answer.text
    return answer


def proof_in(answer: httpx.Response) -> str:
    found = FORM.search(answer.text)
    assert found, answer.text
    assert found[1] == ASK_PATH
    return unescape(found[2])


def ask(client: httpx.Client, proof: str, **headers: str) -> httpx.Response:
    """Sends the form, as a browser does without a script."""
    return client.post(ASK_PATH, data={"proof": proof}, headers={**PAGE, **headers})


def heading(answer: httpx.Response) -> str:
    found = re.search("<h1>(.+)</h1>", answer.text)
    assert found, answer.text
    return found[1]


def waiting(server: TestServer) -> list[dict[str, Any]]:
    answer = server.get(REQUESTS)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


def told(server: TestServer, before: int) -> list[tuple[Any, ...]]:
    return [(each["type"], each["createdBy"], each["data"]) for each in server.events_after(before)]


def proof_for(server: TestServer, email: str | None, name: str | None = None, ago: int = 0) -> str:
    """What the page has for somebody who was refused so many milliseconds ago."""
    subject = f"of {email}"
    made = Person(issuer="https://id.test", subject=subject, email=email, username=None, name=name, groups=())
    return prove(made, AuthType.OIDC, server.services[KEYRING], clock.now() - ago)


def asked(server: TestServer, email: str, name: str | None = None) -> str:
    """The id of a request that somebody makes."""
    with browser(server) as client:
        answer = ask(client, proof_for(server, email, name))
    assert answer.status_code == 200, answer.text
    return next(str(each["id"]) for each in waiting(server) if each["email"] == email)


@pytest.mark.causes("user-access-request-registered", action="POST /auth/access-request")
@pytest.mark.causes(
    "user-created", "user-access-request-approved", action="POST /api/admin/user-access-requests/{id}/approve"
)
def test_somebody_asks_and_is_let_in(anywhere: TestServer, provider: IdentityProvider) -> None:
    server = anywhere
    set_up(server, provider, autoCreate=False)
    provider.know("ada", name="Ada <b>", email="Ada@Example.com")
    before = server.last_id()
    with browser(server) as client:
        proof = proof_in(refused(client, provider, "ada"))
        assert told(server, before) == [], "nobody asks before the button is pressed"
        assert heading(ask(client, proof)) == "You have asked for access"
        again = ask(client, proof)
        assert (again.status_code, heading(again)) == (200, "You have asked already")
        assert heading(ask(client, proof_in(refused(client, provider, "ada")))) == "You have asked already"
    (found,) = waiting(server)
    assert (found["email"], found["name"], found["authType"]) == ("ada@example.com", "Ada <b>", "oidc")
    (event,) = server.events_after(before)
    assert (event["type"], event["createdByUserId"], event["ip"], event["preData"]) == (
        "user-access-request-registered",
        -1337,
        "127.0.0.1",
        None,
    )
    assert event["data"] == {"id": found["id"], "email": "ada@example.com"}
    assert event["summary"] == "**ada@example.com** asked for access"

    before = server.last_id()
    one = f"{REQUESTS}/{found['id']}"
    assert server.post(f"{one}/approve", json={"rootRole": "Owner"}).status_code == 400
    assert server.post(f"{one}/approve", json={"rootRole": 4711}).status_code == 400
    assert told(server, before) == []
    approved = server.post(f"{one}/approve", json={"rootRole": "Editor"})
    assert approved.status_code == 200, approved.text
    user = server.get(f"{USERS}/{approved.json()['userId']}").json()
    assert (user["email"], user["name"], user["rootRole"]) == ("ada@example.com", "Ada <b>", 2)
    made, granted = server.events_after(before)
    assert (made["type"], granted["type"], granted["data"]) == (
        "user-created",
        "user-access-request-approved",
        event["data"],
    )
    assert (made["createdBy"], made["groupId"]) == (granted["createdBy"], granted["groupId"])
    assert waiting(server) == []
    before = server.last_id()
    for answer in (server.post(f"{one}/approve"), server.delete(one), server.delete(f"{REQUESTS}/nobody")):
        assert (answer.status_code, answer.json()["name"]) == (404, "NotFoundError")
    assert told(server, before) == []
    with browser(server) as client:
        assert heading(ask(client, proof)) == "There is nothing to ask for"
        assert log_in(client, provider, "ada").status_code == 302
        assert client.get("/api/admin/user").json()["user"]["id"] == user["id"]


@pytest.mark.causes("user-access-request-rejected", action="DELETE /api/admin/user-access-requests/{id}")
def test_who_is_rejected_may_ask_again(anywhere: TestServer) -> None:
    server = anywhere
    first = asked(server, "ada@example.com")
    before = server.last_id()
    assert server.delete(f"{REQUESTS}/{first}").status_code == 200
    assert told(server, before)[0][::2] == (
        "user-access-request-rejected",
        {"id": first, "email": "ada@example.com"},
    )
    assert waiting(server) == []
    assert asked(server, "ada@example.com") != first
    assert server.post(f"{REQUESTS}/{first}/approve").status_code == 404, "that one was decided on"


def test_a_viewer_unless_another_role_is_named(here: TestServer) -> None:
    sent: list[dict[str, Any]] = [{}, {"json": {}}]
    for number, body in enumerate(sent):
        approved = here.post(f"{REQUESTS}/{asked(here, f'p{number}@example.com')}/approve", **body)
        user_id = approved.json()["userId"]
        assert here.get(f"{USERS}/{user_id}").json()["rootRole"] == 3


def test_who_comes_from_elsewhere_is_let_in_by_name(here: TestServer, tmp_path: Path) -> None:
    """By SAML, where only people of one domain are let in."""
    with SamlProvider(tmp_path) as provider, saml.browser(here) as client:
        saml.set_up(here, provider, autoCreate=True, emailDomains="corp.test")
        provider.know("ada")
        client.headers.update(PAGE)
        answer = saml.log_in(here, client, provider, "ada")
        assert (answer.status_code, "of certain domains" in answer.text) == (403, True)
        assert heading(ask(client, proof_in(answer))) == "You have asked for access"
        (found,) = waiting(here)
        assert found["authType"] == "saml"
        assert here.post(f"{REQUESTS}/{found['id']}/approve").status_code == 200
        assert saml.log_in(here, client, provider, "ada").status_code == 302
        saml.set_up(here, provider, emailDomains="")
        provider.know("bob")
        assert saml.log_in(here, client, provider, "bob").status_code == 302
        saml.set_up(here, provider, emailDomains="corp.test")
        kept_out = saml.log_in(here, client, provider, "bob")
        assert (kept_out.status_code, "<form" in kept_out.text) == (403, False), "he has an account, and may not in"
        assert saml.log_in(here, client, provider, "ada").status_code == 302


def test_who_can_ask(here: TestServer, provider: IdentityProvider) -> None:
    set_up(here, provider, autoCreate=False, emailDomains="corp.test")
    person(here, "eve", email="eve@example.com")
    provider.know("mallory", email="mallory@example.com", email_verified=False)
    provider.know("eve", email="eve@example.com")
    with browser(here) as client:
        for subject in ("mallory", "eve"):
            assert "<form" not in refused(client, provider, subject).text, subject
    provider.know("ada")
    with browser(here) as client:
        script = log_in(client, provider, "ada")
    assert (script.status_code, script.json()["name"], "proof" in script.text) == (403, "ForbiddenError", False)


def test_nobody_asks_in_the_name_of_another(here: TestServer) -> None:
    before = here.last_id()
    good = proof_for(here, "ada@example.com")
    elsewhere = here.services[KEYRING].seal("{}", "access-request")
    wrong: list[tuple[Any, int]] = [
        ({}, 400),
        ({"proof": ""}, 400),
        ({"proof": "ada@example.com"}, 400),
        ({"proof": f"{good[:-6]}AAAAA="}, 400),
        ({"proof": elsewhere}, 400),
        ({"proof": [good, good]}, 400),
        ({"proof": proof_for(here, "ada@example.com", ago=LIFETIME)}, 400),
        ({"proof": proof_for(here, None)}, 400),
        ({"proof": proof_for(here, "no address")}, 400),
        ({"proof": proof_for(here, "ada@example.com", "two\nlines")}, 400),
        ({f"x{number}": "y" for number in range(20)}, 400),
    ]
    with browser(here) as client:
        for form, status in wrong:
            answer = client.post(ASK_PATH, data=form, headers=PAGE)
            assert (answer.status_code, heading(answer)) == (status, "You are not logged in"), form
            assert client.post(ASK_PATH, data=form).json()["name"] == "BadDataError", form
        assert client.post(ASK_PATH, json={"proof": good}).status_code == 415
        assert client.post(ASK_PATH, content=b"\xff\xfe=1", headers={"Content-Type": FORM_TYPE}).status_code == 400
    assert here.events_after(before) == []
    assert waiting(here) == []


FORM_TYPE = "application/x-www-form-urlencoded"


def test_a_form_is_bounded(host: Host, sqlite_url: str) -> None:
    few = {**ANYWHERE, "per_minute": PerMinute(sign_ups=2)}
    with TestServer(host, settings_for(sqlite_url, **few)) as server, browser(server) as client:
        proofs = [proof_for(server, f"{name}@example.com") for name in "abc"]
        assert [ask(client, each).status_code for each in proofs] == [200, 200, 429]
        assert len(waiting(server)) == 2


def test_requests_are_bounded(here: TestServer) -> None:
    def fill(unit: Any) -> None:
        for number in range(MOST_OPEN):
            email, subject = f"p{number}@example.com", str(number)
            commands.register(
                unit,
                Asker(email=email, name=None, auth_type=AuthType.OIDC, issuer="https://id.test", subject=subject),
            )

    here.call(here.services.units.run(SYSTEM, fill))
    with browser(here) as client:
        answer = ask(client, proof_for(here, "ada@example.com"))
        assert (answer.status_code, "Ask an administrator to decide on them." in answer.text) == (400, True)
        assert heading(ask(client, proof_for(here, "p7@example.com"))) == "You have asked already"
    assert here.delete(f"{REQUESTS}/{waiting(here)[0]['id']}").status_code == 200
    asked(here, "ada@example.com")


def test_whoever_makes_the_account_grants_the_request(anywhere: TestServer, provider: IdentityProvider) -> None:
    server = anywhere
    by_hand, renamed, by_login = (f"{name}@example.com" for name in ("ada", "bob", "cleo"))
    for email in (by_hand, renamed, by_login):
        asked(server, email)
    before = server.last_id()
    assert server.post(USERS, json={"email": by_hand, "rootRole": 3}).status_code == 201
    user = server.post(USERS, json={"username": "bob", "rootRole": 3}).json()
    assert server.put(f"{USERS}/{user['id']}", json={"email": renamed}).status_code == 200
    set_up(server, provider, autoCreate=True)
    provider.know("cleo")
    with browser(server) as client:
        assert log_in(client, provider, "cleo").status_code == 302
    granted = [each for each in told(server, before) if each[0] == "user-access-request-approved"]
    assert [each[2]["email"] for each in granted] == [by_hand, renamed, by_login]
    assert [each[1] for each in granted] == ["admin"] * 2 + ["unleash_system_user"]
    assert waiting(server) == []
    with browser(server) as client:
        assert heading(ask(client, proof_for(server, by_hand))) == "There is nothing to ask for"


def test_nobody_has_two_accounts(here: TestServer, provider: IdentityProvider) -> None:
    """The provider gave them another address meanwhile, and a user has it."""
    set_up(here, provider, autoCreate=False)
    provider.know("ada", email="ada@old.test")
    with browser(here) as client:
        proof = proof_in(refused(client, provider, "ada"))
        assert ask(client, proof).status_code == 200
        here.post(USERS, json={"email": "ada@new.test", "rootRole": 3})
        provider.know("ada", email="ada@new.test")
        assert log_in(client, provider, "ada").status_code == 302
        (found,) = waiting(here)
        refusal = here.post(f"{REQUESTS}/{found['id']}/approve")
        assert (refusal.status_code, refusal.json()["name"]) == (409, "ConflictError")
        assert here.delete(f"{REQUESTS}/{found['id']}").status_code == 200
        assert heading(ask(client, proof)) == "There is nothing to ask for"


def test_who_is_let_in_gets_a_mail(host: Host, database_url: str) -> None:
    with Mailbox() as mailbox:
        mailing = {"mail_server": mailbox.url, "mail_sender": "flags@corp.example"}
        with TestServer(host, settings_for(database_url, **ANYWHERE, **mailing)) as server:
            assert server.post(f"{REQUESTS}/{asked(server, 'ada@example.com', 'Ada')}/approve").status_code == 200
            server.call(server.services[MAILER].send_due(server.services.units))
            # The job that sends what is due may have taken it first.
            until_now(lambda: server.get("/api/admin/mails").json() == {"mails": []})
            ((recipient, text),) = mailbox.mails
            assert recipient == "ada@example.com"
            assert text.splitlines()[0] == "Hello Ada,"
            assert "http://flagkeeper.test/login" in text
            assert "token" not in text, "they need no password"
            assert server.delete(f"{REQUESTS}/{asked(server, 'bob@example.com')}").status_code == 200
            server.call(server.services[MAILER].send_due(server.services.units))
            assert len(mailbox.mails) == 1


def test_only_administrators_decide(here: TestServer) -> None:
    editor, found = person(here, "editor", "Editor"), asked(here, "ada@example.com")
    for token, status in ((editor.token, 403), (None, 401)):
        for method, path in (("GET", ""), ("POST", f"/{found}/approve"), ("DELETE", f"/{found}")):
            assert here.request(method, f"{REQUESTS}{path}", token=token).status_code == status
    assert len(waiting(here)) == 1


def test_a_page_below_another_path(host: Host, sqlite_url: str, provider: IdentityProvider) -> None:
    """The form leads to where the server is found."""
    settings = settings_for(sqlite_url, **ANYWHERE, public_url="http://flagkeeper.test/flags")
    with TestServer(host, settings) as server, browser(server) as client:
        body = {"discoverUrl": provider.discover_url, "clientId": CLIENT_ID, "secret": CLIENT_SECRET}
        answer = server.post("/flags/api/admin/auth/oidc/settings", json={"enabled": True, **body})
        assert answer.status_code == 200, answer.text
        provider.know("ada")
        back = provider.authorize(client.get("/flags/auth/oidc/login").headers["location"], "ada")
        page = client.get(httpx.URL(back).raw_path.decode(), headers=PAGE)
        found = FORM.search(page.text)
        assert found, page.text
        assert found[1] == f"/flags{ASK_PATH}"
        assert client.post(found[1], data={"proof": unescape(found[2])}).status_code == 200
