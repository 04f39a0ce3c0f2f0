"""The states of environments, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import UNSET

from flagkeeper.eventlog.catalogue.payload import EnvironmentData
from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.environments import queries, steps
from flagkeeper.features.environments.model import EnvironmentChange, EnvironmentDraft, EnvironmentState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class EnvironmentKeeper:
    """Of all environments, `environment/{name}`."""

    pattern = "environment/{name}"
    state = EnvironmentState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, EnvironmentState]:
        found = queries.environments_among(tx, [names(path, 1)[0] for path in paths])
        return {f"environment/{each.name}": each.state() for each in found}

    def refers(self, _path: str, _state: EnvironmentState) -> Iterable[str]:
        return []

    def steps(self, path: str, now: EnvironmentState | None, then: EnvironmentState | None) -> list[Step]:
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE.name, steps.Named(name=names(path, 1)[0]))]
        if then.environment.protected != (now is not None and now.environment.protected):
            raise InvalidOperation("No operation changes the protection of an environment.")
        return [_creation(then)] if now is None else _changes(now.environment, then.environment)


def _creation(then: EnvironmentState) -> Step:
    wanted = then.environment
    draft = EnvironmentDraft(
        name=wanted.name,
        type=wanted.type,
        enabled=wanted.enabled,
        sort_order=wanted.sort_order,
        required_approvals=wanted.required_approvals,
    )
    return Step(steps.CREATE.name, draft)


def _changes(before: EnvironmentData, after: EnvironmentData) -> list[Step]:
    found: list[Step] = []
    if after.enabled != before.enabled:
        turn = steps.TURN_ON if after.enabled else steps.TURN_OFF
        found.append(Step(turn.name, steps.Named(name=after.name)))
    change = EnvironmentChange(
        type=UNSET if after.type == before.type else after.type,
        sort_order=UNSET if after.sort_order == before.sort_order else after.sort_order,
        required_approvals=UNSET if after.required_approvals == before.required_approvals else after.required_approvals,
    )
    if change != EnvironmentChange():
        found.append(Step(steps.UPDATE.name, steps.Update(name=after.name, change=change)))
    return found


KEEPERS = (EnvironmentKeeper(),)
