"""Taking flags out of use, bringing them back, and deleting them for good."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature import FeatureArchived, FeatureDeleted, FeatureRevived
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone
from flagkeeper.features.flags.commands.dependencies import drop
from flagkeeper.features.flags.commands.lifecycle import take_back
from flagkeeper.features.flags.model.environment import gone_from, states_of
from flagkeeper.features.flags.model.favorite import FavoriteFlagState
from flagkeeper.features.flags.model.flag import Flag, FlagState
from flagkeeper.features.flags.model.relations import check_archive
from flagkeeper.features.flags.store import environments, favorites, flags, relations, stages, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.kernel.clock import Millis, to_iso
from flagkeeper.kernel.errors import BadData


def archive(unit: Unit, project: str, name: str, at: Millis | None = None) -> None:
    """A flag in the archive depends on nothing. Does nothing for a flag that is archived already. `at` restores since
    when it was; without it, now.

    Raises:
        NotFound: there is no such flag in the project.
        InvalidOperation: other flags depend on it.
        BadData: it did not exist at that time, or that time is still to come.
    """
    flag = flags.load(unit.tx, name, project)
    since = at or flag.archived_at or unit.now
    if flag.archived_at == since:
        return
    if not flag.created_at <= since <= unit.now:
        raise BadData(f"The flag {name!r} cannot have been archived at {to_iso(since)}.")
    check_archive([name] if relations.children_of(unit.tx, name) else [])
    own = drop(unit, flag, relations.relations_of(unit.tx, name))
    archived = replace(flag, archived_at=since)
    flags.save(unit.tx, archived)
    unit.record(FeatureArchived(feature_name=name, project=project), archived.state(tags.tags_of(unit.tx, name), own))


def revive(unit: Unit, project: str, name: str) -> None:
    """The flag comes back switched off everywhere, and its life begins again. Does nothing for a flag that is in use.

    Raises:
        NotFound: there is no such flag in the project, or the project itself is archived.
    """
    projects.lock_shared(unit.tx, project)
    flag = flags.load(unit.tx, name, project)
    if flag.archived_at is None:
        return
    own = take_back(unit, flag, relations.relations_of(unit.tx, name))
    stages.begin_again(unit.tx, name, unit.now)
    revived = replace(flag, archived_at=None)
    flags.save(unit.tx, revived)
    states = environments.load_all(unit.tx, name)
    for environment, state in states.items():
        if state.enabled:
            environments.switch(unit.tx, name, environment, enabled=False)
    off = {environment: state.switched(False) for environment, state in states.items()}
    unit.record(
        FeatureRevived(feature_name=name, project=project),
        revived.state(tags.tags_of(unit.tx, name), own),
        also=states_of(name, project, off),
    )


def delete(unit: Unit, project: str, name: str) -> None:
    """Deletes an archived flag for good; does nothing for any other, nor for one that does not exist."""
    flag = flags.find(unit.tx, name)
    if flag is None or flag.project != project or flag.archived_at is None:
        return
    remove(unit, flag)


def delete_of_project(unit: Unit, project: str, most: int) -> int:
    """Deletes at most so many archived flags of a project that is being deleted, for good; returns how many."""
    names = flags.names_of_project(unit.tx, project)[:most]
    for name in names:
        remove(unit, flags.load(unit.tx, name, project))
    return len(names)


def remove(unit: Unit, flag: Flag) -> None:
    """Deletes a flag that the unit has locked, with all that hangs on it."""
    own = tags.tags_of(unit.tx, flag.name)
    payload = flag.payload(flags.rollup(unit.tx, flag.name))
    states = environments.load_all(unit.tx, flag.name)
    gone = gone_from(flag.name, states)
    if favorites.users_of(unit.tx, flag.name):
        gone[f"favorite-flag/{flag.name}"] = Gone(FavoriteFlagState)
        favorites.remove_all(unit.tx, flag.name)
    flags.remove(unit.tx, flag.name)
    unit.record(
        FeatureDeleted(feature_name=flag.name, project=flag.project, pre_data=payload, tags=tuple(own)),
        Gone(FlagState),
        also=gone,
    )
