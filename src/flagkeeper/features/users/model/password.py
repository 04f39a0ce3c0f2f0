"""Passwords: what makes one strong enough, and how they are kept."""

import re
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from flagkeeper.kernel.errors import Detail, WeakPassword
from flagkeeper.kernel.ids import new_secret

SHORTEST = 10
LONGEST = 128
KEPT = 5
"""How many passwords of a user are remembered, the present one among them: none of them may be chosen again."""

_RULES = (
    (re.compile(r"[a-z]"), "It must contain a lower-case letter."),
    (re.compile(r"[A-Z]"), "It must contain an upper-case letter."),
    (re.compile(r"[0-9]"), "It must contain a digit."),
    (re.compile(r"[^A-Za-z0-9\s]"), "It must contain a special character, such as ! or -."),
)
_REPEATED = re.compile(r"(.)\1\1", re.DOTALL)

# The first choice of OWASP's password storage recommendations: 19 MiB, two rounds, some 30 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def demand_strong(password: str) -> None:
    """Raises `WeakPassword`, whose details list everything that is missing."""
    wrong = [text for rule, text in _RULES if not rule.search(password)]
    if len(password) < SHORTEST:
        wrong.insert(0, f"It must have at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        wrong.insert(0, f"It may have at most {LONGEST} characters.")
    if _REPEATED.search(password):
        wrong.append("It may not have the same character three times in a row.")
    if wrong:
        message = "The password is too weak. " + " ".join(wrong)
        raise WeakPassword(message, Detail(message, validationErrors=wrong))


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters. Slow on purpose: never call it on the event loop or in a command."""
    return _HASHER.hash(_normal(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Whether this is the password. Without a hash (nobody, or somebody who has none) it is False, after as long."""
    try:
        _HASHER.verify(password_hash or _NOBODYS, _normal(password))
    except (VerifyMismatchError, InvalidHashError):
        return False
    return password_hash is not None


def _normal(password: str) -> str:
    """The same however a keyboard makes its letters: one sends `ü` as a letter, another as `u` with a mark (RFC 8265,
    section 4.2.2)."""
    return unicodedata.normalize("NFC", password)


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


_NOBODYS = hash_password(new_secret())
