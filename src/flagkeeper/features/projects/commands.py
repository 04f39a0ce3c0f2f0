"""Changing projects and their environments: load, decide, write, record."""

from msgspec.structs import asdict

from flagkeeper.eventlog.catalogue.project import (
    DefaultStrategyData,
    DefaultStrategyUpdated,
    NewProjectData,
    NewProjectEnvironment,
    ProjectCreated,
    ProjectEnvironmentAdded,
    ProjectEnvironmentRemoved,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.projects import store
from flagkeeper.features.projects.model import (
    ProjectEnvironmentState,
    ProjectState,
    check_default_strategy,
    first_project,
    health,
)
from flagkeeper.features.projects.ports import FlagEnvironments, StrategyRules
from flagkeeper.kernel.errors import BadData, Conflict, NotFound


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
    if not _attach(unit, project_id, environment, checked):
        raise Conflict(f"The project {project_id!r} has the environment {environment!r} already.")
    flags.attach(unit, project_id, environment)


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
    flags.detach(unit, project_id, environment)
    store.detach(unit.tx, project_id, environment)
    unit.record(
        ProjectEnvironmentRemoved(project=project_id, environment=environment),
        ProjectEnvironmentState(attached=False, default_strategy=None),
    )


def set_default_strategy(
    unit: Unit, project_id: str, environment: str, strategy: DefaultStrategyData, rules: StrategyRules
) -> DefaultStrategyData:
    """Sets the strategy that flags get when they are switched on in the environment without one; returns it as kept.

    Raises:
        NotFound: there is no such project or segment, or the project does not have the environment.
        BadData: the strategy breaks a rule.
    """
    store.load(unit.tx, project_id)
    attached = store.attached(unit.tx, project_id)
    _demand_attached(attached, project_id, environment)
    new = _checked(unit, project_id, strategy, rules)
    old = attached[environment]
    if new != old:
        store.set_strategy(unit.tx, project_id, environment, new)
        unit.record(
            DefaultStrategyUpdated(project=project_id, environment=environment, data=new, pre_data=old),
            ProjectEnvironmentState(attached=True, default_strategy=new),
        )
    return new


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
    unit.record(ProjectCreated(project=project.id, data=data), ProjectState(project=payload))
    for environment in found:
        _attach(unit, project.id, environment.name, None)


def _attach(unit: Unit, project_id: str, environment: str, strategy: DefaultStrategyData | None) -> bool:
    if not store.attach(unit.tx, project_id, environment, strategy):
        return False
    unit.record(
        ProjectEnvironmentAdded(project=project_id, environment=environment),
        ProjectEnvironmentState(attached=True, default_strategy=strategy),
    )
    return True


def _checked(unit: Unit, project_id: str, strategy: DefaultStrategyData, rules: StrategyRules) -> DefaultStrategyData:
    check_default_strategy(strategy)
    return rules(unit.tx, project_id, strategy)


def _demand_attached(attached: dict[str, DefaultStrategyData | None], project_id: str, environment: str) -> None:
    if environment not in attached:
        raise NotFound(f"The project {project_id!r} has no environment called {environment!r}.")
