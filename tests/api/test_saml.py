"""Logging in by SAML 2.0, at a real provider on a real socket (`tests.saml_provider`)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from lxml import etree
from structlog.testing import capture_logs

from flagkeeper.features.sso import commands
from flagkeeper.features.sso.model.person import person_of_assertion
from flagkeeper.features.sso.model.saml_answer import KEPT, Assertion
from flagkeeper.features.sso.tables import saml_answers
from flagkeeper.kernel import clock
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.statement import Query
from tests.people import person
from tests.saml_provider import EMAIL, NS, SamlProvider, new_pair
from tests.server import Host, TestServer, settings_for
from tests.signing_in_by_saml import (
    CALLBACK,
    FINISH,
    MANY,
    METADATA,
    SETTINGS,
    START,
    answered,
    browser,
    finish,
    log_in,
    logins,
    send,
    set_up,
)

ME = "/api/admin/user"
OWN = new_pair("flagkeeper")


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[SamlProvider]:
    with SamlProvider(tmp_path) as provider:
        yield provider


@pytest.fixture
def here(host: Host, sqlite_url: str) -> Iterator[TestServer]:
    with TestServer(host, settings_for(sqlite_url, **MANY)) as server:
        yield server


@pytest.fixture
def anywhere(host: Host, database_url: str) -> Iterator[TestServer]:
    """The same on either database."""
    with TestServer(host, settings_for(database_url, **MANY)) as server:
        yield server


@pytest.mark.causes("setting-created", "setting-updated", action="POST /api/admin/auth/saml/settings")
def test_settings(anywhere: TestServer, provider: SamlProvider) -> None:
    server = anywhere
    viewer = person(server, "vi")
    assert server.get(SETTINGS).json()["enabled"] is False
    before = server.last_id()
    with capture_logs() as logged:
        set_up(server, provider, autoCreate=True, defaultRootRole="Editor", spCertificate=OWN.key + OWN.certificate)
        shown = server.get(SETTINGS).json()
        assert shown == {
            "enabled": True,
            "entityId": provider.entity_id,
            "signOnUrl": provider.sign_on_url,
            "certificate": provider.pair.certificate,
            "signOutUrl": "",
            "spCertificate": "*****",
            "autoCreate": True,
            "defaultRootRole": "Editor",
            "defaultRootRoleId": 2,
            "emailDomains": "",
            "enableGroupSyncing": False,
            "groupJsonPath": "",
        }
        assert server.post(SETTINGS, json=shown).json() == shown, "a mask that is sent back keeps the key"
        assert server.post(SETTINGS, json={"enabled": False}).json() == {**shown, "enabled": False}
        without = server.post(SETTINGS, json={"enabled": True, "spCertificate": ""}).json()
    assert without == {**shown, "spCertificate": ""}
    created, off, on = server.events_after(before)
    assert (created["type"], created["preData"], created["data"]["id"]) == (
        "setting-created",
        None,
        "unleash.enterprise.auth.saml",
    )
    assert (created["data"]["entityId"], off["preData"]["enabled"], off["data"]["enabled"]) == (
        provider.entity_id,
        True,
        False,
    )
    assert "sealedSince" in on["preData"]
    assert "sealedSince" not in on["data"], "that the key is gone is told"
    told = str([created, off, on, logged, shown]) + server.get("/api/admin/search/events").text
    assert "PRIVATE" not in told
    assert OWN.key.splitlines()[1] not in told
    statistics = server.get("/api/admin/instance-admin/statistics").json()
    assert (statistics["SAMLenabled"], statistics["OIDCenabled"]) == (True, False)
    for method in ("GET", "POST"):
        assert server.request(method, SETTINGS, json={}, token=viewer.token).status_code == 403


def test_certificates_are_taken_as_people_have_them(here: TestServer, provider: SamlProvider) -> None:
    bare = "\n".join(provider.pair.certificate.splitlines()[1:-1])
    other = new_pair("next").certificate
    for given, kept in (
        (bare, provider.pair.certificate),
        (f"  {provider.pair.certificate}\n\n{other}", provider.pair.certificate + other),
    ):
        set_up(here, provider, certificate=given)
        assert here.get(SETTINGS).json()["certificate"] == kept


def test_settings_that_cannot_be_used(here: TestServer, provider: SamlProvider) -> None:
    set_up(here, provider)
    before = here.last_id()
    weak = new_pair("weak", bits=1024)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"entityId": ""}, "entityId"),
        ({"entityId": "a\nb"}, "entityId"),
        ({"signOnUrl": ""}, "signOnUrl"),
        ({"signOnUrl": "javascript:alert(1)"}, "signOnUrl"),
        ({"signOnUrl": "https://a.test/#b"}, "signOnUrl"),
        ({"signOutUrl": "ftp://a.test"}, "signOutUrl"),
        ({"certificate": ""}, "certificate"),
        ({"certificate": "abc"}, "certificate"),
        ({"certificate": OWN.key}, "certificate"),
        ({"certificate": OWN.certificate + OWN.key}, "certificate"),
        ({"certificate": weak.certificate}, "certificate"),
        ({"certificate": OWN.certificate * 11}, "certificate"),
        ({"spCertificate": "abc"}, "spCertificate"),
        ({"spCertificate": OWN.certificate}, "spCertificate"),
        ({"spCertificate": weak.key}, "spCertificate"),
        ({"spCertificate": OWN.key + provider.pair.certificate}, "spCertificate"),
        ({"emailDomains": "x" * 3000}, "emailDomains"),
        ({"enableGroupSyncing": True}, "groupJsonPath"),
    ]
    for body, field in refused:
        answer = here.post(SETTINGS, json=body)
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["details"][0]["path"] == f"/body/{field}", (body, answer.text)
        assert "PRIVATE" not in answer.text
    assert here.post(SETTINGS, json={"defaultRootRoleId": 99}).status_code == 400
    assert here.events_after(before) == []


def test_what_a_login_page_offers(here: TestServer, provider: SamlProvider) -> None:
    set_up(here, provider)
    assert here.get("/auth/options", token=None).json() == {
        "password": True,
        "options": [{"type": "saml", "message": "Sign in with SAML 2.0", "path": START}],
    }


@pytest.mark.causes("user-created", "user-updated", action="GET /auth/saml/finish")
def test_somebody_logs_in(anywhere: TestServer, provider: SamlProvider) -> None:
    server = anywhere
    with browser(server) as client:
        assert client.get(START).status_code == 422, "nobody has set it up"
        assert client.post(CALLBACK, data={"SAMLResponse": "x"}).status_code == 422
    provider.demands_signatures = True
    set_up(server, provider, autoCreate=True, defaultRootRole="Editor", spCertificate=OWN.key + OWN.certificate)
    provider.know("ada", givenName="Ada", sn="Lovelace", mail="Ada@Example.com")
    before = server.last_id()
    with browser(server) as client:
        ended = log_in(server, client, provider, "ada", f"{START}?redirect=/projects/default")
        assert (ended.status_code, ended.headers["location"]) == (302, "/projects/default")
        me = client.get(ME).json()["user"]
        assert (me["email"], me["name"]) == ("ada@example.com", "Ada Lovelace")
        provider.know("ada", givenName="Ada", sn="King", mail="other@example.com")
        assert log_in(server, client, provider, "ada").status_code == 302
        again = client.get(ME).json()["user"]
        assert (again["id"], again["name"], again["email"]) == (me["id"], "Ada King", "ada@example.com")
        session = client.get("/api/admin/user/sessions").json()["sessions"]
        assert {each["authType"] for each in session} == {"saml"}
    events = server.events_after(before)
    assert [(each["type"], each["createdByUserId"], each["ip"]) for each in events] == [
        ("user-created", -1337, "127.0.0.1"),
        ("user-updated", -1337, "127.0.0.1"),
    ]
    assert events[0]["data"]["rootRole"] == 2
    assert logins(server) == [("ada@example.com", None)] * 2
    asked = provider.asked[0]
    assert (asked.destination, asked.issuer.text) == (provider.sign_on_url, "http://flagkeeper.test")


@pytest.mark.parametrize("signs", [("assertion",), ("response",), ("assertion", "response")])
def test_the_provider_signs_what_it_likes(here: TestServer, provider: SamlProvider, signs: tuple[str, ...]) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    provider.signs = signs
    with browser(here) as client:
        assert log_in(here, client, provider, "ada").status_code == 302
        assert client.get(ME).json()["user"]["email"] == "ada@example.com"


def test_keys_are_exchanged(here: TestServer, provider: SamlProvider) -> None:
    old, new = provider.pair, new_pair("new", days=-1)

    def status() -> int:
        with browser(here) as client:
            return log_in(here, client, provider, "ada").status_code

    set_up(here, provider, autoCreate=True, certificate=old.certificate + new.certificate)
    provider.know("ada")
    assert status() == 302
    provider.pair = new
    provider.meet(here.get(METADATA, token=None).text)
    assert status() == 302, "either key counts, and a certificate is only what a key comes in: this one has expired"
    set_up(here, provider, certificate=old.certificate)
    assert status() == 401
    set_up(here, provider, certificate=new.certificate)
    assert status() == 302


def test_who_may_in(here: TestServer, provider: SamlProvider) -> None:
    eve = person(here, "eve", "Viewer", email="eve@example.com")
    set_up(here, provider, autoCreate=False)
    provider.know("ada")
    provider.know("eve")
    provider.know("eve@example.com", mail=None)
    provider.know("EVE@example.com", EMAIL, mail=None)
    with browser(here) as client:
        answer = log_in(here, client, provider, "ada")
        assert (answer.status_code, answer.json()["name"]) == (403, "ForbiddenError")
        assert "unleash-session" not in client.cookies
        assert log_in(here, client, provider, "eve@example.com").status_code == 403, "a name, and no address"
        for known in ("EVE@example.com", "eve"):
            assert log_in(here, client, provider, known).status_code == 302
            assert client.get(ME).json()["user"]["id"] == eve.id
    set_up(here, provider, autoCreate=True, emailDomains="other.test,@corp.test")
    provider.know("bob", mail="bob@corp.test")
    provider.know("tim", mail="tim@corp.test.evil.test")
    with browser(here) as client:
        found = [log_in(here, client, provider, each).status_code for each in ("eve", "tim", "bob")]
        assert found == [403, 403, 302]
    assert [reason is None for _, reason in logins(here)] == [True, False, False, True, True, False, False]
    here.delete(f"/api/admin/user-admin/{eve.id}")
    set_up(here, provider, autoCreate=False, emailDomains="")
    with browser(here) as client:
        assert log_in(here, client, provider, "eve").status_code == 403, "who was deleted is nobody"
    set_up(here, provider, autoCreate=True)
    with browser(here) as client:
        assert log_in(here, client, provider, "eve").status_code == 302
        assert client.get(ME).json()["user"]["id"] != eve.id, "and begins anew"


def test_who_was_deactivated_is_nobody(here: TestServer, provider: SamlProvider) -> None:
    here.post("/api/admin/scim-settings", json={"enabled": True})
    token = here.post("/api/admin/scim-settings/generate-new-token").json()["token"]
    schema = "urn:ietf:params:scim:schemas:core:2.0:User"
    body = {"schemas": [schema], "userName": "kim@example.com", "externalId": "7", "active": True}
    made = here.post("/scim/v2/Users", json=body, token=token)
    assert made.status_code == 201, made.text
    set_up(here, provider)
    provider.know("kim", name="Another")
    with browser(here) as client:
        assert log_in(here, client, provider, "kim").status_code == 302
        assert client.get(ME).status_code == 200
        gone = here.put(f"/scim/v2/Users/{made.json()['id']}", json={**body, "active": False}, token=token)
        assert gone.status_code == 200, gone.text
        assert client.get(ME).status_code == 401
        assert log_in(here, client, provider, "kim").status_code == 403


def test_a_name_of_the_other_kind_of_provider_is_somebody_else(here: TestServer, provider: SamlProvider) -> None:
    """One program may be both by one name."""
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as client:
        assert log_in(here, client, provider, "ada").status_code == 302
    issuers = here.services.reader.now(lambda tx: tx.all(_ISSUERS))
    assert issuers == [f"saml:{provider.entity_id}"]


def test_a_login_belongs_to_the_browser_that_began_it(anywhere: TestServer, provider: SamlProvider) -> None:
    server = anywhere
    set_up(server, provider, autoCreate=True)
    provider.know("ada")
    with browser(server) as mine, browser(server) as other:
        other.get(START)
        sent = send(server, answered(mine, provider, "ada"))
        assert finish(other, sent).status_code == 400, "it has begun another one"
        assert finish(mine, sent).status_code == 400, "and what was fetched once is gone"
        sent = send(server, answered(mine, provider, "ada"))
        for wrong in (FINISH, f"{FINISH}?answer=x", f"{FINISH}?answer="):
            assert mine.get(wrong).status_code == 400
        assert finish(mine, sent).status_code == 302
        assert finish(mine, sent).status_code == 400, "it has been used"
        posted = answered(mine, provider, "ada")
        sent = send(server, posted)
        mine.cookies.clear()
        assert finish(mine, sent).status_code == 400, "it has begun none"
    assert [name for name, reason in logins(server) if reason is not None] == [None] * 2


def test_an_answer_is_taken_once(anywhere: TestServer, provider: SamlProvider) -> None:
    """By all servers of a database, until it would be too old; then nobody remembers it."""
    server = anywhere
    set_up(server, provider, autoCreate=True)
    provider.know("ada")
    with browser(server) as client:
        posted = answered(client, provider, "ada")
        assert finish(client, send(server, posted)).status_code == 302
        answer = send(server, posted)
        assert (answer.status_code, "used already" in answer.json()["message"]) == (401, True)
        assert "used already" in str(logins(server)[0][1])
    kept = server.services.reader.now(lambda tx: tx.all(_KEPT))
    assert [person for person, _ in kept] == [None], "who it was about is forgotten at once"
    assert abs(kept[0][1] - clock.now() - KEPT) < clock.MINUTE
    server.call(server.services.units.run(SYSTEM, commands.forget_answers))
    assert len(server.services.reader.now(lambda tx: tx.all(_KEPT))) == 1


@pytest.mark.parametrize("target", ["//evil.test", "https://evil.test", "/\\evil.test", "evil", "/a b", "/a\r\nb: c"])
def test_a_login_leads_nowhere_else(here: TestServer, provider: SamlProvider, target: str) -> None:
    set_up(here, provider, autoCreate=True)
    provider.know("ada")
    with browser(here) as client:
        begun = client.get(START, params={"redirect": target})
        posted = provider.answer(begun.headers["location"], "ada")
        posted.fields["RelayState"] = target
        assert finish(client, send(here, posted)).headers["location"] == "/"


def test_below_a_base_path(host: Host, sqlite_url: str, provider: SamlProvider) -> None:
    settings = settings_for(sqlite_url, public_url="https://flags.example/unleash", **MANY)
    with TestServer(host, settings) as server, browser(server) as client:
        set_up(server, provider, autoCreate=True)
        provider.know("ada")
        client.base_url = httpx.URL(f"{server.url}/unleash")
        begun = client.get("/auth/saml/login")
        cookie = begun.headers["set-cookie"].lower()
        assert "path=/unleash/auth/saml;" in f"{cookie};"
        assert "samesite=lax" in cookie
        posted = provider.answer(begun.headers["location"], "ada")
        assert posted.url == "https://flags.example/unleash/auth/saml/callback"
        sent = send(server, posted)
        assert sent.headers["location"].startswith("/unleash/auth/saml/finish?answer=")
        ended = client.get(httpx.URL(server.url).join(sent.headers["location"]))
        assert (ended.status_code, ended.headers["location"]) == (302, "/unleash/")
        assert provider.asked[0].issuer.text == "https://flags.example/unleash"


def test_metadata(here: TestServer, provider: SamlProvider) -> None:
    def read() -> Any:
        answer = here.get(METADATA, token=None)
        assert answer.headers["content-type"].startswith("application/samlmetadata+xml")
        return etree.fromstring(answer.content)

    plain = read()
    assert plain.get("entityID") == "http://flagkeeper.test"
    assert [each.get("Location") for each in plain.iter("{*}AssertionConsumerService")] == [
        f"http://flagkeeper.test{CALLBACK}"
    ]
    assert list(plain.iter("{*}KeyDescriptor")) == []
    set_up(here, provider, spCertificate=OWN.certificate + OWN.key)
    signed = read()
    assert next(signed.iter("{*}SPSSODescriptor")).get("AuthnRequestsSigned") == "true"
    (certificate,) = signed.iterfind(".//ds:X509Certificate", NS)
    assert certificate.text == "".join(OWN.certificate.splitlines()[1:-1])


def test_logging_out_leads_to_the_provider(here: TestServer, provider: SamlProvider) -> None:
    def leads_to() -> str:
        return here.get("/auth/saml/signed-out", token=None).headers["location"]

    assert leads_to() == "/signed-out"
    set_up(here, provider, signOutUrl="https://provider.test/logout")
    assert leads_to() == "https://provider.test/logout"
    here.post(SETTINGS, json={"enabled": False})
    assert leads_to() == "/signed-out"


@pytest.mark.causes("group-user-added", "group-user-removed", action="GET /auth/saml/finish")
def test_groups_follow_the_provider(here: TestServer, provider: SamlProvider) -> None:
    def group(name: str, *mappings: str) -> int:
        answer = here.post("/api/admin/groups", json={"name": name, "mappingsSSO": mappings, "rootRole": 2})
        return int(answer.json()["id"])

    crew, deck, own = group("Crew", "crew", "sailors"), group("Deck", "deck"), group("Own")
    set_up(here, provider, autoCreate=True, enableGroupSyncing=True, groupJsonPath="eduPersonAffiliation")

    def members() -> list[int]:
        return [here.get(f"/api/admin/groups/{each}").json()["userCount"] for each in (crew, deck, own)]

    for named, expected in (
        (["sailors", "others"], [1, 0, 0]),
        (["deck", "Own"], [0, 1, 0]),
        (["crew", "deck"], [1, 1, 0]),
        (None, [0, 0, 0]),
    ):
        provider.know("ada", eduPersonAffiliation=named)
        with browser(here) as client:
            assert log_in(here, client, provider, "ada").status_code == 302
        assert members() == expected, named


def test_groups_that_stand_elsewhere_are_no_empty_list() -> None:
    """As Entra ID answers for somebody who is in more than 150."""
    elsewhere = {"http://schemas.microsoft.com/claims/groups.link": ("https://graph.test/groups",)}
    for attributes, groups in ((elsewhere, None), ({"groups": ("crew",)}, ("crew",)), ({}, ())):
        said = Assertion(id="a", request_id="r", subject="ada", format="", attributes=attributes)
        assert person_of_assertion("https://idp.test", said, "groups").groups == groups


def test_errors_are_pages_for_browsers(here: TestServer, provider: SamlProvider) -> None:
    set_up(here, provider)
    provider.know("ada")
    page = {"Accept": "text/html,application/xhtml+xml"}
    with browser(here) as client:
        for answer, status in (
            (client.get(f"{FINISH}?answer=x", headers=page), 400),
            (client.post(CALLBACK, data={"SAMLResponse": "<b>"}, headers=page), 401),
            (client.get("/auth/oidc/login", headers=page), 422),
            (client.get("/auth/oidc/callback", headers=page), 422),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
            assert 'href="/login"' in answer.text
            assert "Traceback" not in answer.text
        sent = send(here, answered(client, provider, "ada"))
        refused = client.get(sent.headers["location"], headers=page)
        assert (refused.status_code, "Ask an administrator to add you." in refused.text) == (403, True)


def test_requests_carry_a_query_that_the_address_has_already(here: TestServer, provider: SamlProvider) -> None:
    set_up(here, provider, signOnUrl=f"{provider.sign_on_url}?tenant=7")
    with browser(here) as client:
        query = parse_qs(urlsplit(client.get(START).headers["location"]).query)
    assert (query["tenant"], set(query)) == (["7"], {"tenant", "SAMLRequest"})


class Kept(NamedTuple):
    person: str | None
    ends_at: int


def _queries() -> tuple[Any, Any]:
    from sqlalchemy import select

    from flagkeeper.features.sso.tables import user_identities

    kept = Query(select(saml_answers.c.person, saml_answers.c.ends_at), Kept)
    return Query(select(user_identities.c.issuer), str), kept


_ISSUERS, _KEPT = _queries()
