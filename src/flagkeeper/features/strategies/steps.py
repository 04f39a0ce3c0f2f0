"""Changes of strategy definitions as steps."""

import msgspec

from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.strategies import commands
from flagkeeper.features.strategies.model import StrategyChange, StrategyDraft
from flagkeeper.features.strategies.ports import STRATEGY_USES
from flagkeeper.http.permissions import Permission


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Which definition is deleted, deprecated or reactivated."""

    name: str


class Update(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    change: StrategyChange


CREATE = Op(
    name="strategy.create",
    payload=StrategyDraft,
    run=lambda unit, draft, _ports: commands.create(unit, draft),
    demands=lambda _draft: ((Demand(Permission.CREATE_STRATEGY),),),
    operation="createStrategy",
)
UPDATE = Op(
    name="strategy.update",
    payload=Update,
    run=lambda unit, wanted, _ports: commands.update(unit, wanted.name, wanted.change),
    demands=lambda _wanted: ((Demand(Permission.UPDATE_STRATEGY),),),
    operation="updateStrategy",
)
DELETE = Op(
    name="strategy.delete",
    payload=Named,
    run=lambda unit, wanted, ports: commands.delete(unit, wanted.name, ports.answer(STRATEGY_USES)),
    demands=lambda _wanted: ((Demand(Permission.DELETE_STRATEGY),),),
    operation="removeStrategy",
)
DEPRECATE = Op(
    name="strategy.deprecate",
    payload=Named,
    run=lambda unit, wanted, _ports: commands.deprecate(unit, wanted.name),
    demands=lambda _wanted: ((Demand(Permission.UPDATE_STRATEGY),),),
    operation="deprecateStrategy",
)
REACTIVATE = Op(
    name="strategy.reactivate",
    payload=Named,
    run=lambda unit, wanted, _ports: commands.reactivate(unit, wanted.name),
    demands=lambda _wanted: ((Demand(Permission.UPDATE_STRATEGY),),),
    operation="reactivateStrategy",
)
OPS = (CREATE, UPDATE, DELETE, DEPRECATE, REACTIVATE)
