"""What projects must ask the flags; the slices there answer."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import msgspec

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import State
from flagkeeper.kernel import clock
from flagkeeper.kernel.port import Port
from flagkeeper.storage.transaction import Transaction


class FlagCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The flags of a project, by their state; archived ones count nowhere else."""

    active: int = 0
    """All that are not archived, stale or not."""
    stale: int = 0
    potentially_stale: int = 0
    """Past their expected lifetime, and not marked as stale."""
    archived: int = 0
    last_seen_at: clock.Millis | None = None
    """When an SDK last reported that it asked for any of them."""


@runtime_checkable
class ProjectFlags(Protocol):
    """Knows the flags of projects."""

    def __call__(self, tx: Transaction, projects: list[str]) -> Mapping[str, FlagCounts]:
        """By project; one without flags may be left out."""
        ...


@runtime_checkable
class FlagEnvironments(Protocol):
    """Gives the flags of a project a state in an environment, and takes it away. The project is locked meanwhile."""

    def attach(self, unit: Unit, project: str, environment: str) -> Mapping[str, State]:
        """Every flag of the project, archived ones too, gets the environment: switched off, without strategies.
        Returns the versions of all these, by subject."""
        ...

    def detach(self, unit: Unit, project: str, environment: str) -> Mapping[str, State]:
        """Every flag of the project, archived ones too, loses the environment with all its strategies there, and the
        log says what was lost. Returns the versions of all these, by subject."""
        ...


@runtime_checkable
class StrategyRules(Protocol):
    """Checks strategies as flags have them."""

    def __call__(self, tx: Transaction, project: str, strategy: DefaultStrategyData) -> DefaultStrategyData:
        """The strategy as it is to be kept: parameters as the API knows them, weights of variants made to add up.

        Raises:
            BadData: constraints, parameters, variants or segments break a rule of strategies.
            NotFound: there is no such segment.
        """
        ...


@runtime_checkable
class ThingsOfProject(Protocol):
    """Deletes what a project has of one kind, piece by piece, because the project is being deleted."""

    def __call__(self, unit: Unit, project: str, most: int, /) -> int:
        """Deletes at most `most` of them, and records that. Returns how many; fewer than `most`: there are no more."""
        ...


PROJECT_FLAGS = Port[ProjectFlags]("project_flags")
FLAG_ENVIRONMENTS = Port[FlagEnvironments]("flag_environments")
STRATEGY_RULES = Port[StrategyRules]("strategy_rules")
FLAGS_OF_PROJECT = Port[ThingsOfProject]("flags_of_project")
TOKENS_OF_PROJECT = Port[ThingsOfProject]("tokens_of_project")
SEGMENTS_OF_PROJECT = Port[ThingsOfProject]("segments_of_project")
FIELDS_OF_PROJECT = Port[ThingsOfProject]("fields_of_project")
USE_OF_PROJECT = Port[ThingsOfProject]("use_of_project")
"""What is known of the use of a project is no change of anybody's: it is forgotten, and nothing is recorded."""
THINGS_OF_PROJECT = (FLAGS_OF_PROJECT, TOKENS_OF_PROJECT, SEGMENTS_OF_PROJECT, FIELDS_OF_PROJECT, USE_OF_PROJECT)
"""In the order in which they go: what uses others goes before them."""
