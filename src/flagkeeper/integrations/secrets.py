"""Secrets at rest: sealed with AES-256-GCM, each bound to its place, so that one cannot be moved to where it would be
shown or sent (docs/adr/0102-secrets-at-rest.md)."""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST_KEY = 32
"""Characters: `openssl rand -base64 32` makes 44."""
_NONCE = 12
_PURPOSE = b"flagkeeper integration parameters"


class Unreadable(Exception):
    """A sealed secret that none of the keys opens: the key was lost, or the database was tampered with."""


class Keyring:
    """Seals with the first key, opens with all: a key is exchanged by putting a new one in front.

    Raises:
        ValueError: there is no key, or one that is too short to be random.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ValueError(
                f"a secret key has at least {SHORTEST_KEY} characters; `openssl rand -base64 32` makes one"
            )
        derived = [HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode()) for key in keys]
        self._keys = {hashlib.sha256(key).hexdigest()[:8]: AESGCM(key) for key in reversed(derived)}
        self._newest = hashlib.sha256(derived[0]).hexdigest()[:8]

    def seal(self, secret: str, place: str) -> str:
        """`place` says where it is kept (`integration/7/url`); it opens only there."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._keys[self._newest].encrypt(nonce, secret.encode(), place.encode())
        return f"{self._newest}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, place: str) -> str:
        """Raises `Unreadable`."""
        name, _, text = sealed.partition(":")
        try:
            content = base64.b64decode(text, validate=True)
            return self._keys[name].decrypt(content[:_NONCE], content[_NONCE:], place.encode()).decode()
        except (KeyError, InvalidTag, binascii.Error, ValueError) as error:
            raise Unreadable(
                f"The secret {place} cannot be read. Put the key that sealed it into FLAGKEEPER_SECRET_KEY again, "
                "or enter the secret anew."
            ) from error

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        return sealed.partition(":")[0] == self._newest
