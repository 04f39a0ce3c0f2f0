"""The view of all credentials: from the hash of a secret, or a user's id, to what it opens. Kept in memory."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from flagkeeper.eventlog.catalogue import Concern, types_for
from flagkeeper.eventlog.follow import Wants
from flagkeeper.eventlog.read import LogEvent, LogPosition
from flagkeeper.features.tokens.model import hash_of
from flagkeeper.http.access import Access
from flagkeeper.http.caller import Credential, Kind
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.readmodels.credentials import roles, rows
from flagkeeper.readmodels.credentials.roles import Roles
from flagkeeper.storage.transaction import Transaction


class Uses(Protocol):
    """Is told of every use of a token."""

    def note(self, secret_hash: str) -> None: ...


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known at one position of the log."""

    roles: Roles = Roles()
    tokens: Mapping[str, Credential] = {}
    pats: Mapping[str, rows.Pat] = {}


_OF_ROLES = types_for(Concern.ROLES) | types_for(Concern.PROJECTS) | types_for(Concern.USERS)
_OF_TOKENS, _OF_PATS = types_for(Concern.API_TOKENS), types_for(Concern.PERSONAL_TOKENS)


class CredentialView:
    """Every API token, personal access token and user, and what they may do.

    Of users, groups, roles and projects what an event tells of is read again, and no more. Tokens are read again as a
    whole: such events are rare, and 2,000 tokens are read in some 10 ms.
    """

    name = "credentials"
    wants = Wants(types=_OF_ROLES | _OF_TOKENS | _OF_PATS)

    def __init__(self, uses: Uses) -> None:
        self._uses = uses
        self.known = Known()
        """Replaced as a whole, never changed."""
        self._accesses: tuple[Roles, dict[int, Access | None]] = (self.known.roles, {})
        """What has been put together for those who came since the roles last changed."""
        self._by_id: tuple[Mapping[str, Credential], Mapping[str, Credential]] = ({}, {})
        """API tokens by the hash of their secret, and the same ones by id."""

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

    def of_token(self, token_id: str) -> Credential | None:
        """An API token that is valid now, by its id. That is no use of it: nobody has shown it."""
        tokens, by_id = self.known.tokens, self._by_id
        if by_id[0] is not tokens:
            by_id = self._by_id = tokens, {str(each.id): each for each in tokens.values()}
        found = by_id[1].get(token_id)
        if found is None or (found.expires_at is not None and found.expires_at <= clock.now()):
            return None
        return found

    def of_user(self, user_id: int) -> Credential | None:
        return self._of_user(user_id, None)

    def access_of(self, user_id: int) -> Access | None:
        """What somebody may do. None: there is nobody with this id."""
        roles = self.known.roles
        of, accesses = self._accesses
        if of is not roles:
            accesses = {}
            self._accesses = roles, accesses
        if user_id not in accesses:
            accesses[user_id] = roles.access_of(user_id)
        return accesses[user_id]

    def _of_user(self, user_id: int, expires_at: Millis | None, pat_id: str | None = None) -> Credential | None:
        user, access = self.known.roles.users.get(user_id), self.access_of(user_id)
        if user is None or access is None:
            return None
        return Credential(
            kind=Kind.USER, id=pat_id, name=user.name, user_id=user_id, access=access, expires_at=expires_at
        )

    def load(self, tx: Transaction, _position: LogPosition) -> None:
        self.known = Known(roles=roles.load(tx), tokens=rows.tokens(tx), pats=rows.pats(tx))

    def apply(self, tx: Transaction, batch: Sequence[LogEvent], _position: LogPosition) -> None:
        happened = {event.type for event in batch}
        known = self.known
        if subjects := {event.subject for event in batch if event.type in _OF_ROLES}:
            known = msgspec.structs.replace(known, roles=known.roles.after(tx, subjects))
        if not _OF_TOKENS.isdisjoint(happened):
            known = msgspec.structs.replace(known, tokens=rows.tokens(tx))
        if not _OF_PATS.isdisjoint(happened):
            known = msgspec.structs.replace(known, pats=rows.pats(tx))
        self.known = known
