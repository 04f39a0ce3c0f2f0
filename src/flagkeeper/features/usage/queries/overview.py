"""What an application reads, and what is wrong with it."""

import msgspec
from sqlalchemy import bindparam, select

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import hidden_projects
from flagkeeper.features.strategies.queries import all_strategies
from flagkeeper.features.usage.model import is_outdated
from flagkeeper.features.usage.queries.applications import Instance, application
from flagkeeper.features.usage.queries.unknown import NOT_HIDDEN_NOR_KNOWN
from flagkeeper.features.usage.tables import unknown_flags
from flagkeeper.kernel import clock
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class PlaceOverview(msgspec.Struct, frozen=True):
    """An application in an environment."""

    name: str
    instances: list[Instance]
    missing_flags: list[str]
    """Flags that it asked for, and nobody has created."""

    @property
    def last_seen_at(self) -> clock.Millis | None:
        return max((each.seen_at for each in self.instances), default=None)

    def sdks(self, *kinds: str) -> list[str]:
        """The SDKs, `name:version`, of these kinds (`frontend`, `backend`)."""
        return sorted({each.sdk_version for each in self.instances if each.sdk_version and each.sdk_type in kinds})

    @property
    def outdated_sdks(self) -> list[str]:
        return [each for each in self.sdks("frontend", "backend") if is_outdated(each)]


class Overview(msgspec.Struct, frozen=True):
    projects: list[str]
    flags: int
    """How many it reported."""
    places: list[PlaceOverview]
    missing_strategies: list[str]
    """Those that it can evaluate, and that nobody has defined here."""


_MISSING = Query(
    select(unknown_flags.c.environment, unknown_flags.c.name)
    .where(unknown_flags.c.app_name == bindparam("name"), NOT_HIDDEN_NOR_KNOWN)
    .order_by(unknown_flags.c.name),
    lambda environment, name: (str(environment), str(name)),
)


def overview(tx: Transaction, name: str, visibility: Visibility) -> Overview:
    """In the environments in which it reads a project of which the reader may know.

    Raises:
        NotFound: there is no such application, or it reads nothing but hidden projects.
    """
    found, uses, instances, flags = application(tx, name, visibility)
    defined = {each.name for each in all_strategies(tx)}
    missing = tx.all(_MISSING, name=name, hidden=sorted(hidden_projects(visibility)))
    return Overview(
        projects=list(dict.fromkeys(use.project for use in uses)),
        flags=len(flags),
        places=[
            PlaceOverview(
                environment,
                [each for each in instances if each.environment == environment],
                [flag for place, flag in missing if place == environment],
            )
            for environment in sorted({use.environment for use in uses})
        ],
        missing_strategies=[
            each for each in msgspec.json.decode(found.strategies, type=list[str]) if each not in defined
        ],
    )
