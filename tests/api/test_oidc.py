"""Logging in by OpenID Connect, at a real provider on a real socket (`tests.identity_provider`)."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from flagkeeper.kernel.limits import PerMinute
from tests.identity_provider import CLIENT_ID, CLIENT_SECRET, Claims, IdentityProvider, new_key
from tests.people import person
from tests.server import Host, TestServer, settings_for

pytestmark = pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning")  # the provider's, of its library
SETTINGS = "/api/admin/auth/oidc/settings"
START, CALLBACK = "/auth/oidc/login", "/auth/oidc/callback"
ME = "/api/admin/user"
PRIVATE: dict[str, Any] = {"allow_private_integrations": True, "per_minute": PerMinute(logins=100)}
KEY, OTHER_KEY = new_key("first"), new_key("second")


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as provider:
        yield provider


@pytest.fixture
def here(host: Host, sqlite_url: str) -> Iterator[TestServer]:
    """A server that may speak to private addresses."""
    with TestServer(host, settings_for(sqlite_url, **PRIVATE)) as server:
        yield server


@pytest.fixture
def anywhere(host: Host, database_url: str) -> Iterator[TestServer]:
    """The same on either database."""
    with TestServer(host, settings_for(database_url, **PRIVATE)) as server:
        yield server


def set_up(server: TestServer, provider: IdentityProvider, **more: Any) -> None:
    body = {"enabled": True, "discoverUrl": provider.discover_url, "clientId": CLIENT_ID, "secret": CLIENT_SECRET}
    answer = server.post(SETTINGS, json={**body, **more})
    assert answer.status_code == 200, answer.text


def browser(server: TestServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, timeout=30, trust_env=False)


def return_to(client: httpx.Client, provider: IdentityProvider, subject: str, start: str = START) -> str:
    """Begins a login, shows the provider who somebody is, and says where it sends them."""
    begun = client.get(start)
    assert begun.status_code == 302, begun.text
    back = urlsplit(provider.authorize(begun.headers["location"], subject))
    assert f"{back.scheme}://{back.netloc}{back.path}" == f"http://flagkeeper.test{CALLBACK}"
    return f"{back.path}?{back.query}"


def log_in(client: httpx.Client, provider: IdentityProvider, subject: str, start: str = START) -> httpx.Response:
    return client.get(return_to(client, provider, subject, start))


def logins(server: TestServer) -> list[tuple[Any, ...]]:
    found = server.get("/api/admin/logins").json()["events"]
    return [
        (each.get("username"), each["auth_type"], each["failure_reason"])
        for each in found
        if each["auth_type"] == "oidc"
    ]


@pytest.mark.causes("setting-created", "setting-updated", action="POST /api/admin/auth/oidc/settings")
def test_settings(anywhere: TestServer, provider: IdentityProvider) -> None:
    server = anywhere
    viewer = person(server, "vi")
    assert server.get(SETTINGS).json()["enabled"] is False
    before = server.last_id()
    with capture_logs() as logged:
        set_up(server, provider, autoCreate=True, defaultRootRole="Editor", emailDomains="example.com, b.test")
        shown = server.get(SETTINGS).json()
        assert shown == {
            "enabled": True,
            "discoverUrl": provider.discover_url,
            "clientId": CLIENT_ID,
            "secret": "*****",
            "autoCreate": True,
            "enableSingleSignOut": False,
            "defaultRootRole": "Editor",
            "defaultRootRoleId": 2,
            "emailDomains": "example.com, b.test",
            "acrValues": "",
            "idTokenSigningAlgorithm": "RS256",
            "enableGroupSyncing": False,
            "groupJsonPath": "",
            "addGroupsScope": False,
            "enablePkce": True,
        }
        assert server.post(SETTINGS, json=shown).json() == shown, "a mask that is sent back keeps the secret"
        assert server.post(SETTINGS, json={"enabled": False}).json() == {**shown, "enabled": False}
        set_up(server, provider, secret="another")
    created, off, on = server.events_after(before)
    assert (created["type"], created["preData"], created["data"]["id"]) == (
        "setting-created",
        None,
        "unleash.enterprise.auth.oidc",
    )
    assert (created["data"]["clientId"], off["preData"]["enabled"], off["data"]["enabled"]) == (CLIENT_ID, True, False)
    assert on["data"]["sealedSince"] != on["preData"]["sealedSince"], "that there is another secret is told"
    assert CLIENT_SECRET not in str([created, off, on, logged]) + server.get("/api/admin/search/events").text
    sealed = server.services.reader.now(lambda tx: tx.all(_SECRETS))
    assert len(sealed) == 1
    assert "another" not in sealed[0]
    for method in ("GET", "POST"):
        assert server.request(method, SETTINGS, json={}, token=viewer.token).status_code == 403


def test_settings_that_cannot_be_used(here: TestServer, provider: IdentityProvider) -> None:
    set_up(here, provider)
    before = here.last_id()
    refused: list[dict[str, Any]] = [
        {"discoverUrl": "http://other.example/.well-known/openid-configuration"},
        {"discoverUrl": ""},
        {"discoverUrl": "ftp://a.test"},
        {"discoverUrl": "http://169.254.169.254/.well-known/openid-configuration"},
        {"clientId": ""},
        {"secret": ""},
        {"idTokenSigningAlgorithm": "none"},
        {"idTokenSigningAlgorithm": "HS256"},
        {"defaultRootRoleId": 99},
        {"enableGroupSyncing": True},
        {"enableSingleSignOut": True},
        {"emailDomains": "x" * 3000},
        {"acrValues": "a\nb"},
    ]
    for body in refused:
        answer = here.post(SETTINGS, json=body)
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["details"]
    assert here.events_after(before) == []


def test_what_a_login_page_offers(here: TestServer, provider: IdentityProvider) -> None:
    def offered() -> Any:
        return here.get("/auth/options", token=None).json()

    assert offered() == {"password": True, "options": []}
    set_up(here, provider)
    here.post("/api/admin/auth/simple/settings", json={"disabled": True})
    assert offered() == {
        "password": False,
        "options": [{"type": "oidc", "message": "Sign in with OpenID Connect", "path": START}],
    }


def test_a_private_address_needs_the_setting_of_integrations(host: Host, sqlite_url: str) -> None:
    with TestServer(host, settings_for(sqlite_url)) as server, IdentityProvider() as provider:
        body = {"enabled": True, "discoverUrl": provider.discover_url, "clientId": CLIENT_ID, "secret": "x"}
        answer = server.post(SETTINGS, json=body)
        assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, "/body/discoverUrl")
        assert provider.asked == []


@pytest.mark.causes("user-created", "user-updated", action="GET /auth/oidc/callback")
def test_somebody_logs_in(anywhere: TestServer, provider: IdentityProvider) -> None:
    server = anywhere
    with browser(server) as client:
        assert client.get(START).status_code == 422, "nobody has set it up"
    set_up(server, provider, autoCreate=True, defaultRootRole="Editor", acrValues="mfa")
    provider.know("ada", name="Ada", email="Ada@Example.com")
    before = server.last_id()
    with browser(server) as client:
        answer = log_in(client, provider, "ada", f"{START}?redirect=/projects")
        assert (answer.status_code, answer.headers["location"]) == (302, "/projects")
        assert answer.headers["cache-control"] == "no-store"
        me = client.get(ME).json()["user"]
        assert (me["email"], me["name"]) == ("ada@example.com", "Ada")
        (session,) = client.get("/api/admin/user/sessions").json()["sessions"]
        assert (session["authType"], session["current"]) == ("oidc", True)
        assert "flagkeeper-oidc" not in client.cookies
    provider.know("ada", name="Ada L.", email="new@example.com")
    with browser(server) as client:
        assert log_in(client, provider, "ada").headers["location"] == "/"
        again = client.get(ME).json()["user"]
        assert (again["id"], again["name"], again["email"]) == (me["id"], "Ada L.", "ada@example.com")
    events = server.events_after(before)
    assert [(event["type"], event["createdByUserId"], event["ip"]) for event in events] == [
        ("user-created", -1337, "127.0.0.1"),
        ("user-updated", -1337, "127.0.0.1"),
    ]
    assert events[0]["data"]["rootRole"] == 2
    assert logins(server) == [("ada@example.com", "oidc", None)] * 2
    asked = next(form for path, form, _ in provider.asked if path == "/oauth2/authorize")
    assert (asked["code_challenge_method"], asked["acr_values"], asked["scope"]) == (
        "S256",
        "mfa",
        "openid email profile",
    )
    (redeemed, credentials), _ = ((form, given) for path, form, given in provider.asked if path == "/oauth2/token")
    assert (len(redeemed["code_verifier"]) >= 43, credentials.startswith("Basic ")) == (True, True)


def test_who_may_in(here: TestServer, provider: IdentityProvider) -> None:
    eve = person(here, "eve", "Viewer", email="eve@example.com")
    set_up(here, provider, autoCreate=False)
    provider.know("ada")
    provider.know("eve")
    provider.know("mallory", email="eve@example.com", email_verified=False)
    with browser(here) as client:
        answer = log_in(client, provider, "ada")
        assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")
        assert "unleash-session" not in client.cookies
        assert log_in(client, provider, "mallory").status_code == 403, "an address that nobody verified is nobody's"
        assert log_in(client, provider, "eve").status_code == 302
        assert client.get(ME).json()["user"]["id"] == eve.id
    set_up(here, provider, autoCreate=True, emailDomains="other.test,@corp.test")
    provider.know("bob", email="bob@corp.test")
    provider.know("tim", email="tim@corp.test.evil.test")
    with browser(here) as client:
        assert [log_in(client, provider, each).status_code for each in ("eve", "tim", "mallory", "bob")] == [
            *(403, 403, 403),
            302,
        ]
    reasons = [reason is None for _, _, reason in logins(here)]
    assert reasons == [True, False, False, False, True, False, False]
    here.delete(f"/api/admin/user-admin/{eve.id}")
    set_up(here, provider, emailDomains="")
    with browser(here) as client:
        assert log_in(client, provider, "eve").status_code == 302
        assert client.get(ME).json()["user"]["id"] != eve.id, "who was deleted begins anew"


def test_a_login_belongs_to_the_browser_that_began_it(here: TestServer, provider: IdentityProvider) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as mine, browser(here) as other:
        back = return_to(mine, provider, "ada")
        assert other.get(back).status_code == 400, "it has begun none"
        other.get(START)
        assert other.get(back).status_code == 400, "it has begun another one"
        query = parse_qs(urlsplit(back).query)
        for wrong in (f"{CALLBACK}?code={query['code'][0]}", f"{CALLBACK}?code={query['code'][0]}&state=x", CALLBACK):
            assert mine.get(wrong).status_code == 400
        assert mine.get(f"{CALLBACK}?error=access_denied&state={query['state'][0]}").status_code == 401
        assert "unleash-session" not in mine.cookies
        assert mine.get(back).status_code == 302
        assert mine.get(back).status_code == 400, "it has been used"


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "evil", "/a b", "/a\r\nb: c"])
def test_a_login_leads_nowhere_else(here: TestServer, provider: IdentityProvider, target: str) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as client:
        begun = client.get(START, params={"redirect": target})
        back = urlsplit(provider.authorize(begun.headers["location"], "ada"))
        assert client.get(f"{back.path}?{back.query}").headers["location"] == "/"


def without(name: str) -> Callable[[Claims], Claims]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_claims(**claims: Any) -> Callable[[Claims], Claims]:
    return lambda old: {**old, **claims}


def shifted(seconds: int) -> Callable[[Claims], Claims]:
    """Issued and ending so many seconds from now, for one second."""
    return lambda old: {**old, "iat": int(time.time()) + seconds, "exp": int(time.time()) + seconds + 1}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda claims: claims, 302),
        (with_claims(iss="https://evil.test"), 401),
        (with_claims(aud="somebody-else"), 401),
        (with_claims(aud=["somebody-else"]), 401),
        (with_claims(aud=[CLIENT_ID]), 302),
        (with_claims(aud=[CLIENT_ID, "other"]), 401),
        (with_claims(aud=[CLIENT_ID, "other"], azp=CLIENT_ID), 302),
        (with_claims(azp="other"), 401),
        (with_claims(nonce="another"), 401),
        (with_claims(sub=""), 401),
        (with_claims(sub="x" * 300), 401),
        (with_claims(sub=7), 401),
        (shifted(-30), 302),
        (shifted(-120), 401),
        (shifted(30), 302),
        (shifted(120), 401),
        *((without(name), 401) for name in ("iss", "aud", "nonce", "exp", "iat", "sub")),
    ],
)
def test_what_a_token_must_say(
    here: TestServer, provider: IdentityProvider, change: Callable[[Claims], Claims], status: int
) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    provider.keys, provider.sign_with, provider.change = [KEY], KEY, change
    with browser(here) as client:
        answer = log_in(client, provider, "ada")
        assert answer.status_code == status, answer.text
        assert ("unleash-session" in client.cookies) == (status == 302)


def test_how_a_token_must_be_signed(here: TestServer, provider: IdentityProvider) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")

    def status() -> int:
        with browser(here) as client:
            return log_in(client, provider, "ada").status_code

    provider.keys, provider.sign_with = [KEY], KEY
    assert status() == 302
    provider.sign_with = OTHER_KEY
    assert status() == 401, "nobody knows the key"
    provider.headers = {"kid": "first"}
    assert status() == 401, "another key by the name of a known one"
    provider.headers = {}
    provider.keys = [OTHER_KEY]
    assert status() == 302, "keys were exchanged, and the new ones are asked for at once"
    provider.sign_with = KEY
    assert status() == 401, "the old key counts no longer"
    provider.sign_with, provider.headers = OTHER_KEY, {"alg": "RS512"}
    assert status() == 401, "another algorithm than the one that was agreed on"
    set_up(here, provider, idTokenSigningAlgorithm="RS512")
    assert status() == 302


def test_a_provider_that_is_not_what_it_says(here: TestServer, provider: IdentityProvider) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as client:
        provider.discovery = {"issuer": "https://evil.test"}
        assert client.get(START).status_code == 401
        provider.discovery = {"token_endpoint": "http://169.254.169.254/token"}
        answer = log_in(client, provider, "ada")
        assert (answer.status_code, answer.json()["name"]) == (503, "ServiceUnavailableError"), "metadata of a cloud"
    with IdentityProvider() as other, browser(here) as client:
        other.discovery = {"jwks_uri": f"{other.url}/nowhere"}
        set_up(here, other)
        assert client.get(START).status_code == 401


def test_pkce_may_be_off_and_is_checked_when_on(here: TestServer, provider: IdentityProvider) -> None:
    provider.know("ada")
    set_up(here, provider, autoCreate=True, enablePkce=False)
    with browser(here) as client:
        assert log_in(client, provider, "ada").status_code == 302
    assert not any("code_challenge" in form or "code_verifier" in form for _, form, _ in provider.asked)
    set_up(here, provider, enablePkce=True)
    with browser(here) as mine, browser(here) as thief:
        stolen = parse_qs(urlsplit(return_to(mine, provider, "ada")).query)["code"][0]
        state = parse_qs(urlsplit(thief.get(START).headers["location"]).query)["state"][0]
        assert thief.get(f"{CALLBACK}?code={stolen}&state={state}").status_code == 401, "a code of another browser"


@pytest.mark.causes("group-user-added", "group-user-removed", action="GET /auth/oidc/callback")
def test_groups_follow_the_provider(here: TestServer, provider: IdentityProvider) -> None:
    def group(name: str, *mappings: str) -> int:
        answer = here.post("/api/admin/groups", json={"name": name, "mappingsSSO": mappings, "rootRole": 2})
        return int(answer.json()["id"])

    crew, deck, own = group("Crew", "crew", "sailors"), group("Deck", "deck"), group("Own")
    set_up(here, provider, autoCreate=True, enableGroupSyncing=True, groupJsonPath="$.roles.ship")

    def members() -> list[int]:
        return [here.get(f"/api/admin/groups/{each}").json()["userCount"] for each in (crew, deck, own)]

    for named, expected in (
        (["sailors", "others"], [1, 0, 0]),
        (["deck", "Own"], [0, 1, 0]),
        ([{"name": "crew"}, {"name": "deck"}], [1, 1, 0]),
        ("deck", [0, 1, 0]),
        (None, [0, 0, 0]),
    ):
        provider.know("ada", roles={"ship": named})
        with browser(here) as client:
            assert log_in(client, provider, "ada").status_code == 302
        assert members() == expected, named
    set_up(here, provider, enableGroupSyncing=False)
    provider.know("ada", roles={"ship": ["crew"]})
    with browser(here) as client:
        assert log_in(client, provider, "ada").status_code == 302
    assert members() == [0, 0, 0]


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("https://example.com/roles", {"https://example.com/roles": ["crew"]}),
        ("$['https://example.com/roles']", {"https://example.com/roles": "crew"}),
        ("$.resource.flags.roles", {"resource": {"flags": {"roles": ["crew"]}}}),
        ("$.groups[*]", {"groups": ["crew"]}),
        ("groups[*].name", {"groups": [{"name": "crew"}, {"name": None}, 7]}),
    ],
)
@pytest.mark.parametrize("only_userinfo", [False, True])
def test_where_groups_stand(
    here: TestServer, provider: IdentityProvider, path: str, claims: Claims, only_userinfo: bool
) -> None:
    """Also in claims whose names are addresses, and where only the userinfo endpoint has them."""
    group = here.post("/api/admin/groups", json={"name": "Crew", "mappingsSSO": ["crew"], "rootRole": 2}).json()["id"]
    set_up(here, provider, autoCreate=True, enableGroupSyncing=True, groupJsonPath=path)
    provider.know("ada", **claims)
    if only_userinfo:
        provider.sign_with, provider.keys = KEY, [KEY]
        provider.change = lambda said: {name: value for name, value in said.items() if name not in claims}
    with browser(here) as client:
        assert log_in(client, provider, "ada").status_code == 302
    assert here.get(f"/api/admin/groups/{group}").json()["userCount"] == 1
    assert ("/userinfo" in [asked for asked, _, _ in provider.asked]) is only_userinfo


def test_groups_that_stand_elsewhere_are_no_empty_list(here: TestServer, provider: IdentityProvider) -> None:
    """As Entra ID answers for somebody who is in more than 200."""
    group = here.post("/api/admin/groups", json={"name": "Crew", "mappingsSSO": ["crew"], "rootRole": 2}).json()["id"]
    set_up(here, provider, autoCreate=True, enableGroupSyncing=True, groupJsonPath="groups")
    elsewhere = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.test"}}}
    for claims, expected in (({"groups": ["crew"]}, 1), (elsewhere, 1), ({"groups": []}, 0)):
        provider.know("ada", **{"groups": None, "_claim_names": None, **claims})
        with browser(here) as client, capture_logs() as lines:
            assert log_in(client, provider, "ada").status_code == 302
        assert here.get(f"/api/admin/groups/{group}").json()["userCount"] == expected, claims
        assert ("groups_not_told" in [each["event"] for each in lines]) is (claims is elsewhere)


@pytest.mark.parametrize(
    ("ways", "status", "tries"),
    [
        (["client_secret_basic", "client_secret_post"], 302, 2),
        (["private_key_jwt", "client_secret_post"], 302, 1),
        (["client_secret_basic"], 401, 1),
    ],
)
def test_how_we_say_who_we_are(
    here: TestServer, provider: IdentityProvider, ways: list[str], status: int, tries: int
) -> None:
    """A provider may know both ways and let a client use one of them, as Authelia does."""
    provider.only_by_form = True
    provider.discovery = {"token_endpoint_auth_methods_supported": ways}
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as client:
        answer = log_in(client, provider, "ada")
    assert answer.status_code == status, answer.text
    assert [path for path, _, _ in provider.asked].count("/oauth2/token") == tries
    assert ("client id and the secret" in answer.text) is (status == 401)


def test_an_address_that_is_not_verified_is_nobodys(here: TestServer, provider: IdentityProvider) -> None:
    person(here, "ada", "Admin", email="ada@example.com")
    set_up(here, provider)
    for said in (False, "false", "False", 0):
        provider.know("eve", email="ada@example.com", email_verified=said)
        with browser(here) as client:
            assert log_in(client, provider, "eve").status_code == 403, said


def test_the_provider_is_gone(here: TestServer) -> None:
    with IdentityProvider() as provider:
        set_up(here, provider)
    with browser(here) as client:
        assert client.get(START).status_code == 503


def _secrets() -> Any:
    from sqlalchemy import select

    from flagkeeper.features.instance.tables import settings
    from flagkeeper.storage.statement import Query

    return Query(select(settings.c.secret).where(settings.c.secret.is_not(None)), str)


_SECRETS = _secrets()
