"""The view of all credentials: from the hash of a secret, or a user's id, to what it opens. Kept in memory."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from flagkeeper.eventlog.catalogue import EVENTS
from flagkeeper.eventlog.follow import LogEvent, Wants
from flagkeeper.eventlog.read import Epoch
from flagkeeper.features.tokens.model import hash_of
from flagkeeper.http.caller import Credential
from flagkeeper.kernel import clock
from flagkeeper.readmodels.credentials import rows
from flagkeeper.storage.transaction import Transaction

_USERS = ("user-", "role-", "project-access-", "project-deleted")
_TOKENS = ("api-token-",)
_PATS = ("pat-",)


class Uses(Protocol):
    """Is told of every use of a token."""

    def note(self, secret_hash: str) -> None: ...


class CredentialView:
    """Every API token, personal access token and user, and what they may do.

    What an event may have changed is read again from the tables, a whole kind at a time: such events are rare, and
    2,000 tokens are read in some 10 ms.
    """

    name = "credentials"
    wants = Wants(types=frozenset(name for name in EVENTS if name.startswith((*_USERS, *_TOKENS, *_PATS))))

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self._tokens: dict[str, Credential] = {}
        self._pats: dict[str, rows.Pat] = {}
        self._users: dict[int, Credential] = {}

    def find(self, secret: str) -> Credential | None:
        """The credential behind a token of any kind that is valid now."""
        secret_hash = hash_of(secret)
        found = self._tokens.get(secret_hash)
        if found is None and (pat := self._pats.get(secret_hash)):
            owner = self._users.get(pat.user_id)
            found = msgspec.structs.replace(owner, expires_at=pat.expires_at) if owner else None
        if found is None or (found.expires_at is not None and found.expires_at <= clock.now()):
            return None
        self._uses.note(secret_hash)
        return found

    def of_user(self, user_id: int) -> Credential | None:
        return self._users.get(user_id)

    def load(self, tx: Transaction, _position: Epoch) -> None:
        self._users = rows.users(tx)
        self._tokens = rows.tokens(tx)
        self._pats = rows.pats(tx)

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], _position: Epoch) -> None:
        if any(event.type.startswith(_USERS) for event in batch):
            self._users = rows.users(tx)
        if any(event.type.startswith(_TOKENS) for event in batch):
            self._tokens = rows.tokens(tx)
        if any(event.type.startswith(_PATS) for event in batch):
            self._pats = rows.pats(tx)
