"""What environments must ask higher slices; the composition root wires the answers."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class CountByEnvironment(Protocol):
    """Counts things of one kind that belong to environments."""

    def __call__(self, tx: Transaction, project: str | None) -> Mapping[str, int]:
        """By environment, in all projects or in one; an environment that has none may be left out."""
        ...


class EnvironmentUses(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is counted per environment."""

    projects: CountByEnvironment
    tokens: CountByEnvironment
    """SDK tokens that read the environment (of one project: that read it, or every project)."""
    enabled_flags: CountByEnvironment
    """Flags that are switched on in it; archived ones do not count."""
