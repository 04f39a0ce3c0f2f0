"""Reading what the playground evaluates."""

from collections.abc import Mapping, Sequence

import msgspec

from flagkeeper.eventlog.query import Visibility
from flagkeeper.features.access.model import is_hidden
from flagkeeper.features.environments.queries import environments_among
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.relations import Dependency
from flagkeeper.features.flags.queries.relations import relations_of_flags
from flagkeeper.features.flags.queries.states import states_in_use
from flagkeeper.features.projects.queries import all_projects
from flagkeeper.features.segments.model import Segment
from flagkeeper.features.segments.queries import all_segments
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.storage.transaction import Transaction


class Scene(msgspec.Struct, frozen=True):
    """All that decides who gets the flags of some projects in some environments."""

    flags: Sequence[tuple[Flag, Mapping[str, FlagEnvironment]]]
    segments: Mapping[int, Segment]
    dependencies: Mapping[str, Sequence[Dependency]]
    """By flag."""


def scene(
    tx: Transaction, projects: Sequence[str] | None, environments: Sequence[str], visibility: Visibility
) -> Scene:
    """The flags of those of `projects` (None: of all) of which the reader may know.

    Raises:
        BadData: there is no such environment.
    """
    known = {each.name for each in environments_among(tx, list(environments))}
    if missing := [each for each in environments if each not in known]:
        message = f"There is no environment called {missing[0]!r}."
        raise BadData(message, Detail(message, "/body/environment"))
    visible = [each.id for each in all_projects(tx) if not is_hidden(each.id, visibility)]
    wanted = visible if projects is None else [each for each in visible if each in set(projects)]
    flags = states_in_use(tx, wanted, environments)
    relations = relations_of_flags(tx, [flag.name for flag, _ in flags])
    return Scene(
        flags,
        {each.id: each for each in all_segments(tx)},
        {name: found.dependencies for name, found in relations.items()},
    )
