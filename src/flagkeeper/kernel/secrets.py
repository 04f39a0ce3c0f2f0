"""Secrets at rest: sealed with AES-256-GCM, each bound to its location, so that one cannot be moved to where it would
be shown or sent (docs/adr/0102-secrets-at-rest.md)."""

import base64
import binascii
import hashlib
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST_KEY = 32
"""Characters: `openssl rand -base64 32` makes 44."""
_NONCE = 12
_SEALED = re.compile(r"[0-9a-f]{8}:(?P<nonce>[A-Za-z0-9+/]{16})[A-Za-z0-9+/]{22,}={0,2}")
_PURPOSE = b"flagkeeper integration parameters"
_SIGNING = b"flagkeeper signatures"


class Unreadable(Exception):
    """A sealed secret that none of the keys opens: the key was lost, or the database was tampered with."""


def entry_of(sealed: str) -> str:
    """Which entry of a secret this is: another one whenever somebody enters it anew, the same one when it is sealed
    anew. It is random, and says nothing about the secret. Empty for what is not sealed."""
    found = _SEALED.fullmatch(sealed)
    return found["nonce"] if found else ""


class Keyring:
    """Seals and signs with the first key, opens and verifies with all: a key is exchanged by putting a new one in
    front.

    Raises:
        ValueError: there is no key, or one that is too short to be random.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ValueError(
                f"a secret key has at least {SHORTEST_KEY} characters; `openssl rand -base64 32` makes one"
            )
        derived = [_derived(key, _PURPOSE) for key in keys]
        self._signing = [_derived(key, _SIGNING) for key in keys]
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: AESGCM(key) for key in reversed(derived)}
        self._newest = hashlib.sha256(derived[0]).hexdigest()[:8]

    def seal(self, secret: str, location: str) -> str:
        """`location` says where it is kept (`integration/7/url`); it opens only there."""
        return self._seal(secret, location, os.urandom(_NONCE))

    def reseal(self, sealed: str, location: str) -> str:
        """The same secret, entered once (`entry_of`), sealed with the first key. Raises `Unreadable`."""
        secret = self.open(sealed, location)
        # One nonce may serve again: with another key, or with this one for the very same secret and location.
        return self._seal(secret, location, base64.b64decode(sealed.partition(":")[2])[:_NONCE])

    def _seal(self, secret: str, location: str, nonce: bytes) -> str:
        sealed = nonce + self._keys[self._newest].encrypt(nonce, secret.encode(), location.encode())
        return f"{self._newest}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, location: str) -> str:
        """Raises `Unreadable`."""
        name, _, text = sealed.partition(":")
        try:
            content = base64.b64decode(text, validate=True)
            return self._keys[name].decrypt(content[:_NONCE], content[_NONCE:], location.encode()).decode()
        except (KeyError, InvalidTag, binascii.Error, ValueError) as error:
            raise Unreadable(
                f"The secret {location} cannot be read. Put the key that sealed it into FLAGKEEPER_SECRET_KEY again, "
                "or enter the secret anew."
            ) from error

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        return sealed.partition(":")[0] == self._newest

    def sign(self, text: str) -> str:
        """What nobody can make who has none of the keys: 43 characters that may stand in an address. `text` begins with
        what it is for, so that it serves for nothing else."""
        return _signature(self._signing[0], text)

    def has_signed(self, text: str, signature: str) -> bool:
        """Whether one of the keys did."""
        given = signature.encode()
        return any(hmac.compare_digest(_signature(key, text).encode(), given) for key in self._signing)


def _derived(key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _signature(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).decode().rstrip("=")
