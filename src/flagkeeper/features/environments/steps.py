"""Changes of environments as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op, Ports
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.environments import commands
from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft
from flagkeeper.features.environments.ports import (
    ENABLED_FLAGS_BY_ENVIRONMENT,
    PROJECTS_BY_ENVIRONMENT,
    TOKENS_BY_ENVIRONMENT,
    EnvironmentUses,
)
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


def _delete(unit: Unit, wanted: Named, ports: Ports) -> None:
    uses = EnvironmentUses(
        projects=ports.answer(PROJECTS_BY_ENVIRONMENT),
        tokens=ports.answer(TOKENS_BY_ENVIRONMENT),
        enabled_flags=ports.answer(ENABLED_FLAGS_BY_ENVIRONMENT),
    )
    commands.delete(unit, wanted.name, uses)


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
    run=_delete,
    demands=lambda _wanted: _DEMANDS,
    operation="removeEnvironment",
)
OPS = (TURN_ON, TURN_OFF, SET_SORT_ORDERS, CREATE, UPDATE, DELETE)
