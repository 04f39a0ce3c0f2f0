"""What environments must ask higher slices; the slices there answer."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class CountByEnvironment(Protocol):
    """Counts things of one kind that belong to environments."""

    def __call__(self, tx: Transaction, project: str | None, visibility: Visibility) -> Mapping[str, int]:
        """By environment, in all projects of which the reader may know or in one; an environment that has none may be
        left out."""
        ...


class EnvironmentUses(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is counted per environment."""

    projects: CountByEnvironment
    tokens: CountByEnvironment
    """SDK tokens that read the environment (of one project: that read it, or every project)."""
    enabled_flags: CountByEnvironment
    """Flags that are switched on in it; archived ones do not count."""


PROJECTS_BY_ENVIRONMENT = Port[CountByEnvironment]("projects_by_environment")
TOKENS_BY_ENVIRONMENT = Port[CountByEnvironment]("tokens_by_environment")
ENABLED_FLAGS_BY_ENVIRONMENT = Port[CountByEnvironment]("enabled_flags_by_environment")
