"""The states of requests for access. What has been decided is not undone here: accounts have steps of their own."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.access_requests import queries
from flagkeeper.features.access_requests.model import AccessRequestState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class AccessRequestKeeper:
    """Of all open requests, `user-access-request/{id}`."""

    pattern = "user-access-request/{id}"
    state = AccessRequestState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, AccessRequestState]:
        found = queries.requests_of(tx, [names(path, 1)[0] for path in paths])
        return {f"user-access-request/{each.id}": each.state() for each in found}

    def refers(self, _path: str, _state: AccessRequestState) -> Iterable[str]:
        return ()

    def steps(self, _path: str, now: AccessRequestState | None, then: AccessRequestState | None) -> list[Step]:
        if now == then:
            return []
        if now is None:
            raise InvalidOperation("Nobody asks for access in the place of somebody else. They can ask again.")
        raise InvalidOperation("A request for access ends when somebody approves or rejects it.")


KEEPERS = (AccessRequestKeeper(),)
