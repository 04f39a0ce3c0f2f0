"""What we say to a SAML provider: that somebody wants to log in, and who we are (SAML 2.0 Bindings, section 3.4).
Pure."""

import base64
import secrets
import zlib
from urllib.parse import quote_plus, urlencode
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from flagkeeper.features.sso.model.certificates import read_own_key
from flagkeeper.features.sso.model.flow import LIFETIME, Begun, with_query
from flagkeeper.features.sso.model.saml_settings import SamlSettings
from flagkeeper.kernel import clock

_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def begin(back_to: str, now: clock.Millis) -> Begun:
    """`state` is the id of the request: an XML name, and nobody guesses it."""
    return Begun(state=f"_{secrets.token_hex(20)}", back_to=back_to, ends_at=now + LIFETIME)


def request_url(begun: Begun, settings: SamlSettings, own_key: str, base_url: str, now: clock.Millis) -> str:
    """Where the browser goes to show the provider who somebody is: signed, if there is a key (PEM) of our own."""
    text = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" '
        f"ID={quoteattr(begun.state)} IssueInstant={quoteattr(clock.to_iso(now))} "
        f"Destination={quoteattr(settings.sign_on_url)} ProtocolBinding={quoteattr(_POST)} "
        f"AssertionConsumerServiceURL={quoteattr(callback(base_url))}>"
        f"<saml:Issuer>{escape(base_url)}</saml:Issuer></samlp:AuthnRequest>"
    )
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = base64.b64encode(packing.compress(text.encode()) + packing.flush()).decode()
    query = urlencode({"SAMLRequest": packed})
    if own_key:
        key, _ = read_own_key(own_key)
        query += f"&SigAlg={quote_plus(_RSA_SHA256)}"
        query += "&" + urlencode({"Signature": base64.b64encode(key.sign(query.encode(), PKCS1v15(), SHA256()))})
    return with_query(settings.sign_on_url, query)


def callback(base_url: str) -> str:
    """Where providers send answers to."""
    return f"{base_url}/auth/saml/callback"


def metadata(base_url: str, own_key: str) -> str:
    """Who we are, as providers read it (SAML 2.0 Metadata). Our name is the address of this server."""
    own = read_own_key(own_key)[1] if own_key else None
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
        f"entityID={quoteattr(base_url)}>"
        f'<md:SPSSODescriptor AuthnRequestsSigned="{str(bool(own_key)).lower()}" WantAssertionsSigned="true" '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{'' if own is None else _key_descriptor(own)}"
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>"
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>"
        f'<md:AssertionConsumerService index="0" isDefault="true" Binding="{_POST}" '
        f"Location={quoteattr(callback(base_url))}/>"
        "</md:SPSSODescriptor></md:EntityDescriptor>\n"
    )


def _key_descriptor(certificate: x509.Certificate) -> str:
    content = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return (
        '<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>'
        f"<ds:X509Certificate>{content}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
