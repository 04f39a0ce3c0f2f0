"""What flags ask of other flags. A parent has no parents, and who has children is no child: one level, no circle."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature_relation import (
    DependenciesData,
    FeatureDependenciesRemoved,
    FeatureDependencyAdded,
    FeatureDependencyRemoved,
    ParentData,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.model.relations import Dependency, DependencyDraft, Relations, check_new_dependency
from flagkeeper.features.flags.store import flags, relations, tags
from flagkeeper.kernel.errors import InvalidOperation


def add(unit: Unit, project: str, name: str, draft: DependencyDraft) -> None:
    """Makes a flag depend on another one, or changes how it does: then the old dependency is removed first.

    Raises:
        NotFound, FlagArchived: for the flag.
        BadData: a variant cannot be.
        InvalidOperation: the parent is not there, or there would be a chain or a circle.
        LimitExceeded: the flag has as many parents as it may have.
    """
    flag = flags.load_active(unit.tx, name, project)
    wanted, own = draft.dependency(), relations.relations_of(unit.tx, name)
    old = own.dependency(wanted.feature)
    if wanted == old:
        return
    demand_possible(unit, flag, wanted, own)
    if old is not None:
        own = _remove(unit, flag, own, old)
    relations.save_dependency(unit.tx, name, wanted)
    unit.record(
        FeatureDependencyAdded(feature_name=name, project=project, data=wanted.payload()),
        flag.state(tags.tags_of(unit.tx, name), own.with_dependency(wanted)),
    )


def remove(unit: Unit, project: str, name: str, parent: str) -> None:
    """Does nothing when the flag does not depend on the parent. Raises `NotFound` or `FlagArchived`."""
    flag = flags.load_active(unit.tx, name, project)
    own = relations.relations_of(unit.tx, name)
    old = own.dependency(parent)
    if old is not None:
        _remove(unit, flag, own, old)


def remove_all(unit: Unit, project: str, name: str) -> None:
    """Does nothing for a flag without dependencies. Raises `NotFound` or `FlagArchived`."""
    drop(unit, flags.load_active(unit.tx, name, project), relations.relations_of(unit.tx, name))


def drop(unit: Unit, flag: Flag, own: Relations) -> Relations:
    """Removes all dependencies of a flag, which is locked. Returns what is left of its relations."""
    if not own.dependencies:
        return own
    for dependency in own.dependencies:
        relations.remove_dependency(unit.tx, flag.name, dependency.feature)
    left = replace(own, dependencies=[])
    old = [dependency.payload() for dependency in own.dependencies]
    unit.record(
        FeatureDependenciesRemoved(
            feature_name=flag.name, project=flag.project, pre_data=DependenciesData(dependencies=old)
        ),
        flag.state(tags.tags_of(unit.tx, flag.name), left),
    )
    return left


def demand_possible(unit: Unit, flag: Flag, wanted: Dependency, own: Relations) -> None:
    """Locks the parent. Raises what `add` does for it."""
    parent = flags.find(unit.tx, wanted.feature)
    check_new_dependency(
        flag.name,
        wanted,
        own,
        parents=relations.has_parents(unit.tx, wanted.feature),
        children=bool(relations.children_of(unit.tx, flag.name)),
    )
    if parent is None or parent.project != flag.project:
        raise InvalidOperation(f"There is no flag {wanted.feature!r} in the project {flag.project!r}. Choose another.")
    if parent.archived_at is not None:
        raise InvalidOperation(f"The flag {wanted.feature!r} is archived. Revive it first, or choose another.")


def _remove(unit: Unit, flag: Flag, own: Relations, old: Dependency) -> Relations:
    relations.remove_dependency(unit.tx, flag.name, old.feature)
    left = own.without_dependency(old.feature)
    unit.record(
        FeatureDependencyRemoved(
            feature_name=flag.name, project=flag.project, data=ParentData(feature=old.feature), pre_data=old.payload()
        ),
        flag.state(tags.tags_of(unit.tx, flag.name), left),
    )
    return left
