"""The states of users, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.users import queries, steps
from flagkeeper.features.users.model.user import UserChange, UserState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class UserKeeper:
    """Of all users, `user/{id}`."""

    pattern = "user/{id}"
    state = UserState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, UserState]:
        found = queries.users_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"user/{seen.user.id}": seen.user.state() for seen in found}

    def refers(self, _path: str, state: UserState) -> Iterable[str]:
        return [f"role/{state.root_role}"]

    def steps(self, path: str, now: UserState | None, then: UserState | None) -> list[Step]:
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(id=int(names(path, 1)[0])))]
        if now is None:
            return [Step(steps.RESTORE.name, then)]
        if now.username != then.username:
            raise InvalidOperation(f"The username of user {then.id} cannot be changed. Create another user instead.")
        change = now.change_to(then)
        return [Step(steps.UPDATE.name, steps.Update(id=then.id, change=change))] if change != UserChange() else []


KEEPERS = (UserKeeper(),)
