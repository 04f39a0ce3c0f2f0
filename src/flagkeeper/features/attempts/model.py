"""When an attempt is one too many. Pure.

Decided in docs/adr/0331-guessing-passwords.md and docs/adr/0450-attempts-are-counted-together.md.
"""

from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv6Address, ip_address

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import RateLimited

WINDOW = clock.MINUTE
FREE = 10
"""Wrong passwords of one account before there is a delay."""
LONGEST_DELAY = 15 * clock.MINUTE
FORGOTTEN = clock.DAY
"""After so long without one, wrong passwords are forgotten."""
MOST_REMEMBERED = 10_000
"""Rows of each kind of attempt: names that nobody has are counted too, and anybody can make them up."""
PASSWORD = "password"  # noqa: S105 - the kind of attempt, no secret
"""What the wrong passwords of an account are counted as."""
_IPV6_NETWORK = 64
"""Bits: whoever has one address there has them all."""
_LONGEST = 100


class Tried(StrEnum):
    """What is counted by network and minute."""

    LOGIN = "login"
    RETURN = "sso-return"
    """Coming back from an identity provider."""
    SIGN_UP = "sign-up"
    ACCESS_REQUEST = "access-request"
    RESET_MAIL = "reset-mail"
    NEW_USER = "new-user"


_TOO_MANY = {
    Tried.LOGIN: "Too many attempts to log in.",
    Tried.RETURN: "Too many attempts to log in.",
    Tried.SIGN_UP: "Too many attempts to sign up.",
    Tried.ACCESS_REQUEST: "Too many attempts to ask for access.",
    Tried.RESET_MAIL: "Too many mails were asked for.",
    Tried.NEW_USER: "Too many users were created.",
}


class Count(msgspec.Struct, frozen=True):
    """What is known of those who try something."""

    number: int
    since: clock.Millis
    """When the minute began; of passwords: when the last one was wrong."""


def in_window(tried: Tried, most: int, known: Count | None, now: clock.Millis) -> Count:
    """The count with one attempt more, of `most` a minute.

    Raises:
        RateLimited: it is one too many.
    """
    if known is None or not 0 <= now - known.since < WINDOW:
        return Count(1, now)
    if known.number >= most:
        raise _refused(_TOO_MANY[tried], known.since + WINDOW - now)
    return Count(known.number + 1, known.since)


def wrong(known: Count | None, now: clock.Millis) -> Count:
    """The count of wrong passwords with one more.

    Raises:
        RateLimited: too many were wrong; it is too early for the next one.
    """
    if known is None or not 0 <= now - known.since < FORGOTTEN:
        known = Count(0, now)
    delay = min(clock.SECOND << min(known.number - FREE, 20), LONGEST_DELAY) if known.number >= FREE else 0
    if now - known.since < delay:
        raise _refused("Too many wrong passwords.", known.since + delay - now)
    return Count(known.number + 1, now)


def right(known: Count) -> Count:
    """The count without one that was taken for wrong. What others tried wrong still counts: logging in gives them no
    new guesses."""
    return Count(known.number - 1, known.since)


def account_of(name: str) -> str:
    """Whose password is tried by somebody who gives this name, whether or not there is such a user."""
    return sha256(name.strip().lower().encode("utf-8", "replace")).hexdigest()


def account_of_user(user_id: int) -> str:
    """Whose password is tried by somebody who has a session or a token of that user."""
    return f"user/{user_id}"


def network_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or a network of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:_LONGEST]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    host_bits = 128 - _IPV6_NETWORK
    return f"{IPv6Address(int(parsed) >> host_bits << host_bits)}/{_IPV6_NETWORK}"


def _refused(what: str, wait: clock.Millis) -> RateLimited:
    seconds = -(-wait // clock.SECOND)
    return RateLimited(f"{what} Try again in {seconds} seconds.", seconds)
