"""The token of the identity provider. Pure."""

from hashlib import sha256
from hmac import compare_digest

from flagkeeper.kernel.ids import new_secret


def new_token() -> str:
    return f"scim:{new_secret()}"


def hash_of(token: str) -> str:
    """What is kept of it: its SHA-256, in hex. It is random, so a fast hash is as good as a slow one."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def is_token(shown: str, token_hash: str) -> bool:
    """Whether it is the token with this hash, in the same time for all that are not. No hash: nothing is."""
    return compare_digest(hash_of(shown), token_hash or "-")
