"""What somebody keeps in a form who showed a provider who they are, and has no account here. Pure.

It is sealed, so nobody makes one for another, and it ends soon. All that it is good for is to ask for access for the
person that it is about: so it is no matter which page or browser sends it.
"""

from enum import Enum, auto

import msgspec

from flagkeeper.features.access_requests.model import Asker
from flagkeeper.features.logins.model import AuthType
from flagkeeper.features.sso.model.person import Person
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData
from flagkeeper.kernel.secrets import Keyring, Unreadable

LIFETIME = 10 * clock.MINUTE
"""How long somebody may take to ask."""
_LOCATION = "access-request"
_TOO_OLD = "This page is too old to ask for access with it. Log in again, and ask then."


class Asked(Enum):
    """What came of asking for access."""

    NOW = auto()
    BEFORE = auto()
    HAS_ACCOUNT = auto()
    """There is nothing to ask for."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """That a provider vouched for somebody a moment ago."""

    asker: Asker
    ends_at: clock.Millis


def prove(person: Person, auth_type: AuthType, keyring: Keyring, now: clock.Millis) -> str:
    """The proof, sealed. Whoever has no address of which the provider is sure can show nothing."""
    asker = Asker(
        email=person.email or "",
        name=person.name,
        auth_type=auth_type,
        issuer=person.issuer,
        subject=person.subject,
    )
    return keyring.seal(msgspec.json.encode(Proof(asker=asker, ends_at=now + LIFETIME)).decode(), _LOCATION)


def proven(sealed: str, keyring: Keyring, now: clock.Millis) -> Proof:
    """Raises `BadData` where nothing is proven, or too long ago."""
    try:
        found = msgspec.json.decode(keyring.open(sealed, _LOCATION), type=Proof)
    except (Unreadable, msgspec.DecodeError) as error:
        raise BadData(_TOO_OLD) from error
    if found.ends_at <= now:
        raise BadData(_TOO_OLD)
    return found
