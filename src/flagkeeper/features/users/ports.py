"""What users must ask higher slices; the slice there answers."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.unit import Unit
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class TokensOfUser(Protocol):
    """Revokes the personal access tokens of a user who is being deleted, and records it."""

    def __call__(self, unit: Unit, user_id: int) -> None: ...


@runtime_checkable
class SearchesOfUser(Protocol):
    """Deletes the private searches of a user who is being deleted, leaves the shared ones to nobody, and records it."""

    def __call__(self, unit: Unit, user_id: int) -> None: ...


@runtime_checkable
class GroupsOfUser(Protocol):
    """Takes a user who is being deleted out of all groups, and records it."""

    def __call__(self, unit: Unit, user_id: int) -> None: ...


@runtime_checkable
class PatsSeen(Protocol):
    """When a personal access token of each user was last used, by the user's id; without those of whom none was."""

    def __call__(self, tx: Transaction) -> Mapping[int, Millis]: ...


PATS_SEEN = Port[PatsSeen]("pats_seen")
TOKENS_OF_USER = Port[TokensOfUser]("tokens_of_user")
GROUPS_OF_USER = Port[GroupsOfUser]("groups_of_user")
SEARCHES_OF_USER = Port[SearchesOfUser]("searches_of_user")
