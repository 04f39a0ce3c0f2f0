"""Whether an answer of a SAML provider says who somebody is (SAML 2.0 Profiles, section 4.1.4). Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from flagkeeper.features.sso.model.flow import LIFETIME
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.features.sso.model.saml_xml import ASSERTION, PROTOCOL, decoded, parsed
from flagkeeper.features.sso.model.untrusted import Untrusted
from flagkeeper.kernel import clock

if TYPE_CHECKING:
    from lxml import etree

SKEW = clock.MINUTE
"""By which the provider's clock may differ from ours."""
LONGEST_SUBJECT = 255
LONGEST_ID = 1000
KEPT = LIFETIME + 2 * SKEW
"""How long after it was issued an answer could be sent again: for so long it is known that it was used."""
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_KNOWN_CONDITIONS = frozenset(
    f"{ASSERTION}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
)


class Parties(msgspec.Struct, frozen=True):
    """Who speaks to whom."""

    settings: SamlSettings
    audience: str
    """What we call ourselves."""
    recipient: str
    """Where answers are sent to."""


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says of somebody."""

    id: str
    request_id: str
    """Which request it answers."""
    subject: str
    format: str
    """Of the subject; empty: it is not said."""
    attributes: Mapping[str, tuple[str, ...]]
    """By each name that the provider gives them."""


def read_answer(text: str, parties: Parties, now: clock.Millis) -> Assertion:
    """What the `SAMLResponse` of a form says.

    Raises:
        Untrusted: anything about it is not as it must be.
    """
    from flagkeeper.features.sso.model.saml_signature import signed_assertion  # 16 MB that only SAML needs

    response = parsed(decoded(text))
    if response.tag != f"{PROTOCOL}Response":
        raise Untrusted("it is no answer of a SAML provider")
    status = response.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode")
    if status is None or status.get("Value") != _SUCCESS:
        raise Untrusted("it says that the provider did not log you in: its log has the reason")
    if response.get("Destination") not in (None, parties.recipient):
        raise Untrusted("it was sent to another address than this one")
    _demand_issuer(response.find(f"{ASSERTION}Issuer"), parties)
    assertion = signed_assertion(response, parties.settings.certificates())
    _demand_issued(assertion, parties, now)
    _demand_conditions(assertion, parties, now)
    answered = response.get("InResponseTo")
    return _said(assertion, _confirmed(assertion, parties, answered, now))


def _demand_issuer(issuer: "etree._Element | None", parties: Parties) -> None:
    if issuer is not None and _text(issuer) != parties.settings.entity_id:
        raise Untrusted("it was issued by another provider than the one of the settings")


def _demand_issued(assertion: "etree._Element", parties: Parties, now: clock.Millis) -> None:
    issuer = assertion.find(f"{ASSERTION}Issuer")
    if issuer is None:
        raise Untrusted("it does not say who issued it")
    _demand_issuer(issuer, parties)
    issued_at = _moment(assertion, "IssueInstant")
    if issued_at is None or issued_at > now + SKEW:
        raise Untrusted("it was issued in the future: compare the clocks of both servers")
    if issued_at < now - LIFETIME - SKEW:
        raise Untrusted("it was issued too long ago")
    statement = assertion.find(f"{ASSERTION}AuthnStatement")
    if statement is None:
        raise Untrusted("it does not say that anybody has logged in")
    ends_at = _moment(statement, "SessionNotOnOrAfter")
    if ends_at is not None and ends_at <= now - SKEW:
        raise Untrusted("the session at the provider has ended")


def _demand_conditions(assertion: "etree._Element", parties: Parties, now: clock.Millis) -> None:
    conditions = assertion.find(f"{ASSERTION}Conditions")
    if conditions is None or any(each.tag not in _KNOWN_CONDITIONS for each in conditions):
        raise Untrusted("its conditions are missing, or of a kind that is not known here")
    _demand_time(conditions, now)
    restrictions = conditions.findall(f"{ASSERTION}AudienceRestriction")
    audiences = [{_text(each) for each in one.iterfind(f"{ASSERTION}Audience")} for one in restrictions]
    if not audiences or any(parties.audience not in each for each in audiences):
        raise Untrusted(f"it is meant for somebody else: its audience must be {parties.audience}")


def _confirmed(assertion: "etree._Element", parties: Parties, answered: str | None, now: clock.Millis) -> str:
    """Which request it answers, by the confirmation that holds."""
    why = Untrusted("nothing confirms that whoever brings it is the one whom it is about")
    for each in assertion.iterfind(f"{ASSERTION}Subject/{ASSERTION}SubjectConfirmation"):
        data = each.find(f"{ASSERTION}SubjectConfirmationData")
        if each.get("Method") != _BEARER or data is None:
            continue
        try:
            _demand_time(data, now)
            return _request_of(data, parties, answered)
        except Untrusted as error:
            why = error
    raise why


def _request_of(data: "etree._Element", parties: Parties, answered: str | None) -> str:
    request_id = data.get("InResponseTo") or ""
    if data.get("Recipient") != parties.recipient:
        raise Untrusted(f"it is meant for another address: its recipient must be {parties.recipient}")
    if data.get("NotOnOrAfter") is None:
        raise Untrusted("it does not say how long it is valid")
    if not request_id:
        raise Untrusted("nobody asked for it here. Begin on the login page, not at the provider")
    if answered not in (None, request_id):
        raise Untrusted("it answers two questions at once")
    return request_id


def _said(assertion: "etree._Element", request_id: str) -> Assertion:
    name = assertion.find(f"{ASSERTION}Subject/{ASSERTION}NameID")
    subject, id_ = "" if name is None else _text(name), assertion.get("ID") or ""
    if name is None or not 0 < len(subject) <= LONGEST_SUBJECT or len(id_) > LONGEST_ID:
        raise Untrusted("it names nobody")
    if name.get("Format") == _TRANSIENT:
        raise Untrusted("its name changes with each login: the provider must send a persistent NameID or an address")
    attributes: dict[str, tuple[str, ...]] = {}
    for each, values in _attributes(assertion):
        attributes[each] = (*attributes.get(each, ()), *values)
    return Assertion(
        id=id_, request_id=request_id, subject=subject, format=name.get("Format") or "", attributes=attributes
    )


def _attributes(assertion: "etree._Element") -> Iterator[tuple[str, tuple[str, ...]]]:
    for each in assertion.iterfind(f"{ASSERTION}AttributeStatement/{ASSERTION}Attribute"):
        plain = (value for value in each.iterfind(f"{ASSERTION}AttributeValue") if not len(value))
        found = tuple(text for value in plain if (text := _text(value)))
        for name in {each.get("Name"), each.get("FriendlyName")} - {None}:
            yield str(name), found


def _demand_time(element: "etree._Element", now: clock.Millis) -> None:
    begins, ends = _moment(element, "NotBefore"), _moment(element, "NotOnOrAfter")
    if begins is not None and begins > now + SKEW:
        raise Untrusted("it is not valid yet: compare the clocks of both servers")
    if ends is not None and ends <= now - SKEW:
        raise Untrusted("it has expired: begin again, and if that does not help compare the clocks of both servers")


def _moment(element: "etree._Element", name: str) -> clock.Millis | None:
    """An instant with a zone. None: it is not said. Raises `Untrusted`."""
    text = element.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError(text)
        return int(found.timestamp() * clock.SECOND)
    except (ValueError, OverflowError) as error:
        raise Untrusted("a time in it cannot be read") from error


def _text(element: "etree._Element") -> str:
    """The text of an element that has nothing else in it. Raises `Untrusted`."""
    if len(element):
        raise Untrusted("there is something other than text in a name or value")
    return (element.text or "").strip()
