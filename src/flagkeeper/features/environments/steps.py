"""Changes of environments as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports, Step
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands
from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft
from flagkeeper.features.environments.ports import (
    ENVIRONMENT_PROJECTS,
    TOKENS_OF_ENVIRONMENT,
    EnvironmentCopy,
    uses_of,
)
from flagkeeper.features.undertakings.model import Left
from flagkeeper.http.permissions import Permission


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Which environment is turned on or off, or deleted."""

    name: str


class Update(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    change: EnvironmentChange


class SetSortOrders(msgspec.Struct, frozen=True, kw_only=True):
    sort_orders: dict[str, int]


_DEMANDS = ((Demand(Permission.ADMIN),),)


def _delete_with_all(unit: Unit, wanted: Named, ports: Ports) -> Left:
    projects, tokens = ports.answer(ENVIRONMENT_PROJECTS), ports.answer(TOKENS_OF_ENVIRONMENT)
    done = commands.delete_piece(unit, wanted.name, projects, tokens, ports)
    return None if done else Step(DELETE_WITH_ALL.name, wanted)


def _clone(unit: Unit, wanted: EnvironmentCopy, ports: Ports) -> Left:
    left = commands.clone_piece(unit, wanted, ports.answer(ENVIRONMENT_PROJECTS), ports)
    return None if left is None else Step(CLONE.name, left)


TURN_ON = Op(
    name="environment.turn-on",
    payload=Named,
    run=lambda unit, wanted, _ports: commands.set_enabled(unit, wanted.name, True),
    demands=lambda _wanted: _DEMANDS,
    operation="toggleEnvironmentOn",
)
TURN_OFF = Op(
    name="environment.turn-off",
    payload=Named,
    run=lambda unit, wanted, _ports: commands.set_enabled(unit, wanted.name, False),
    demands=lambda _wanted: _DEMANDS,
    operation="toggleEnvironmentOff",
)
SET_SORT_ORDERS = Op(
    name="environment.set-sort-orders",
    payload=SetSortOrders,
    run=lambda unit, wanted, _ports: commands.set_sort_orders(unit, wanted.sort_orders),
    demands=lambda _wanted: _DEMANDS,
    operation="updateSortOrder",
)
CREATE = Op(
    name="environment.create",
    payload=EnvironmentDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=lambda _wanted: _DEMANDS,
    operation="createEnvironment",
)
UPDATE = Op(
    name="environment.update",
    payload=Update,
    run=lambda unit, wanted, _ports: commands.update(unit, wanted.name, wanted.change),
    demands=lambda _wanted: _DEMANDS,
    operation="updateEnvironment",
)
DELETE = Op(
    name="environment.delete",
    payload=Named,
    run=lambda unit, wanted, ports: commands.delete(unit, wanted.name, uses_of(ports)),
    demands=lambda _wanted: _DEMANDS,
    operation="removeEnvironment",
)
DELETE_WITH_ALL = Op(
    name="environment.delete-with-all",
    payload=Named,
    run=_delete_with_all,
    demands=lambda _wanted: _DEMANDS,
    operation="removeEnvironment",
)
CLONE = Op(
    name="environment.clone",
    payload=EnvironmentCopy,
    run=_clone,
    demands=lambda _wanted: _DEMANDS,
    operation="cloneEnvironment",
)
OPS = (TURN_ON, TURN_OFF, SET_SORT_ORDERS, CREATE, UPDATE, DELETE)
UNDERTAKINGS = (DELETE_WITH_ALL, CLONE)
