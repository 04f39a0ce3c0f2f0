"""The states of groups, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.groups import queries, steps
from flagkeeper.features.groups.model import GroupState
from flagkeeper.storage.transaction import Transaction


class GroupKeeper:
    """Of all groups, `group/{id}`."""

    pattern = "group/{id}"
    state = GroupState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, GroupState]:
        found = queries.groups_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"group/{each.id}": each.state() for each in found}

    def refers(self, _path: str, state: GroupState) -> Iterable[str]:
        role = [] if state.root_role is None else [f"role/{state.root_role}"]
        return [*role, *(f"user/{each}" for each in state.users)]

    def steps(self, path: str, now: GroupState | None, then: GroupState | None) -> list[Step]:
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(id=int(names(path, 1)[0])))]
        if now is None:
            return [Step(steps.RESTORE.name, then)]
        return [Step(steps.RESET.name, then)]


KEEPERS = (GroupKeeper(),)
