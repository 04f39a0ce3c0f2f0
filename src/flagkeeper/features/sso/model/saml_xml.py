"""Reading XML from strangers: plain elements, attributes and text, and nothing that means anything else. Pure.

Nobody needs a document type, an entity, a comment, a processing instruction or a CDATA section to say who somebody is,
and each has been used to say something else to the one who checks than to the one who believes. All of them begin with
`<!` or `<?`, which cannot stand anywhere else in well-formed XML, so they are refused before a parser sees them.
"""

import base64
import binascii
from typing import TYPE_CHECKING, Final

from flagkeeper.features.sso.model.untrusted import Untrusted

if TYPE_CHECKING:
    from lxml import etree

LARGEST = 192 * 1024
"""Bytes of an answer: some thousand groups."""
PROTOCOL: Final = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}"
DSIG: Final = "{http://www.w3.org/2000/09/xmldsig#}"
XENC: Final = "{http://www.w3.org/2001/04/xmlenc#}"


def decoded(text: str) -> bytes:
    """What the `SAMLResponse` of a form holds. Raises `Untrusted`."""
    if len(text) > LARGEST * 3 // 2:
        raise Untrusted(f"it is larger than {LARGEST} bytes")
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Untrusted("it is not base64") from error
    if len(content) > LARGEST:
        raise Untrusted(f"it is larger than {LARGEST} bytes")
    return content


def parsed(content: bytes) -> "etree._Element":
    """The root of a document. Raises `Untrusted`."""
    from lxml import etree

    try:
        text = content.decode("utf-8").removeprefix("\ufeff").lstrip()
    except UnicodeDecodeError as error:
        raise Untrusted("it is not UTF-8") from error
    if text.startswith("<?xml "):
        text = text.partition("?>")[2]
    if "<!" in text or "<?" in text:
        raise Untrusted("it has a document type, a comment or an instruction in it, which no answer needs")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Untrusted("it is no XML") from error
