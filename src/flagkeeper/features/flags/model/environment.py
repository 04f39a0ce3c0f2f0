"""A flag in one environment: is it on, with which strategies and variants. Pure."""

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.eventlog.version import Snapshot
from flagkeeper.features.flags.model.strategy import LARGEST_SORT_ORDER
from flagkeeper.kernel.errors import NotFound


class FlagEnvironment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The strategies are in their order; which one comes first matters to SDKs."""

    enabled: bool
    variants: list[VariantData]
    """Of the flag in this environment: the older way; strategies have variants of their own."""
    strategies: list[StrategyData]

    def state(self) -> "FlagEnvironmentState":
        return FlagEnvironmentState(enabled=self.enabled, variants=self.variants, strategies=self.strategies)

    @property
    def has_enabled_strategy(self) -> bool:
        return any(not strategy.disabled for strategy in self.strategies)

    @property
    def next_sort_order(self) -> int:
        return min(max((strategy.sort_order + 1 for strategy in self.strategies), default=0), LARGEST_SORT_ORDER)

    def strategy(self, strategy_id: str) -> StrategyData:
        """Raises `NotFound`."""
        for strategy in self.strategies:
            if strategy.id == strategy_id:
                return strategy
        raise NotFound(f"The flag has no strategy with the id {strategy_id!r} in this environment.")

    def switched(self, enabled: bool) -> "FlagEnvironment":
        return replace(self, enabled=enabled)

    def with_variants(self, variants: list[VariantData]) -> "FlagEnvironment":
        return replace(self, variants=variants)

    def with_strategy(self, strategy: StrategyData) -> "FlagEnvironment":
        """With this strategy in the place of the one that has its id, or as a new one."""
        others = [each for each in self.strategies if each.id != strategy.id]
        return replace(self, strategies=in_order([*others, strategy]))

    def without_strategy(self, strategy_id: str) -> "FlagEnvironment":
        return replace(self, strategies=[each for each in self.strategies if each.id != strategy_id])


OFF = FlagEnvironment(enabled=False, variants=[], strategies=[])
"""How a flag begins in every environment."""


class FlagEnvironmentState(Snapshot, frozen=True, kw_only=True):
    """A version of a flag in an environment."""

    kind: ClassVar = "flag-environment"
    enabled: bool
    variants: list[VariantData]
    strategies: list[StrategyData]


def in_order(strategies: Iterable[StrategyData]) -> list[StrategyData]:
    """By sort order; of equal ones the older comes first, since ids rise."""
    return sorted(strategies, key=lambda strategy: (strategy.sort_order, strategy.id))
