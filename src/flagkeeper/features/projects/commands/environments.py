"""Changing what projects have in environments: load, decide, write, record."""

from collections.abc import Mapping

from flagkeeper.eventlog.catalogue.project import (
    DefaultStrategyData,
    DefaultStrategyUpdated,
    ProjectEnvironmentAdded,
    ProjectEnvironmentRemoved,
)
from flagkeeper.eventlog.unit import Unit
from flagkeeper.eventlog.version import Gone, State
from flagkeeper.features.environments import queries as environments
from flagkeeper.features.projects import store
from flagkeeper.features.projects.model import ProjectEnvironmentState, check_default_strategy
from flagkeeper.features.projects.ports import FlagEnvironments, StrategyRules
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
    record_attached(unit, project_id, environment, checked, flags.attach(unit, project_id, environment))


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


def record_attached(
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
