"""Changing projects and their environments: load, decide, write, record."""

from collections.abc import Mapping

from msgspec.structs import asdict, replace

from flagkeeper.eventlog.catalogue.project import (
    DefaultStrategyData,
    DefaultStrategyUpdated,
    FavoriteProjectData,
    NewProjectData,
    NewProjectEnvironment,
    ProjectCreated,
    ProjectDeleted,
    ProjectEnvironmentAdded,
    ProjectEnvironmentRemoved,
    ProjectFavorited,
    ProjectImport,
    ProjectUnfavorited,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.projects import queries, store
from flagkeeper.features.projects.model import (
    FavoriteProjectState,
    ProjectDraft,
    ProjectEnvironmentState,
    ProjectState,
    check,
    check_default_strategy,
    favorite_state,
    first_project,
    health,
    person_of,
)
from flagkeeper.features.projects.ports import FlagCounts, FlagEnvironments, ProjectFlags, StrategyRules
from flagkeeper.kernel.errors import BadData, Conflict, NotFound
from flagkeeper.kernel.existing import Existing


def add_environment(
    unit: Unit,
    project_id: str,
    environment: str,
    strategy: DefaultStrategyData | None,
    flags: FlagEnvironments,
    rules: StrategyRules,
) -> None:
    """Gives a project, and all its flags, an environment.

    Raises:
        NotFound: there is no such project, environment or (in the strategy) segment.
        BadData: the default strategy breaks a rule.
        Conflict: the project has the environment already.
    """
    store.load(unit.tx, project_id)
    environments.lock_shared(unit.tx, environment)
    checked = None if strategy is None else _checked(unit, project_id, strategy, rules)
    if not store.attach(unit.tx, project_id, environment, checked):
        raise Conflict(f"The project {project_id!r} has the environment {environment!r} already.")
    _record_attached(unit, project_id, environment, checked, flags.attach(unit, project_id, environment))


def remove_environment(unit: Unit, project_id: str, environment: str, flags: FlagEnvironments) -> None:
    """Takes an environment, and what its flags do there, away from a project.

    Raises:
        NotFound: there is no such project, or it does not have the environment.
        BadData: it is the only one that the project has.
    """
    store.load(unit.tx, project_id)
    attached = store.attached(unit.tx, project_id)
    _demand_attached(attached, project_id, environment)
    if len(attached) == 1:
        raise BadData(f"{environment!r} is the only environment of the project, and a project needs one.")
    lost = flags.detach(unit, project_id, environment)
    store.detach(unit.tx, project_id, environment)
    unit.record(
        ProjectEnvironmentRemoved(project=project_id, environment=environment),
        Gone(ProjectEnvironmentState),
        also=lost,
    )


def set_default_strategy(
    unit: Unit, project_id: str, environment: str, strategy: DefaultStrategyData, rules: StrategyRules
) -> DefaultStrategyData:
    """Sets the strategy that flags get when they are switched on in the environment without one; returns it as kept.

    Raises:
        NotFound: there is no such project or segment, or the project does not have the environment.
        BadData: the strategy breaks a rule.
    """
    old = _default_strategy(unit, project_id, environment)
    new = _checked(unit, project_id, strategy, rules)
    _save_default_strategy(unit, project_id, environment, old, new)
    return new


def reset_default_strategy(unit: Unit, project_id: str, environment: str) -> None:
    """Flags that are switched on in the environment without a strategy get the built-in one again.

    Raises:
        NotFound: there is no such project, or it does not have the environment.
    """
    old = _default_strategy(unit, project_id, environment)
    _save_default_strategy(unit, project_id, environment, old, None)


def bring(unit: Unit, draft: ProjectDraft, existing: Existing, flags: ProjectFlags) -> None:
    """Makes a project what an import says, or a new one of it, which has no environment yet.

    Raises:
        BadData: the draft breaks a rule.
        Conflict: the project is archived.
    """
    check(draft)
    old = store.find(unit.tx, draft.id)
    if old is None:
        new = draft.project(unit.now)
        store.add(unit.tx, new)
    elif old.archived_at is not None:
        raise Conflict(f"The project {draft.id!r} is archived by now. Import again.")
    elif existing is Existing.KEEP:
        return
    else:
        new = draft.applied_to(old)
        if new == old and existing is Existing.REPLACE:
            return
        new = replace(new, updated_at=unit.now)
        store.save(unit.tx, new)
    counts = flags(unit.tx, [new.id]).get(new.id, FlagCounts())
    well = health(flags=counts.active, stale=counts.stale, potentially_stale=counts.potentially_stale)
    unit.record(ProjectImport(data=new.payload(well)), new.state())


def bring_environment(
    unit: Unit,
    project_id: str,
    environment: str,
    strategy: DefaultStrategyData | None,
    existing: Existing,
    flags: FlagEnvironments,
    rules: StrategyRules,
) -> None:
    """Gives a project an environment with a default strategy, if it is not so. Raises as `add_environment`."""
    store.load(unit.tx, project_id)
    attached = store.attached(unit.tx, project_id)
    if environment not in attached:
        add_environment(unit, project_id, environment, strategy, flags, rules)
    elif existing is not Existing.KEEP:
        new = None if strategy is None else _checked(unit, project_id, strategy, rules)
        _save_default_strategy(unit, project_id, environment, attached[environment], new)


def drop(unit: Unit, project_id: str, flags: ProjectFlags) -> None:
    """Deletes a project in which there is nothing.

    Raises:
        NotFound: there is none, or it is archived.
        Conflict: it has flags.
    """
    store.load(unit.tx, project_id)
    counts = flags(unit.tx, [project_id]).get(project_id, FlagCounts())
    if counts.active or counts.archived:
        raise Conflict(f"The project {project_id!r} has flags by now. Import again.")
    attached = store.attached(unit.tx, project_id)
    for environment in attached:
        store.detach(unit.tx, project_id, environment)
    gone: dict[str, State] = {f"project/{project_id}/{each}": Gone(ProjectEnvironmentState) for each in attached}
    if store.favorite_of(unit.tx, project_id):
        store.remove_favorites(unit.tx, project_id)
        gone[f"favorite-project/{project_id}"] = Gone(FavoriteProjectState)
    store.remove(unit.tx, project_id)
    unit.record(ProjectDeleted(project=project_id), Gone(ProjectState), also=gone)


def add_favorite(unit: Unit, project_id: str) -> None:
    """Makes a project a favourite of the actor's; does nothing when it is one. Raises `NotFound`, or `Forbidden` for a
    token that is nobody's."""
    user_id = person_of(unit.actor)
    queries.lock_shared(unit.tx, project_id)
    if store.add_favorite(unit.tx, project_id, user_id):
        unit.record(
            ProjectFavorited(project=project_id, data=FavoriteProjectData(project=project_id)),
            favorite_state(store.favorite_of(unit.tx, project_id)),
        )


def remove_favorite(unit: Unit, project_id: str) -> None:
    """Does nothing when it is none. Raises `NotFound` or `Forbidden`, as `add_favorite`."""
    user_id = person_of(unit.actor)
    queries.lock_shared(unit.tx, project_id)
    if store.remove_favorite(unit.tx, project_id, user_id):
        unit.record(
            ProjectUnfavorited(project=project_id, data=FavoriteProjectData(project=project_id)),
            favorite_state(store.favorite_of(unit.tx, project_id)),
        )


def seed(unit: Unit) -> None:
    """Creates the project of a new server, with every environment that there is, unless it is there already."""
    project = first_project(unit.now)
    if not store.add(unit.tx, project):
        return
    found = environments.all_environments(unit.tx)
    payload = project.payload(health(flags=0, stale=0, potentially_stale=0))
    data = NewProjectData(
        **asdict(payload),
        environments=[environment.name for environment in found],
        change_request_environments=[
            NewProjectEnvironment(name=environment.name, required_approvals=environment.required_approvals)
            for environment in found
            if environment.required_approvals is not None
        ],
    )
    unit.record(ProjectCreated(project=project.id, data=data), project.state())
    for environment in found:
        store.attach(unit.tx, project.id, environment.name, None)
        _record_attached(unit, project.id, environment.name, None, {})


def _record_attached(
    unit: Unit,
    project_id: str,
    environment: str,
    strategy: DefaultStrategyData | None,
    flags: Mapping[str, State],
) -> None:
    unit.record(
        ProjectEnvironmentAdded(project=project_id, environment=environment),
        ProjectEnvironmentState(default_strategy=strategy),
        also=flags,
    )


def _default_strategy(unit: Unit, project_id: str, environment: str) -> DefaultStrategyData | None:
    """The one that the project has there, which nobody else may change until the unit ends."""
    store.load(unit.tx, project_id)
    attached = store.attached(unit.tx, project_id)
    _demand_attached(attached, project_id, environment)
    return attached[environment]


def _save_default_strategy(
    unit: Unit,
    project_id: str,
    environment: str,
    old: DefaultStrategyData | None,
    new: DefaultStrategyData | None,
) -> None:
    if new == old:
        return
    store.set_strategy(unit.tx, project_id, environment, new)
    unit.record(
        DefaultStrategyUpdated(project=project_id, environment=environment, data=new, pre_data=old),
        ProjectEnvironmentState(default_strategy=new),
    )


def _checked(unit: Unit, project_id: str, strategy: DefaultStrategyData, rules: StrategyRules) -> DefaultStrategyData:
    check_default_strategy(strategy)
    return rules(unit.tx, project_id, strategy)


def _demand_attached(attached: dict[str, DefaultStrategyData | None], project_id: str, environment: str) -> None:
    if environment not in attached:
        raise NotFound(f"The project {project_id!r} has no environment called {environment!r}.")
