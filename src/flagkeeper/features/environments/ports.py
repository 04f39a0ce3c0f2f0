"""What environments must ask higher slices; the slices there answer."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.eventlog.step import Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments.model import EnvironmentDraft
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


@runtime_checkable
class CountByEnvironment(Protocol):
    """Counts things of one kind that belong to environments."""

    def __call__(self, tx: Transaction, project: str | None, visibility: Visibility) -> Mapping[str, int]:
        """By environment, in all projects of which the reader may know or in one; an environment that has none may be
        left out."""
        ...


class EnvironmentCopy(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be copied into a new environment, or is still to be."""

    source: str
    name: str
    draft: EnvironmentDraft | None
    """What the new one is to be; None: it is there by now."""
    projects: list[str] | None
    """Those that get it; None: all that have the source."""
    permissions: bool
    """Whether roles may do in the new one what they may do in the source."""
    after: str = ""
    """The last flag of the first of `projects` that was copied."""


@runtime_checkable
class EnvironmentProjects(Protocol):
    """Gives projects an environment, and takes it away from them, piece by piece; archived ones too."""

    def having(self, unit: Unit, environment: str) -> list[str]:
        """The ids of those that have it."""
        ...

    def copy(self, unit: Unit, order: EnvironmentCopy, ports: Ports) -> EnvironmentCopy | None:
        """Does some of it: projects get the environment, with the default strategy and the state of flags of the other
        one. Returns what is left. None: nothing."""
        ...

    def take_away(self, unit: Unit, environment: str, most: int, ports: Ports) -> int:
        """Takes what projects have in an environment, about `most` of it, and records that. Returns how much; less than
        `most`: there is no more.

        Raises:
            Conflict: it is the only one that a project has.
        """
        ...


@runtime_checkable
class TokensOfEnvironment(Protocol):
    """Revokes the tokens of an environment that is being deleted."""

    def __call__(self, unit: Unit, environment: str, most: int, /) -> int:
        """Revokes at most so many. Returns how many; fewer than `most`: there are no more."""
        ...


class EnvironmentUses(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is counted per environment."""

    projects: CountByEnvironment
    tokens: CountByEnvironment
    """SDK tokens that read the environment (of one project: that read it, or every project)."""
    enabled_flags: CountByEnvironment
    """Flags that are switched on in it; archived ones do not count."""
    in_projects: EnvironmentProjects
    """Which projects have it, archived ones too: those are not counted."""


PROJECTS_BY_ENVIRONMENT = Port[CountByEnvironment]("projects_by_environment")
TOKENS_BY_ENVIRONMENT = Port[CountByEnvironment]("tokens_by_environment")
ENABLED_FLAGS_BY_ENVIRONMENT = Port[CountByEnvironment]("enabled_flags_by_environment")
ENVIRONMENT_PROJECTS = Port[EnvironmentProjects]("environment_projects")
TOKENS_OF_ENVIRONMENT = Port[TokensOfEnvironment]("tokens_of_environment")


def uses_of(ports: Ports) -> EnvironmentUses:
    """What is counted, as the slices there answer."""
    return EnvironmentUses(
        projects=ports.answer(PROJECTS_BY_ENVIRONMENT),
        tokens=ports.answer(TOKENS_BY_ENVIRONMENT),
        enabled_flags=ports.answer(ENABLED_FLAGS_BY_ENVIRONMENT),
        in_projects=ports.answer(ENVIRONMENT_PROJECTS),
    )
