"""What users must ask higher slices; the composition root wires the answer."""

from typing import Protocol, runtime_checkable

from flagkeeper.eventlog.unit import Unit


@runtime_checkable
class TokensOfUser(Protocol):
    """Revokes the personal access tokens of a user who is being deleted, and records it."""

    def __call__(self, unit: Unit, user_id: int) -> None: ...


@runtime_checkable
class SearchesOfUser(Protocol):
    """Deletes the private searches of a user who is being deleted, leaves the shared ones to nobody, and records it."""

    def __call__(self, unit: Unit, user_id: int) -> None: ...
