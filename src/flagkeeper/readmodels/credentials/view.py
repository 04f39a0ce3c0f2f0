"""The view of all credentials: from the hash of a secret, or a user's id, to what it opens. Kept in memory."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from flagkeeper.eventlog.catalogue import Concern, types_for
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.features.tokens.model import hash_of
from flagkeeper.http.access import Access, Allowed, Projects
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.credentials import rows
from flagkeeper.storage.transaction import Transaction


class Uses(Protocol):
    """Is told of every use of a token."""

    def note(self, secret_hash: str) -> None: ...


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known at one position of the log."""

    roles: Mapping[int, Allowed] = {}
    projects: Projects = Projects()
    users: Mapping[int, rows.User] = {}
    tokens: Mapping[str, Credential] = {}
    pats: Mapping[str, rows.Pat] = {}


_READ: Mapping[str, tuple[frozenset[str], Callable[[Transaction], Any]]] = {
    "roles": (types_for(Concern.ROLES), rows.roles),
    "projects": (types_for(Concern.PROJECTS), rows.projects),
    "users": (types_for(Concern.USERS), rows.users),
    "tokens": (types_for(Concern.API_TOKENS), rows.tokens),
    "pats": (types_for(Concern.PERSONAL_TOKENS), rows.pats),
}
"""By field of `Known`: the types of events that may change it, and how it is read."""


class CredentialView:
    """Every API token, personal access token and user, and what they may do.

    What an event may have changed is read again from the tables, a whole kind at a time: such events are rare, and
    2,000 tokens are read in some 10 ms.
    """

    name = "credentials"
    wants = Wants(types=frozenset().union(*(types for types, _ in _READ.values())))

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self.known = Known()
        """Replaced as a whole, never changed."""

    def find(self, secret: str) -> Credential | None:
        """The credential behind a token of any kind that is valid now."""
        secret_hash = hash_of(secret)
        found = self.known.tokens.get(secret_hash)
        if found is None and (pat := self.known.pats.get(secret_hash)):
            found = self._of_user(pat.user_id, pat.expires_at, str(pat.id))
        if found is None or (found.expires_at is not None and found.expires_at <= clock.now()):
            return None
        self._uses.note(secret_hash)
        return found

    def of_user(self, user_id: int) -> Credential | None:
        return self._of_user(user_id, None)

    def _of_user(self, user_id: int, expires_at: Millis | None, pat_id: str | None = None) -> Credential | None:
        known = self.known
        user = known.users.get(user_id)
        if user is None:
            return None
        access = Access(root=user.root_role, members=user.members, roles=known.roles, projects=known.projects)
        return Credential(
            kind=Kind.USER, id=pat_id, name=user.name, user_id=user_id, access=access, expires_at=expires_at
        )

    def load(self, tx: Transaction, _position: LogPosition) -> None:
        self.known = Known(**{field: read(tx) for field, (_, read) in _READ.items()})

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], _position: LogPosition) -> None:
        happened = {event.type for event in batch}
        changed = {field: read(tx) for field, (types, read) in _READ.items() if not types.isdisjoint(happened)}
        if changed:
            self.known = msgspec.structs.replace(self.known, **changed)
