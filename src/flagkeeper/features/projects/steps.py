"""Changes of projects, and of what they have in environments, as steps."""

from collections.abc import Callable

import msgspec

from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.eventlog.step import Demand, Op, Ports, Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects import commands
from flagkeeper.features.projects.model import NewProject, ProjectChange, ProjectState, demand_own
from flagkeeper.features.projects.ports import FLAG_ENVIRONMENTS, PROJECT_FLAGS, STRATEGY_RULES, THINGS_OF_PROJECT
from flagkeeper.features.undertakings.model import Left
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.clock import Millis

Demands = tuple[tuple[Demand, ...], ...]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Which project is revived or deleted."""

    project: str


class Change(Named, frozen=True, kw_only=True):
    change: ProjectChange


class Archive(Named, frozen=True, kw_only=True):
    at: Millis | None = None
    """Since when it was archived, to restore that."""


class AddEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    environment: str
    default_strategy: DefaultStrategyData | None


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of a project."""

    project: str
    environment: str


class SetDefaultStrategy(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    environment: str
    strategy: DefaultStrategyData


class OwnFavorite(msgspec.Struct, frozen=True, kw_only=True):
    project: str
    user_id: int
    """Whose favourite it is: the actor must be them."""


def _favorite(unit: Unit, wanted: OwnFavorite, *, add: bool) -> None:
    demand_own(unit.actor, wanted.user_id)
    (commands.add_favorite if add else commands.remove_favorite)(unit, wanted.project)


def _demands_of_strategy(wanted: Where | SetDefaultStrategy) -> tuple[tuple[Demand, ...], ...]:
    where = wanted.project, wanted.environment
    return ((Demand(Permission.UPDATE_PROJECT, *where), Demand(Permission.PROJECT_DEFAULT_STRATEGY_WRITE, *where)),)


def _in_project(*permissions: Permission) -> Callable[[Named], Demands]:
    return lambda wanted: (tuple(Demand(each, wanted.project) for each in permissions),)


def _delete_with_all(unit: Unit, wanted: Named, ports: Ports) -> Left:
    things = [ports.answer(each) for each in THINGS_OF_PROJECT]
    done = commands.delete_piece(unit, wanted.project, ports.answer(PROJECT_FLAGS), things)
    return None if done else Step(DELETE_WITH_ALL.name, wanted)


CREATE = Op(
    name="project.create",
    payload=NewProject,
    run=lambda unit, wanted, _ports: commands.create(unit, wanted),
    demands=lambda _wanted: ((Demand(Permission.CREATE_PROJECT),),),
    operation="createProject",
)
RESTORE = Op(
    name="project.restore",
    payload=ProjectState,
    run=lambda unit, state, _ports: commands.restore(unit, state),
    demands=lambda _state: ((Demand(Permission.CREATE_PROJECT),),),
    operation="createProject",
)
CHANGE = Op(
    name="project.change",
    payload=Change,
    run=lambda unit, wanted, ports: commands.change(unit, wanted.project, wanted.change, ports.answer(PROJECT_FLAGS)),
    demands=_in_project(Permission.UPDATE_PROJECT, Permission.PROJECT_SETTINGS_WRITE),
    operation="updateProject",
)
ARCHIVE = Op(
    name="project.archive",
    payload=Archive,
    run=lambda unit, wanted, ports: commands.archive(unit, wanted.project, ports.answer(PROJECT_FLAGS), wanted.at),
    demands=_in_project(Permission.DELETE_PROJECT),
    operation="archiveProject",
)
REVIVE = Op(
    name="project.revive",
    payload=Named,
    run=lambda unit, wanted, _ports: commands.revive(unit, wanted.project),
    demands=_in_project(Permission.UPDATE_PROJECT),
    operation="reviveProject",
)
DELETE = Op(
    name="project.delete",
    payload=Named,
    run=lambda unit, wanted, ports: commands.drop(unit, wanted.project, ports.answer(PROJECT_FLAGS)),
    demands=_in_project(Permission.DELETE_PROJECT),
    operation="deleteProject",
)
DELETE_WITH_ALL = Op(
    name="project.delete-with-all",
    payload=Named,
    run=_delete_with_all,
    demands=_in_project(Permission.DELETE_PROJECT),
    operation="deleteProject",
)
ADD_ENVIRONMENT = Op(
    name="project-environment.add",
    payload=AddEnvironment,
    run=lambda unit, wanted, ports: commands.add_environment(
        unit,
        wanted.project,
        wanted.environment,
        wanted.default_strategy,
        ports.answer(FLAG_ENVIRONMENTS),
        ports.answer(STRATEGY_RULES),
    ),
    demands=lambda wanted: ((Demand(Permission.UPDATE_PROJECT, wanted.project),),),
    operation="addEnvironmentToProject",
)
REMOVE_ENVIRONMENT = Op(
    name="project-environment.remove",
    payload=Where,
    run=lambda unit, wanted, ports: commands.remove_environment(
        unit, wanted.project, wanted.environment, ports.answer(FLAG_ENVIRONMENTS)
    ),
    demands=lambda wanted: ((Demand(Permission.UPDATE_PROJECT, wanted.project, wanted.environment),),),
    operation="removeEnvironmentFromProject",
)
SET_DEFAULT_STRATEGY = Op(
    name="project-environment.set-default-strategy",
    payload=SetDefaultStrategy,
    run=lambda unit, wanted, ports: commands.set_default_strategy(
        unit, wanted.project, wanted.environment, wanted.strategy, ports.answer(STRATEGY_RULES)
    ),
    demands=_demands_of_strategy,
    operation="addDefaultStrategyToProjectEnvironment",
)
RESET_DEFAULT_STRATEGY = Op(
    name="project-environment.reset-default-strategy",
    payload=Where,
    run=lambda unit, wanted, _ports: commands.reset_default_strategy(unit, wanted.project, wanted.environment),
    demands=_demands_of_strategy,
    operation="addDefaultStrategyToProjectEnvironment",
)
ADD_FAVORITE = Op(
    name="favorite-project.add",
    payload=OwnFavorite,
    run=lambda unit, wanted, _ports: _favorite(unit, wanted, add=True),
    demands=lambda _wanted: (),
    operation="addFavoriteProject",
)
REMOVE_FAVORITE = Op(
    name="favorite-project.remove",
    payload=OwnFavorite,
    run=lambda unit, wanted, _ports: _favorite(unit, wanted, add=False),
    demands=lambda _wanted: (),
    operation="removeFavoriteProject",
)
OPS = (
    *(CREATE, RESTORE, CHANGE, ARCHIVE, REVIVE, DELETE),
    *(ADD_ENVIRONMENT, REMOVE_ENVIRONMENT, SET_DEFAULT_STRATEGY, RESET_DEFAULT_STRATEGY),
    *(ADD_FAVORITE, REMOVE_FAVORITE),
)
UNDERTAKINGS = (DELETE_WITH_ALL,)
