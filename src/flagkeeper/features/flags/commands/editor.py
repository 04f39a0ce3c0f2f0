"""Changing a flag in one environment, step by step: each writes, and records its event with the state after it."""

from msgspec.structs import replace

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.eventlog.catalogue.feature import FeatureEnvironmentDisabled, FeatureEnvironmentEnabled
from flagkeeper.eventlog.catalogue.feature_strategy import (
    FeatureEnvironmentVariantsUpdated,
    FeatureStrategyAdd,
    FeatureStrategyRemove,
    FeatureStrategyUpdate,
    StrategyOrderChanged,
    StrategyOrderData,
)
from flagkeeper.eventlog.catalogue.payload import StrategyData, VariantData, VariantsData
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.environment import FlagEnvironment, FlagEnvironmentState, in_order
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.store import editing
from flagkeeper.features.flags.store import environments as store
from flagkeeper.kernel.errors import LimitExceeded


class Editor:
    """A flag, locked, in one environment. `state` is what stands now; a step that changes nothing records nothing."""

    def __init__(
        self, unit: Unit, flag: Flag, environment: str, state: FlagEnvironment, tags: tuple[Tag, ...] | None = None
    ) -> None:
        self.unit = unit
        self.tags = tags
        """Those of the flag, where they are known already."""
        self.flag = flag
        self.environment = environment
        self.state = state

    @property
    def version(self) -> FlagEnvironmentState:
        return self.state.state(self.flag.project)

    def switch(self, enabled: bool) -> None:
        if self.state.enabled == enabled:
            return
        self.state = self.state.switched(enabled)
        store.switch(self.unit.tx, self.flag.name, self.environment, enabled)
        event = FeatureEnvironmentEnabled if enabled else FeatureEnvironmentDisabled
        self.unit.record(
            event(feature_name=self.flag.name, project=self.flag.project, environment=self.environment, tags=self.tags),
            self.version,
        )

    def add(self, strategy: StrategyData) -> None:
        """Raises `LimitExceeded`."""
        demand_room(self.unit, len(self.state.strategies) + 1)
        self.state = self.state.with_strategy(strategy)
        store.add_strategy(self.unit.tx, self.flag.name, self.environment, strategy, self.unit.now)
        self.unit.record(
            FeatureStrategyAdd(
                feature_name=self.flag.name,
                project=self.flag.project,
                environment=self.environment,
                tags=self.tags,
                data=strategy,
            ),
            self.version,
        )

    def change(self, new: StrategyData) -> None:
        """Puts `new` in the place of the strategy that has its id."""
        old = self.state.strategy(new.id)
        if new == old:
            return
        self.state = self.state.with_strategy(new)
        store.save_strategy(self.unit.tx, self.flag.name, self.environment, old, new)
        self.unit.record(
            FeatureStrategyUpdate(
                feature_name=self.flag.name,
                project=self.flag.project,
                environment=self.environment,
                tags=self.tags,
                data=new,
                pre_data=old,
            ),
            self.version,
        )

    def remove(self, strategy_id: str) -> None:
        """Raises `NotFound`."""
        old = self.state.strategy(strategy_id)
        self.state = self.state.without_strategy(strategy_id)
        store.remove_strategy(self.unit.tx, self.flag.name, self.environment, strategy_id)
        self.unit.record(
            FeatureStrategyRemove(
                feature_name=self.flag.name,
                project=self.flag.project,
                environment=self.environment,
                tags=self.tags,
                pre_data=old,
            ),
            self.version,
        )

    def reorder(self, sort_orders: dict[str, int]) -> None:
        """Gives strategies new sort orders, by id. Where the order itself stays, each new number is an update.

        Raises:
            NotFound: there is no strategy with such an id.
        """
        moved = [replace(self.state.strategy(id_), sort_order=number) for id_, number in sort_orders.items()]
        others = [strategy for strategy in self.state.strategies if strategy.id not in sort_orders]
        old, new = self.state.strategies, in_order([*others, *moved])
        if _ids(old) == _ids(new):
            for strategy in moved:
                self.change(strategy)
            return
        for strategy in moved:
            store.save_strategy(
                self.unit.tx, self.flag.name, self.environment, self.state.strategy(strategy.id), strategy
            )
        self.state = replace(self.state, strategies=new)
        self.unit.record(
            StrategyOrderChanged(
                feature_name=self.flag.name,
                project=self.flag.project,
                environment=self.environment,
                tags=self.tags,
                data=StrategyOrderData(strategy_ids=_ids(new)),
                pre_data=StrategyOrderData(strategy_ids=_ids(old)),
            ),
            self.version,
        )

    def set_variants(self, variants: list[VariantData]) -> None:
        old = self.state.variants
        if variants == old:
            return
        self.state = replace(self.state, variants=variants)
        store.set_variants(self.unit.tx, self.flag.name, self.environment, variants)
        self.unit.record(
            FeatureEnvironmentVariantsUpdated(
                feature_name=self.flag.name,
                project=self.flag.project,
                environment=self.environment,
                tags=self.tags,
                data=VariantsData(variants=variants),
                pre_data=VariantsData(variants=old),
            ),
            self.version,
        )


def edit(unit: Unit, project: str, name: str, environment: str) -> Editor:
    """Locks a flag, to change it in one environment.

    Raises:
        NotFound: the project has no such flag or environment.
        FlagArchived: the flag has to be revived first.
    """
    flag, state, own = editing.load(unit.tx, project, name, environment)
    return Editor(unit, flag, environment, state, tuple(own))


def demand_room(unit: Unit, strategies: int) -> None:
    """Raises `LimitExceeded` when these are more strategies than a flag may have in an environment."""
    most = unit.limits.feature_environment_strategies
    if strategies > most:
        raise LimitExceeded(f"A flag has at most {most} strategies in an environment. Remove one first.")


def _ids(strategies: list[StrategyData]) -> list[str]:
    return [strategy.id for strategy in strategies]
