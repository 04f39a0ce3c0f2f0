"""Taking flags out of use, bringing them back, and deleting them for good."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature import FeatureArchived, FeatureDeleted, FeatureRevived
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.flag import FlagState
from flagkeeper.features.flags.store import environments, flags, tags
from flagkeeper.features.projects import queries as projects


def archive(unit: Unit, project: str, name: str) -> None:
    """Does nothing for a flag that is archived already.

    Raises:
        NotFound: there is no such flag in the project.
    """
    flag = flags.load(unit.tx, name, project)
    if flag.archived_at is not None:
        return
    archived = replace(flag, archived_at=unit.now)
    flags.save(unit.tx, archived)
    unit.record(FeatureArchived(feature_name=name, project=project), archived.state(tags.tags_of(unit.tx, name)))


def revive(unit: Unit, project: str, name: str) -> None:
    """The flag comes back switched off everywhere. Does nothing for a flag that is in use.

    Raises:
        NotFound: there is no such flag in the project, or the project itself is archived.
    """
    projects.lock_shared(unit.tx, project)
    flag = flags.load(unit.tx, name, project)
    if flag.archived_at is None:
        return
    revived = replace(flag, archived_at=None)
    flags.save(unit.tx, revived)
    states = environments.load_all(unit.tx, name)
    for environment, state in states.items():
        if state.enabled:
            environments.switch(unit.tx, name, environment, enabled=False)
    off = {environment: state.switched(False) for environment, state in states.items()}
    unit.record(FeatureRevived(feature_name=name, project=project), revived.state(tags.tags_of(unit.tx, name), off))


def delete(unit: Unit, project: str, name: str) -> None:
    """Deletes an archived flag for good; does nothing for any other, nor for one that does not exist (facts:
    platform-model.md, section 2)."""
    flag = flags.find(unit.tx, name)
    if flag is None or flag.project != project or flag.archived_at is None:
        return
    own = tags.tags_of(unit.tx, name)
    payload = flag.payload(flags.rollup(unit.tx, name))
    flags.remove(unit.tx, name)
    unit.record(
        FeatureDeleted(
            feature_name=name, project=project, pre_data=payload, tags=tuple(Tag(tag.type, tag.value) for tag in own)
        ),
        FlagState(flag=None, tags=[], environments={}),
    )
