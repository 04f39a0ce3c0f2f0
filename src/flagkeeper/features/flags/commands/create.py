"""Making flags: new ones, and copies of others."""

from collections.abc import Iterable

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature import FeatureCreated
from flagkeeper.eventlog.catalogue.payload import StrategyData, TagData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.commands import dependencies, links
from flagkeeper.features.flags.commands.editor import Editor
from flagkeeper.features.flags.model.environment import OFF, FlagEnvironment, states_of
from flagkeeper.features.flags.model.flag import (
    Flag,
    FlagDraft,
    FlagState,
    check_metadata,
    check_name,
    check_naming,
    roll_up,
)
from flagkeeper.features.flags.model.relations import NO_RELATIONS, DependencyDraft, Relations, from_templates
from flagkeeper.features.flags.store import environments, flags, relations, tags
from flagkeeper.features.projects import queries as projects
from flagkeeper.features.projects.model import Project
from flagkeeper.features.tags.commands import ensure_tag, record_tag
from flagkeeper.kernel.errors import Conflict, LimitExceeded, NameExists
from flagkeeper.kernel.ids import new_ulid


def create(unit: Unit, project_id: str, draft: FlagDraft) -> Flag:
    """Makes a flag that is off in every environment of its project, with the links that its project wants.

    Raises:
        NotFound: there is no such project.
        BadData, PatternMismatch: name, type or a tag break a rule.
        NameExists: also an archived flag keeps its name.
        LimitExceeded: there are too many flags already.
    """
    check_name(draft.name)
    check_metadata(draft.type, draft.description)
    project, names = _room_in(unit, project_id)
    check_naming(draft.name, project.feature_naming.pattern)
    own = _tags(unit, draft.tags, draft.name)
    flag = _flag(unit, project, draft.name, draft.type, draft.description, draft.impression_data)
    states = dict.fromkeys(names, OFF)
    _add(unit, flag, own, states)
    drafts = from_templates(project.link_templates, project.id, flag.name)
    links.add_to(unit, flag, NO_RELATIONS, [each.link(new_ulid()) for each in drafts])
    return flag


def restore(unit: Unit, state: FlagState) -> Flag:
    """Brings a flag that was deleted back as it was, and off in every environment of its project. Its name need not
    match a pattern that is newer than it.

    Raises:
        NotFound: its project is gone.
        BadData: type or description break a rule, or the type of a tag is gone.
        InvalidOperation: it would depend on a flag that is gone, archived, or depends on others itself.
        NameExists, LimitExceeded: as `create`.
    """
    flag = state.restored()
    check_name(flag.name)
    check_metadata(flag.type, flag.description)
    _, names = _room_in(unit, flag.project)
    own = _tags(unit, state.tags, flag.name)
    for dependency in state.dependencies:
        dependencies.demand_possible(unit, flag, dependency, NO_RELATIONS)
    if any(relations.link_exists(unit.tx, link.id) for link in state.links):
        raise Conflict(f"A link of the flag {flag.name!r} is there, though the flag is not.")
    _add(unit, flag, own, dict.fromkeys(names, OFF), state.relations)
    return flag


def clone(unit: Unit, project_id: str, source_name: str, name: str, *, replace_group_id: bool = True) -> Flag:
    """Makes a flag with the strategies, variants and parents of another one, off in every environment. Where strategies
    picked users by the name of the source as their group, they use the new name, unless `replace_group_id` is off.

    Raises:
        NotFound, FlagArchived: for the source.
        BadData, PatternMismatch, NameExists, LimitExceeded: as `create`.
    """
    check_name(name)
    project, _ = _room_in(unit, project_id)
    check_naming(name, project.feature_naming.pattern)
    source = flags.load_active(unit.tx, source_name, project_id)
    states = environments.load_all(unit.tx, source_name)
    flag = _flag(unit, project, name, source.type, source.description, source.impression_data)
    bare = {environment: replace(OFF, variants=state.variants) for environment, state in states.items()}
    _add(unit, flag, [], bare)
    for environment, state in states.items():
        editor = Editor(unit, flag, environment, bare[environment])
        for strategy in copies(state.strategies, name if replace_group_id else None):
            editor.add(strategy)
    for dependency in relations.relations_of(unit.tx, source_name).dependencies:
        draft = DependencyDraft(feature=dependency.feature, enabled=dependency.enabled, variants=dependency.variants)
        dependencies.add(unit, project_id, name, draft)
    return flag


def _room_in(unit: Unit, project_id: str) -> tuple[Project, list[str]]:
    """The project, locked, which has room for a flag, and the names of its environments."""
    found, own, (counted,) = unit.tx.together(
        (projects.SHARED, {"id": project_id}), (projects.ENVIRONMENTS, {"project": project_id}), (flags.COUNT_ALL, {})
    )
    project = projects.demanded(found, project_id)
    most = unit.limits.feature_flags
    if flags.are_as_many_as(unit.tx, most, counted):
        raise LimitExceeded(f"There are {most} flags already, which is the limit. Archive some first.")
    if project.feature_limit is not None and flags.count(unit.tx, project_id) >= project.feature_limit:
        raise LimitExceeded(f"The project allows {project.feature_limit} flags and has them. Archive some first.")
    return project, [environment.name for environment in own]


def _tags(unit: Unit, wanted: Iterable[Tag | TagData], name: str) -> list[Tag]:
    """The tags that a new flag of this name gets, made where there are none."""
    own = []
    places = {(tag.type, tag.value): place for place, tag in enumerate(wanted)}
    for type_, value in sorted(places):
        tag, is_new = ensure_tag(unit, Tag(type_, value), f"/body/tags/{places[type_, value]}")
        if is_new:
            record_tag(unit, tag, name)
        own.append(tag)
    return own


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


def _add(
    unit: Unit,
    flag: Flag,
    own: list[Tag],
    states: dict[str, FlagEnvironment],
    others: Relations = NO_RELATIONS,
) -> None:
    """Stores a new flag with its tags, which the event shows already, and what else hangs on it."""
    if not flags.add(unit.tx, flag):
        raise NameExists(f"There is a flag called {flag.name!r} already, perhaps in the archive.")
    environments.add(unit.tx, flag.name, states)
    for tag in own:
        tags.add(unit.tx, flag.name, tag)
    relations.add_all(unit.tx, flag.name, others)
    unit.record(
        FeatureCreated(
            feature_name=flag.name,
            project=flag.project,
            data=flag.payload(roll_up(states)),
            tags=None if own else (),
        ),
        flag.state(own, others),
        also=states_of(flag.name, flag.project, states),
    )


def copies(strategies: list[StrategyData], group_id: str | None) -> list[StrategyData]:
    """The same strategies under new ids that rise in their order."""
    copies = []
    for strategy, new_id in zip(strategies, sorted(new_ulid() for _ in strategies), strict=True):
        parameters = dict(strategy.parameters)
        if group_id is not None and "groupId" in parameters:
            parameters["groupId"] = group_id
        copies.append(replace(strategy, id=new_id, parameters=parameters))
    return copies
