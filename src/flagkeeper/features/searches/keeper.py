"""The states of saved searches, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.searches import queries, steps
from flagkeeper.features.searches.model import SearchState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class SearchKeeper:
    """Of all saved searches, `search/{id}`. The steps are for their owners, and where there is none for
    administrators."""

    pattern = "search/{id}"
    state = SearchState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, SearchState]:
        found = queries.searches_among(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"search/{each.id}": each.state() for each in found}

    def refers(self, _path: str, state: SearchState) -> Iterable[str]:
        return [] if state.search.user_id is None else [f"user/{state.search.user_id}"]

    def steps(self, path: str, now: SearchState | None, then: SearchState | None) -> list[Step]:
        id_ = int(names(path, 1)[0])
        if now is None:
            if then is None:
                return []
            then.creation()
            return [Step(steps.RESTORE.name, steps.Restore(state=then, as_admin=then.search.user_id is None))]
        as_admin = now.search.user_id is None
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(id=id_, as_admin=as_admin))]
        if then.search.user_id != now.search.user_id:
            raise InvalidOperation(
                "The search had another owner, and no operation gives a search to somebody. Save it anew instead."
            )
        if then.draft() == now.draft():
            return []
        return [Step(steps.UPDATE.name, steps.Update(id=id_, draft=then.draft(), as_admin=as_admin))]


KEEPERS = (SearchKeeper(),)
