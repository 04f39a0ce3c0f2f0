"""Issuing tokens to Edge. A secret is derived, so that it can be told again without being kept."""

from collections.abc import Sequence

import msgspec

from flagkeeper.eventlog.query import EVERYTHING
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.edge import store
from flagkeeper.features.edge.model import TOLERANCE, Wanted, key_of, secret_of
from flagkeeper.features.tokens import commands as tokens
from flagkeeper.features.tokens import queries as known
from flagkeeper.features.tokens.model import ApiToken, TokenDraft
from flagkeeper.kernel.errors import BadCredentials
from flagkeeper.kernel.ids import new_secret


class Issued(msgspec.Struct, frozen=True):
    token: ApiToken
    secret: str


def issue(unit: Unit, nonce: str, wanted: Sequence[Wanted], shared: str) -> list[Issued]:
    """The tokens that are wanted: those that were issued before, and new ones where there is none (any more).

    Raises:
        BadCredentials: the request was taken in before.
        BadData: there is no such environment or project.
        LimitExceeded: there are too many tokens already.
    """
    if not store.take_nonce(unit.tx, nonce, unit.now, unit.now - 2 * TOLERANCE):
        raise BadCredentials("This request was sent before.")
    return [_issued(unit, each.draft(), shared) for each in wanted]


def _issued(unit: Unit, draft: TokenDraft, shared: str) -> Issued:
    projects = key_of(draft.projects)
    found = store.find(unit.tx, draft.environment, projects)
    if found is not None:
        secret = secret_of(draft, found[1], shared)
        token = known.find(unit.tx, secret, EVERYTHING)
        if token is not None and token.id == found[0] and (token.expires_at is None or token.expires_at > unit.now):
            return Issued(token, secret)
    salt = new_secret()
    token, secret = tokens.create(unit, draft, secret_of(draft, salt, shared))
    store.save(unit.tx, draft.environment, projects, token.id, salt)
    return Issued(token, secret)
