"""A flag in one environment: is it on, with which strategies and variants. Pure."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData
from flagkeeper.eventlog.version import Gone, Snapshot, State
from flagkeeper.features.flags.model.strategy import LARGEST_SORT_ORDER
from flagkeeper.kernel.errors import NotFound


class FlagEnvironment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The strategies are in their order; which one comes first matters to SDKs."""

    enabled: bool
    variants: list[VariantData]
    """Of the flag in this environment: the older way; strategies have variants of their own."""
    strategies: list[StrategyData]

    def state(self, project: str) -> "FlagEnvironmentState":
        """The version of a flag of this project."""
        return FlagEnvironmentState(
            project=project, enabled=self.enabled, variants=self.variants, strategies=self.strategies
        )

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
    schema: ClassVar = 2
    upcasters: ClassVar = {1: lambda state: {**state, "project": None}}
    project: str | None
    """That of the flag, whose people may change it. None: schema 1 did not say."""
    enabled: bool
    variants: list[VariantData]
    strategies: list[StrategyData]


def states_of(flag: str, project: str, environments: Mapping[str, FlagEnvironment]) -> dict[str, State]:
    """The versions of a flag's environments, by subject."""
    return {f"flag/{flag}/{name}": environment.state(project) for name, environment in environments.items()}


def gone_from(flag: str, environments: Iterable[str]) -> dict[str, State]:
    """The same for environments that the flag no longer has."""
    return {f"flag/{flag}/{name}": Gone(FlagEnvironmentState) for name in environments}


def in_order(strategies: Iterable[StrategyData]) -> list[StrategyData]:
    """By sort order; of equal ones the older comes first, since ids rise."""
    return sorted(strategies, key=lambda strategy: (strategy.sort_order, strategy.id))
