"""Making flags: new ones, and copies of others."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.feature import FeatureCreated
from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment
from flagkeeper.features.flags.model.flag import (
    Flag,
    FlagDraft,
    check_metadata,
    check_name,
    check_naming,
    roll_up,
)
from flagkeeper.features.flags.store import environments, flags, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.projects.model import Project
from flagkeeper.features.tags.commands import ensure_tag
from flagkeeper.kernel.errors import LimitExceeded, NameExists
from flagkeeper.kernel.ids import new_ulid


def create(unit: Unit, project_id: str, draft: FlagDraft) -> Flag:
    """Makes a flag that is off in every environment of its project.

    Raises:
        NotFound: there is no such project.
        BadData, PatternMismatch: name, type or a tag break a rule.
        NameExists: also an archived flag keeps its name.
        LimitExceeded: there are too many flags already.
    """
    check_name(draft.name)
    check_metadata(draft.type, draft.description)
    project = _room_for(unit, project_id, draft.name)
    given = sorted({(tag.type, tag.value) for tag in draft.tags})
    own = [ensure_tag(unit, TagData(type=type_, value=value), draft.name) for type_, value in given]
    flag = _flag(unit, project, draft.name, draft.type, draft.description, draft.impression_data)
    states = {environment.name: OFF for environment in projects.environments_of(unit.tx, project_id)}
    _add(unit, flag, own, states)
    return flag


def clone(unit: Unit, project_id: str, source_name: str, name: str, *, replace_group_id: bool = True) -> Flag:
    """Makes a flag with the strategies and variants of another one, off in every environment. Where strategies picked
    users by the name of the source as their group, they use the new name, unless `replace_group_id` is off.

    Raises:
        NotFound, FlagArchived: for the source.
        BadData, PatternMismatch, NameExists, LimitExceeded: as `create`.
    """
    check_name(name)
    project = _room_for(unit, project_id, name)
    source = flags.load_active(unit.tx, source_name, project_id)
    states = environments.load_all(unit.tx, source_name)
    flag = _flag(unit, project, name, source.type, source.description, source.impression_data)
    bare = {environment: replace(OFF, variants=state.variants) for environment, state in states.items()}
    _add(unit, flag, [], bare)
    for environment, state in states.items():
        editor = Editor(unit, flag, environment, bare[environment])
        for strategy in _copies(state.strategies, name if replace_group_id else None):
            editor.add(strategy)
    return flag


def _room_for(unit: Unit, project_id: str, name: str) -> Project:
    """The project, locked, which has room for a flag of this name."""
    project = projects.lock_shared(unit.tx, project_id)
    check_naming(name, project.feature_naming.pattern)
    most = unit.limits.feature_flags
    if flags.are_as_many_as(unit.tx, most):
        raise LimitExceeded(f"There are {most} flags already, which is the limit. Archive some first.")
    if project.feature_limit is not None and flags.count(unit.tx, project_id) >= project.feature_limit:
        raise LimitExceeded(f"The project allows {project.feature_limit} flags and has them. Archive some first.")
    return project


def _flag(unit: Unit, project: Project, name: str, type_: str, description: str | None, impression_data: bool) -> Flag:
    return Flag(
        name=name,
        project=project.id,
        type=type_,
        description=description,
        stale=False,
        potentially_stale=False,
        impression_data=impression_data,
        created_at=unit.now,
        created_by=unit.actor.name,
        created_by_user_id=unit.actor.user_id,
        archived_at=None,
    )


def _add(unit: Unit, flag: Flag, own: list[TagData], states: dict[str, FlagEnvironment]) -> None:
    """Stores a new flag with its tags, which the event shows already."""
    if not flags.add(unit.tx, flag):
        raise NameExists(f"There is a flag called {flag.name!r} already, perhaps in the archive.")
    environments.add(unit.tx, flag.name, states)
    for tag in own:
        tags.add(unit.tx, flag.name, tag)
    unit.record(
        FeatureCreated(feature_name=flag.name, project=flag.project, data=flag.payload(roll_up(states))),
        flag.state(own, states),
    )


def _copies(strategies: list[StrategyData], group_id: str | None) -> list[StrategyData]:
    """The same strategies under new ids that rise in their order."""
    copies = []
    for strategy, new_id in zip(strategies, sorted(new_ulid() for _ in strategies), strict=True):
        parameters = dict(strategy.parameters)
        if group_id is not None and "groupId" in parameters:
            parameters["groupId"] = group_id
        copies.append(replace(strategy, id=new_id, parameters=parameters))
    return copies
