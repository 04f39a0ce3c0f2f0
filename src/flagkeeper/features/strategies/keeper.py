"""The states of strategy definitions, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.strategies import queries, steps
from flagkeeper.features.strategies.model import StrategyState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class StrategyKeeper:
    """Of all strategy definitions, `strategy/{name}`."""

    pattern = "strategy/{name}"
    state = StrategyState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, StrategyState]:
        found = queries.strategies_among(tx, [names(path, 1)[0] for path in paths])
        return {f"strategy/{each.name}": each.state() for each in found}

    def refers(self, _path: str, _state: StrategyState) -> Iterable[str]:
        return []

    def steps(self, path: str, now: StrategyState | None, then: StrategyState | None) -> list[Step]:
        (name,) = names(path, 1)
        if now is not None and then is not None:
            return _between(name, now, then)
        if state := now or then:
            _demand_editable(state)
        if now is not None:
            return [Step(steps.DELETE.name, steps.Named(name=name))]
        return [Step(steps.CREATE.name, then.draft())] if then is not None else []


def _between(name: str, now: StrategyState, then: StrategyState) -> list[Step]:
    found: list[Step] = []
    if then.change() != now.change():
        _demand_editable(now)
        found.append(Step(steps.UPDATE.name, steps.Update(name=name, change=then.change())))
    if then.strategy.deprecated != now.strategy.deprecated:
        op = steps.DEPRECATE if then.strategy.deprecated else steps.REACTIVATE
        found.append(Step(op.name, steps.Named(name=name)))
    return found


def _demand_editable(state: StrategyState) -> None:
    if not state.strategy.editable:
        raise InvalidOperation(
            f"{state.strategy.name!r} is a built-in strategy: every SDK relies on it, so it stays as it is. It can be "
            "deprecated."
        )


KEEPERS = (StrategyKeeper(),)
