"""Whether an answer was signed by the provider, and what of it (XML Signature 1.1; SAML 2.0 Core, section 5.4). Pure.

Believed is only what came out of the verification, never what stands in the document. That alone would do; but a
document whose form leaves a doubt about what was signed is refused before anything is computed: there is one assertion,
in its place; a signature is the child of what it signs, and refers to that by an id that nothing else has.
"""

from collections import Counter
from collections.abc import Sequence

from cryptography import x509
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from flagkeeper.features.sso.model.saml_xml import ASSERTION, DSIG, PROTOCOL, XENC
from flagkeeper.features.sso.model.untrusted import Untrusted

METHODS = frozenset(
    {
        *(SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512),
        *(SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384, SignatureMethod.ECDSA_SHA512),
    }
)
DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_TRANSFORMS = ([_ENVELOPED, _EXCLUSIVE], [_ENVELOPED])
"""Nothing else can stand in the signature of a message (Core, 5.4.4)."""
_WEAK = "it is signed with an algorithm that nobody may trust any more: the provider must use SHA-256 or stronger"


def signed_assertion(response: etree._Element, certificates: Sequence[x509.Certificate]) -> etree._Element:
    """The assertion as one of the keys has signed it, alone or with the whole answer.

    Raises:
        Untrusted: none has, or the form of the answer leaves a doubt.
    """
    assertion = _only_assertion(response)
    _demand_plain(response, assertion)
    signed = [each for each in (response, assertion) if each.find(f"{DSIG}Signature") is not None]
    if not signed:
        raise Untrusted("it is not signed")
    proven = [_verified(each, certificates) for each in signed][-1]
    return proven if proven.tag == assertion.tag else _only_assertion(proven)


def _only_assertion(response: etree._Element) -> etree._Element:
    if any(each.tag.startswith(XENC) or each.tag == f"{ASSERTION}EncryptedAssertion" for each in response.iter()):
        raise Untrusted("it is encrypted, and there is no key for that here: switch encryption of assertions off")
    found = list(response.iter(f"{ASSERTION}Assertion"))
    if response.tag != f"{PROTOCOL}Response" or len(found) != 1 or found[0].getparent() is not response:
        raise Untrusted("it is no answer with one assertion in it")
    return found[0]


def _demand_plain(response: etree._Element, assertion: etree._Element) -> None:
    ids = Counter(value for each in response.iter() for name, value in each.attrib.items() if _is_id(name))
    if any(number > 1 for number in ids.values()) or not response.get("ID") or not assertion.get("ID"):
        raise Untrusted("an id in it is missing, or stands for several things")
    places = Counter(each.getparent() for each in response.iter(f"{DSIG}Signature"))
    if any(place not in (response, assertion) or number > 1 for place, number in places.items()):
        raise Untrusted("a signature in it stands where none belongs")
    if next(response.iter(f"{DSIG}Object", f"{DSIG}Manifest"), None) is not None:
        raise Untrusted("a signature in it brings content of its own")


def _is_id(name: str) -> bool:
    return str(etree.QName(name).localname).lower() == "id"


def _verified(element: etree._Element, certificates: Sequence[x509.Certificate]) -> etree._Element:
    """What was signed, made anew from the very bytes whose digest was signed."""
    _demand_form(element)
    why: Exception | None = None
    for certificate in certificates:
        # How long a certificate says that it is valid is not asked: see `certificates`.
        config = SignatureConfiguration(
            location="./",
            signature_methods=METHODS,
            digest_algorithms=DIGESTS,
            ignore_ambiguous_key_info=True,
            verification_time=certificate.not_valid_before_utc,
        )
        try:
            found = XMLVerifier().verify(element, x509_cert=certificate, id_attribute="ID", expect_config=config)
        except InvalidSignature as error:
            why = error
        except (SignXMLException, etree.LxmlError, ValueError, TypeError) as error:
            raise Untrusted("its signature cannot be read") from error
        else:
            if isinstance(found, list) or found.signed_xml is None or found.signed_xml.get("ID") != element.get("ID"):
                raise Untrusted("its signature is one of something else")
            return found.signed_xml
    raise Untrusted("its signature is not one of the provider's keys, or it was changed afterwards") from why


def _demand_form(element: etree._Element) -> None:
    info = element.find(f"{DSIG}Signature/{DSIG}SignedInfo")
    references = [] if info is None else info.findall(f"{DSIG}Reference")
    if info is None or len(references) != 1 or references[0].get("URI") != f"#{element.get('ID')}":
        raise Untrusted("its signature is one of something else")
    transforms = [each.get("Algorithm") for each in references[0].iterfind(f"{DSIG}Transforms/{DSIG}Transform")]
    if transforms not in _TRANSFORMS or _algorithm(info, "CanonicalizationMethod") != _EXCLUSIVE:
        raise Untrusted("its signature transforms what it signs in a way that SAML does not know")
    if _algorithm(info, "SignatureMethod") not in {each.value for each in METHODS}:
        raise Untrusted(_WEAK)
    if _algorithm(references[0], "DigestMethod") not in {each.value for each in DIGESTS}:
        raise Untrusted(_WEAK)


def _algorithm(parent: etree._Element, name: str) -> str | None:
    found = parent.find(f"{DSIG}{name}")
    return None if found is None else found.get("Algorithm")
