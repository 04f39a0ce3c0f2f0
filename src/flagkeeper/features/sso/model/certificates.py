"""Certificates and keys as administrators paste them. A certificate is only what a key comes in: which keys count is
set here, so nobody looks at who signed it, nor for how long it says that it is valid. Pure."""

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

SHORTEST_RSA = 2048
"""Bits."""
MOST = 10
"""Certificates of one provider: the one that counts, and those that it is exchanged for."""
CURVES = (SECP256R1, SECP384R1, SECP521R1)
_BLOCK = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
_CERTIFICATE = "CERTIFICATE"


class Unusable(ValueError):
    """A certificate or key that cannot be used. The message says why, without a word of it."""


def read_certificates(text: str) -> list[x509.Certificate]:
    """All certificates of a text: PEM blocks, or the base64 of one, as metadata have it.

    Raises:
        Unusable: it is something else, or a key is too weak.
    """
    blocks = [(found[1], found[0]) for found in _BLOCK.finditer(text)]
    if any(kind != _CERTIFICATE for kind, _ in blocks) or (_BLOCK.sub("", text).strip() and blocks):
        raise Unusable("Only certificates belong here, each between its BEGIN CERTIFICATE and END CERTIFICATE.")
    try:
        if blocks:
            found = [x509.load_pem_x509_certificate(block.encode()) for _, block in blocks]
        else:
            found = [x509.load_der_x509_certificate(base64.b64decode("".join(text.split()), validate=True))]
        weak = [each for each in found if not _is_strong(each)]
    except (ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise Unusable("It is no X.509 certificate. Paste it as PEM, or the base64 of the metadata.") from error
    if weak:
        raise Unusable(f"Its key is too weak. Use RSA with {SHORTEST_RSA} bits or more, or P-256, P-384 or P-521.")
    if len(found) > MOST:
        raise Unusable(f"At most {MOST} certificates.")
    return found


def as_pem(certificates: list[x509.Certificate]) -> str:
    """The same certificates, in the one form in which they are kept."""
    return "".join(each.public_bytes(Encoding.PEM).decode("ascii") for each in certificates)


def read_own_key(pem: str) -> tuple[RSAPrivateKey, x509.Certificate | None]:
    """The key with which we sign, and its certificate if that stands beside it, in either order.

    Raises:
        Unusable: it is something else, too weak, or they do not belong together.
    """
    blocks = {found[1]: found[0] for found in _BLOCK.finditer(pem)}
    certificate = blocks.pop(_CERTIFICATE, None)
    if len(blocks) != 1:
        raise Unusable("Paste one private key as PEM, without a passphrase, and its certificate below it.")
    try:
        key = load_pem_private_key(next(iter(blocks.values())).encode(), password=None)
        own = None if certificate is None else x509.load_pem_x509_certificate(certificate.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unusable("It is no private key as PEM, or it has a passphrase, which nobody can enter here.") from error
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_RSA:
        raise Unusable(f"It must be an RSA key with {SHORTEST_RSA} bits or more.")
    if own is not None and own.public_key() != key.public_key():
        raise Unusable("The certificate is one of another key.")
    return key, own


def _is_strong(certificate: x509.Certificate) -> bool:
    match certificate.public_key():
        case RSAPublicKey() as key:
            return key.key_size >= SHORTEST_RSA
        case EllipticCurvePublicKey() as key:
            return isinstance(key.curve, CURVES)
    return False
