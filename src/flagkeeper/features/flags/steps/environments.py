"""Changes of a flag in one environment."""

from collections.abc import Callable
from typing import Any

import msgspec

from flagkeeper.eventlog.catalogue.payload import StrategyData
from flagkeeper.eventlog.step import Demand, Op
from flagkeeper.features.flags.commands import strategies, switch, variants
from flagkeeper.features.flags.model.json_patch import Patch
from flagkeeper.features.flags.model.strategy import StrategyChange, StrategyDraft
from flagkeeper.features.flags.model.variant import VariantDraft
from flagkeeper.http.permissions import Permission
from flagkeeper.kernel.limits import AtOnce


class InEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """A flag in an environment, and the project whose people may change it: in another one it is not found."""

    project: str
    flag: str
    environment: str


class Enable(InEnvironment, frozen=True, kw_only=True):
    activate_disabled_strategies: bool = False


class AddStrategy(InEnvironment, frozen=True, kw_only=True):
    draft: StrategyDraft


class RestoreStrategy(InEnvironment, frozen=True, kw_only=True):
    strategy: StrategyData


class OfStrategy(InEnvironment, frozen=True, kw_only=True):
    strategy_id: str


class UpdateStrategy(OfStrategy, frozen=True, kw_only=True):
    change: StrategyChange


class PatchStrategy(OfStrategy, frozen=True, kw_only=True):
    patches: AtOnce[Patch]


class OrderStrategies(InEnvironment, frozen=True, kw_only=True):
    sort_orders: dict[str, int]
    """By strategy id."""


class ReplaceVariants(InEnvironment, frozen=True, kw_only=True):
    variants: AtOnce[VariantDraft]


class PatchVariants(InEnvironment, frozen=True, kw_only=True):
    patches: AtOnce[Patch]


def _here(permission: Permission) -> Callable[[Any], tuple[tuple[Demand, ...], ...]]:
    """Of a payload that names project and environment."""
    return lambda payload: ((Demand(permission, payload.project, payload.environment),),)


def _of(wanted: InEnvironment) -> tuple[str, str, str]:
    return wanted.project, wanted.flag, wanted.environment


ENABLE = Op(
    name="flag-environment.enable",
    payload=Enable,
    run=lambda unit, wanted, _ports: switch.turn_on(
        unit, *_of(wanted), activate_disabled_strategies=wanted.activate_disabled_strategies
    ),
    demands=_here(Permission.UPDATE_FEATURE_ENVIRONMENT),
    operation="toggleFeatureEnvironmentOn",
)
DISABLE = Op(
    name="flag-environment.disable",
    payload=InEnvironment,
    run=lambda unit, wanted, _ports: switch.turn_off(unit, *_of(wanted)),
    demands=_here(Permission.UPDATE_FEATURE_ENVIRONMENT),
    operation="toggleFeatureEnvironmentOff",
)
ADD_STRATEGY = Op(
    name="flag-environment.add-strategy",
    payload=AddStrategy,
    run=lambda unit, wanted, _ports: strategies.add(unit, *_of(wanted), wanted.draft),
    demands=_here(Permission.CREATE_FEATURE_STRATEGY),
    operation="addFeatureStrategy",
)
RESTORE_STRATEGY = Op(
    name="flag-environment.restore-strategy",
    payload=RestoreStrategy,
    run=lambda unit, wanted, _ports: strategies.restore(unit, *_of(wanted), wanted.strategy),
    demands=_here(Permission.CREATE_FEATURE_STRATEGY),
    operation="addFeatureStrategy",
)
UPDATE_STRATEGY = Op(
    name="flag-environment.update-strategy",
    payload=UpdateStrategy,
    run=lambda unit, wanted, _ports: strategies.update(unit, *_of(wanted), wanted.strategy_id, wanted.change),
    demands=_here(Permission.UPDATE_FEATURE_STRATEGY),
    operation="updateFeatureStrategy",
)
PATCH_STRATEGY = Op(
    name="flag-environment.patch-strategy",
    payload=PatchStrategy,
    run=lambda unit, wanted, _ports: strategies.patch(unit, *_of(wanted), wanted.strategy_id, wanted.patches),
    demands=_here(Permission.UPDATE_FEATURE_STRATEGY),
    operation="patchFeatureStrategy",
)
REMOVE_STRATEGY = Op(
    name="flag-environment.remove-strategy",
    payload=OfStrategy,
    run=lambda unit, wanted, _ports: strategies.remove(unit, *_of(wanted), wanted.strategy_id),
    demands=_here(Permission.DELETE_FEATURE_STRATEGY),
    operation="deleteFeatureStrategy",
)
ORDER_STRATEGIES = Op(
    name="flag-environment.order-strategies",
    payload=OrderStrategies,
    run=lambda unit, wanted, _ports: strategies.set_order(unit, *_of(wanted), wanted.sort_orders),
    demands=_here(Permission.UPDATE_FEATURE_STRATEGY),
    operation="setStrategySortOrder",
)
REPLACE_VARIANTS = Op(
    name="flag-environment.replace-variants",
    payload=ReplaceVariants,
    run=lambda unit, wanted, _ports: variants.replace(unit, *_of(wanted), wanted.variants),
    demands=_here(Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS),
    operation="overwriteEnvironmentFeatureVariants",
)
PATCH_VARIANTS = Op(
    name="flag-environment.patch-variants",
    payload=PatchVariants,
    run=lambda unit, wanted, _ports: variants.patch(unit, *_of(wanted), wanted.patches),
    demands=_here(Permission.UPDATE_FEATURE_ENVIRONMENT_VARIANTS),
    operation="patchEnvironmentsFeatureVariants",
)
OPS = (
    *(ENABLE, DISABLE, ADD_STRATEGY, RESTORE_STRATEGY, UPDATE_STRATEGY, PATCH_STRATEGY, REMOVE_STRATEGY),
    *(ORDER_STRATEGIES, REPLACE_VARIANTS, PATCH_VARIANTS),
)
