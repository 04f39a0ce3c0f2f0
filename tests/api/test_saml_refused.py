"""Answers of SAML providers that prove nothing: each is refused, says why, and stands in the history of logins.

What a provider would have to be told to sign is changed before it signs; what somebody else changes, afterwards.
"""

import base64
import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from tests.saml_provider import NS, Change, Posted, SamlProvider, Tree, new_pair
from tests.server import Host, TestServer, settings_for
from tests.signing_in_by_saml import (
    CALLBACK,
    MANY,
    SETTINGS,
    answered,
    browser,
    finish,
    log_in,
    logins,
    send,
    set_up,
)

SHA1 = ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2001/04/xmlenc#sha256")
SHA1_DIGEST = ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2000/09/xmldsig#sha1")
MD5 = "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"
HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
BEARER_DATA = "saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
AUDIENCE = "saml:Assertion/saml:Conditions/saml:AudienceRestriction/saml:Audience"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[SamlProvider]:
    with SamlProvider(tmp_path) as provider:
        provider.know("ada")
        yield provider


@pytest.fixture
def here(host: Host, sqlite_url: str, provider: SamlProvider) -> Iterator[TestServer]:
    with TestServer(host, settings_for(sqlite_url, **MANY)) as server:
        set_up(server, provider, autoCreate=True)
        yield server


def demand_refused(server: TestServer, provider: SamlProvider, why: str) -> None:
    with browser(server) as client:
        answer = log_in(server, client, provider, "ada")
        assert (answer.status_code, answer.json()["name"]) == (401, "UnauthorizedError"), answer.text
        assert why in answer.json()["message"], answer.text
        assert "unleash-session" not in client.cookies
    name, reason = logins(server)[0]
    assert name is None
    assert why in str(reason)


def at(root: Tree, path: str) -> Tree:
    found = root.find(path, NS)
    assert found is not None, path
    return found


def setting(path: str, name: str, value: str | None) -> Change:
    """Sets an attribute, or takes it away."""

    def change(root: Tree) -> None:
        found = at(root, path) if path else root
        found.attrib.pop(name, None)
        if value is not None:
            found.set(name, value)

    return change


def writing(path: str, text: str) -> Change:
    def change(root: Tree) -> None:
        at(root, path).text = text

    return change


def without(path: str) -> Change:
    def change(root: Tree) -> None:
        found = at(root, path)
        found.getparent().remove(found)

    return change


def instant(seconds: int) -> str:
    """So many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def shifting(path: str, name: str, seconds: int) -> Change:
    return lambda root: setting(path, name, instant(seconds))(root)


def adding(path: str, name: str) -> Change:
    def change(root: Tree) -> None:
        prefix, _, local = name.partition(":")
        etree.SubElement(at(root, path), f"{{{NS[prefix]}}}{local}")

    return change


CONDITIONS = "saml:Assertion/saml:Conditions"
STATEMENT = "saml:Assertion/saml:AuthnStatement"
NAME_ID = "saml:Assertion/saml:Subject/saml:NameID"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (writing("saml:Assertion/saml:Issuer", "https://evil.test"), "another provider"),
        (writing("saml:Issuer", "https://evil.test"), "another provider"),
        (without("saml:Assertion/saml:Issuer"), "who issued it"),
        (setting("samlp:Status/samlp:StatusCode", "Value", RESPONDER), "did not log you in"),
        (setting("", "Destination", "https://evil.test/auth/saml/callback"), "another address"),
        (writing(AUDIENCE, "https://evil.test"), "its audience must be http://flagkeeper.test"),
        (without("saml:Assertion/saml:Conditions/saml:AudienceRestriction"), "its audience must be"),
        (without(CONDITIONS), "its conditions are missing"),
        (adding(CONDITIONS, "saml:Condition"), "of a kind that is not known here"),
        (setting(BEARER_DATA, "Recipient", "https://evil.test/callback"), "its recipient must be"),
        (setting(BEARER_DATA, "Recipient", None), "its recipient must be"),
        (setting(BEARER_DATA, "NotOnOrAfter", None), "how long it is valid"),
        (setting(BEARER_DATA, "InResponseTo", None), "nobody asked for it here"),
        (setting(BEARER_DATA, "InResponseTo", "_other"), "two questions at once"),
        (without("saml:Assertion/saml:Subject/saml:SubjectConfirmation"), "nothing confirms"),
        (without(BEARER_DATA), "nothing confirms"),
        (
            setting("saml:Assertion/saml:Subject/saml:SubjectConfirmation", "Method", "urn:x:holder-of-key"),
            "nothing confirms",
        ),
        (shifting(BEARER_DATA, "NotOnOrAfter", -90), "it has expired"),
        (shifting(BEARER_DATA, "NotBefore", 90), "not valid yet"),
        (shifting(CONDITIONS, "NotOnOrAfter", -90), "it has expired"),
        (shifting(CONDITIONS, "NotBefore", 90), "not valid yet"),
        (shifting("saml:Assertion", "IssueInstant", 90), "in the future"),
        (shifting("saml:Assertion", "IssueInstant", -12 * 60), "too long ago"),
        (shifting(STATEMENT, "SessionNotOnOrAfter", -90), "has ended"),
        (setting(CONDITIONS, "NotBefore", "2026-01-01T00:00:00"), "a time in it cannot be read"),
        (setting(CONDITIONS, "NotBefore", "soon"), "a time in it cannot be read"),
        (without(STATEMENT), "anybody has logged in"),
        (without(NAME_ID), "it names nobody"),
        (writing(NAME_ID, " "), "it names nobody"),
        (writing(NAME_ID, "x" * 300), "it names nobody"),
        (setting(NAME_ID, "Format", TRANSIENT), "changes with each login"),
    ],
)
def test_what_an_answer_must_say(here: TestServer, provider: SamlProvider, change: Change, why: str) -> None:
    provider.change = change
    demand_refused(here, provider, why)


@pytest.mark.parametrize(
    "change",
    [
        shifting(BEARER_DATA, "NotOnOrAfter", -30),
        shifting(CONDITIONS, "NotBefore", 30),
        shifting(CONDITIONS, "NotOnOrAfter", -30),
        shifting("saml:Assertion", "IssueInstant", 30),
        setting("", "Destination", None),
        setting(CONDITIONS, "NotBefore", "2026-01-01T00:00:00.1234567Z"),
        without("saml:Issuer"),
        adding(CONDITIONS, "saml:OneTimeUse"),
    ],
)
def test_what_an_answer_may_say(here: TestServer, provider: SamlProvider, change: Change) -> None:
    """Clocks may differ by a minute, and some things need not be said."""
    provider.change = change
    with browser(here) as client:
        assert log_in(here, client, provider, "ada").status_code == 302


def test_a_request_that_somebody_else_began(here: TestServer, provider: SamlProvider) -> None:
    """A provider answers a request of a login that this browser has not begun."""

    def guess(root: Tree) -> None:
        for each in (root, at(root, BEARER_DATA)):
            each.set("InResponseTo", "_guessed")

    provider.change = guess
    with browser(here) as client:
        sent = send(here, answered(client, provider, "ada"))
        assert finish(client, sent).status_code == 400
        assert "unleash-session" not in client.cookies
    assert "not begun here" in str(logins(here)[0][1])


@pytest.mark.parametrize("signs", [(), ("assertion",), ("response",), ("assertion", "response")])
def test_what_was_changed_afterwards(here: TestServer, provider: SamlProvider, signs: tuple[str, ...]) -> None:
    provider.signs = signs
    for change in (
        writing(NAME_ID, "admin"),
        writing("saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue", "admin@example.com"),
        shifting(CONDITIONS, "NotOnOrAfter", 9000),
        setting("saml:Assertion", "ID", "_other"),
    ):
        provider.tamper = change
        demand_refused(here, provider, "signature" if signs else "it is not signed")


@pytest.mark.parametrize("place", ["saml:Assertion/ds:Signature", "ds:Signature"])
def test_a_signature_that_was_taken_away(here: TestServer, provider: SamlProvider, place: str) -> None:
    provider.signs = ("response",) if place == "ds:Signature" else ("assertion",)
    provider.tamper = without(place)
    demand_refused(here, provider, "it is not signed")


def test_both_signatures_must_hold(here: TestServer, provider: SamlProvider) -> None:
    provider.signs = ("assertion", "response")
    provider.tamper = lambda root: at(root, "samlp:Status/samlp:StatusCode").set("x", "y")
    demand_refused(here, provider, "changed afterwards")


def test_another_key(here: TestServer, provider: SamlProvider) -> None:
    """Also where the answer brings the certificate of that key along."""
    provider.pair = new_pair("provider")
    provider.meet(here.get("/auth/saml/metadata", token=None).text)
    demand_refused(here, provider, "not one of the provider's keys")


@pytest.mark.parametrize("algorithms", [SHA1, SHA1_DIGEST])
@pytest.mark.parametrize("signs", [("assertion",), ("response",)])
def test_weak_algorithms(
    here: TestServer, provider: SamlProvider, algorithms: tuple[str, str], signs: tuple[str, ...]
) -> None:
    provider.signs, provider.algorithms = signs, algorithms
    demand_refused(here, provider, "SHA-256 or stronger")


@pytest.mark.parametrize("algorithm", [MD5, HMAC, "", "none"])
def test_algorithms_that_are_none(here: TestServer, provider: SamlProvider, algorithm: str) -> None:
    signed = "saml:Assertion/ds:Signature/ds:SignedInfo/ds:SignatureMethod"
    provider.tamper = setting(signed, "Algorithm", algorithm)
    demand_refused(here, provider, "SHA-256 or stronger")


TRANSFORM = "ds:Reference/ds:Transforms/ds:Transform"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (TRANSFORM, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        (TRANSFORM, "http://www.w3.org/2000/09/xmldsig#base64"),
        ("ds:CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    ],
)
def test_transforms(here: TestServer, provider: SamlProvider, path: str, value: str) -> None:
    provider.tamper = setting(f"saml:Assertion/ds:Signature/ds:SignedInfo/{path}", "Algorithm", value)
    demand_refused(here, provider, "a way that SAML does not know")


@pytest.mark.parametrize("uri", ["", "#_other", "http://169.254.169.254/", "#xpointer(/)", None])
def test_what_a_signature_refers_to(here: TestServer, provider: SamlProvider, uri: str | None) -> None:
    provider.tamper = setting("saml:Assertion/ds:Signature/ds:SignedInfo/ds:Reference", "URI", uri)
    demand_refused(here, provider, "one of something else")


def forged(original: Tree) -> Tree:
    """The same about somebody else, by another id, without a signature."""
    made = copy.deepcopy(original)
    made.set("ID", "_forged")
    for signature in made.findall(".//ds:Signature", NS):
        signature.getparent().remove(signature)
    for name in made.iterfind(".//saml:NameID", NS):
        name.text = "admin"
    return made


def replaced(root: Tree, by: Tree) -> None:
    """Makes one document of another, in place."""
    root.clear()
    root.attrib.update(by.attrib)
    root.extend(by)


def with_response_in_signature(root: Tree) -> None:
    """XSW1: the signature of the original has the original in it."""
    original, evil = copy.deepcopy(root), forged(root)
    signature = at(original, "ds:Signature")
    original.remove(signature)
    signature.append(original)
    evil.insert(1, signature)
    replaced(root, evil)


def with_response_before_signature(root: Tree) -> None:
    """XSW2: the original, and then its signature."""
    original, evil = copy.deepcopy(root), forged(root)
    signature = at(original, "ds:Signature")
    original.remove(signature)
    evil[1:1] = [original, signature]
    replaced(root, evil)


def with_assertion_before(root: Tree) -> None:
    """XSW3: the forgery, and then the original."""
    original = at(root, "saml:Assertion")
    original.addprevious(forged(original))


def with_assertion_around(root: Tree) -> None:
    """XSW4: the original is a child of the forgery."""
    original = at(root, "saml:Assertion")
    evil = forged(original)
    root.replace(original, evil)
    evil.append(original)


def with_signature_moved(root: Tree) -> None:
    """XSW5: the forgery has the signature; the original comes after it."""
    original = at(root, "saml:Assertion")
    evil, signature = forged(original), at(original, "ds:Signature")
    original.remove(signature)
    evil.insert(1, signature)
    original.addprevious(evil)


def with_assertion_in_signature(root: Tree) -> None:
    """XSW6: the forgery has the signature, which has the original."""
    original = at(root, "saml:Assertion")
    evil, signature = forged(original), at(original, "ds:Signature")
    root.replace(original, evil)
    original.remove(signature)
    signature.append(original)
    evil.insert(1, signature)


def with_extensions(root: Tree) -> None:
    """XSW7: the forgery stands in an extension."""
    original = at(root, "saml:Assertion")
    extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
    extensions.append(forged(original))
    root.insert(1, extensions)


def with_object(root: Tree) -> None:
    """XSW8: the forgery has the signature, with the original in an object of it."""
    original = at(root, "saml:Assertion")
    evil, signature = forged(original), at(original, "ds:Signature")
    root.replace(original, evil)
    original.remove(signature)
    etree.SubElement(signature, f"{{{NS['ds']}}}Object").append(original)
    evil.insert(1, signature)


def with_same_id(root: Tree) -> None:
    """The forgery has the id of the original, which hides in an extension."""
    original = at(root, "saml:Assertion")
    evil = forged(original)
    evil.set("ID", original.get("ID") or "")
    root.replace(original, evil)
    hidden = etree.Element(f"{{{NS['samlp']}}}Extensions")
    hidden.append(original)
    root.append(hidden)


def with_renamed_original(root: Tree) -> None:
    """Only one element is called an assertion; the signature is in it, and what was signed beside it."""
    original = at(root, "saml:Assertion")
    evil, signature = forged(original), copy.deepcopy(at(original, "ds:Signature"))
    evil.insert(1, signature)
    root.replace(original, evil)
    original.tag = "{urn:other}Assertion"
    root.append(original)


def with_foreign_id(root: Tree) -> None:
    """The same id in an attribute that some programs take for one."""
    original = at(root, "saml:Assertion")
    at(root, "samlp:Status").set("{http://www.w3.org/XML/1998/namespace}id", original.get("ID") or "")


def with_two_signatures(root: Tree) -> None:
    signature = at(root, "saml:Assertion/ds:Signature")
    signature.addprevious(copy.deepcopy(signature))


WRAPPINGS: list[tuple[Change, str]] = [
    (with_response_in_signature, "response"),
    (with_response_before_signature, "response"),
    (with_assertion_before, "assertion"),
    (with_assertion_around, "assertion"),
    (with_signature_moved, "assertion"),
    (with_assertion_in_signature, "assertion"),
    (with_extensions, "assertion"),
    (with_object, "assertion"),
    (with_same_id, "assertion"),
    (with_renamed_original, "assertion"),
    (with_foreign_id, "assertion"),
    (with_two_signatures, "assertion"),
]


@pytest.mark.parametrize(("wrap", "signs"), WRAPPINGS)
def test_signature_wrapping(here: TestServer, provider: SamlProvider, wrap: Change, signs: str) -> None:
    """Somaraju et al., "On Breaking SAML: Be Whoever You Want to Be" (2012), XSW1 to 8, and some more."""
    provider.signs, provider.tamper = (signs,), wrap
    demand_refused(here, provider, "The answer of the identity provider proves nothing: ")


def text_of(posted: Posted) -> str:
    return base64.b64decode(posted.fields["SAMLResponse"]).decode()


def sent_as(posted: Posted, content: bytes) -> Posted:
    return Posted(posted.url, {"SAMLResponse": base64.b64encode(content).decode()})


ENTITY = '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: (ENTITY + text.replace(">ada<", ">&e;<")).encode(), "a document type"),
        (lambda text: (LAUGHS + text.replace(">ada<", ">&c;<")).encode(), "a document type"),
        (lambda text: f'<?xml version="1.0"?>{ENTITY}{text}'.encode(), "a document type"),
        (lambda text: f'<?xml version="1.0" encoding="UTF-16"?>{ENTITY}{text}'.encode("utf-16"), "not UTF-8"),
        (lambda text: text.replace(">ada<", ">a<!---->da<").encode(), "a comment"),
        (lambda text: text.replace(">ada<", "><![CDATA[ada]]><").encode(), "a comment"),
        (lambda text: text.replace(">ada<", ">a<?x?>da<").encode(), "an instruction"),
        (lambda text: f"<?xml-stylesheet href='http://evil.test'?>{text}".encode(), "an instruction"),
        (lambda text: text[:-20].encode(), "it is no XML"),
        (lambda _: b"", "one field SAMLResponse"),
        (lambda _: b"<a/>", "no answer of a SAML provider"),
        (lambda _: b"\xff\xfe<a/>", "not UTF-8"),
        (lambda text: text.encode() + b" " * 200_000, "it is larger than 196608 bytes"),
        (lambda text: (text.replace("Response", "LogoutResponse")).encode(), "no answer of a SAML provider"),
    ],
)
def test_how_an_answer_is_written(
    here: TestServer, provider: SamlProvider, change: Callable[[str], bytes], why: str
) -> None:
    with browser(here) as client:
        posted = answered(client, provider, "ada")
        answer = send(here, sent_as(posted, change(text_of(posted))))
        assert (answer.status_code, why in answer.json()["message"]) == (401, True), answer.text
        assert why in str(logins(here)[0][1])
        assert finish(client, send(here, posted)).status_code == 302, "the very answer without the change"


def test_how_an_answer_is_sent(here: TestServer, provider: SamlProvider) -> None:
    with browser(here) as client:
        for content, status in (
            ("SAMLResponse=a&SAMLResponse=b", 401),
            ("SAMLResponse=%3F%3F", 401),
            ("&".join(f"a{number}=b" for number in range(50)), 401),
            ("", 401),
            ("SAMLResponse=" + "A" * 500_000, 413),
        ):
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = client.post(CALLBACK, content=content, headers=headers)
            assert answer.status_code == status, answer.text
        answer = client.post(CALLBACK, json={"SAMLResponse": "x"})
        assert (answer.status_code, "x-www-form-urlencoded" in answer.json()["message"]) == (415, True)
        assert client.get(CALLBACK).status_code == 405


def test_encrypted_assertions(here: TestServer, provider: SamlProvider) -> None:
    def encrypted(root: Tree) -> None:
        root.remove(at(root, "saml:Assertion"))
        etree.SubElement(root, f"{{{NS['saml']}}}EncryptedAssertion")

    provider.tamper = encrypted
    demand_refused(here, provider, "switch encryption of assertions off")


def test_a_provider_that_is_switched_off(here: TestServer, provider: SamlProvider) -> None:
    with browser(here) as client:
        posted = answered(client, provider, "ada")
        sent = send(here, posted)
        here.post(SETTINGS, json={"enabled": False})
        assert finish(client, sent).status_code == 422
        assert send(here, posted).status_code == 422
