"""The states of sign-up links, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.signups import queries, steps
from flagkeeper.features.signups.model import InviteLinkState
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class InviteLinkKeeper:
    """Of all sign-up links, `invite-link/{id}`. None is ever deleted: events about users name them."""

    pattern = "invite-link/{id}"
    state = InviteLinkState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, InviteLinkState]:
        found = queries.links_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"invite-link/{link.id}": link.state() for link in found}

    def refers(self, _path: str, _state: InviteLinkState) -> Iterable[str]:
        return ()

    def steps(self, path: str, now: InviteLinkState | None, then: InviteLinkState | None) -> list[Step]:
        if now == then:
            return []
        id_ = int(names(path, 1)[0])
        if then is None:
            raise InvalidOperation(f"The sign-up link {id_} cannot be deleted. Disable it instead.")
        if now is None:
            raise InvalidOperation(f"The sign-up link {id_} cannot be brought back without its secret. Make a new one.")
        wanted = steps.SetLink(id=id_, enabled=then.enabled, expires_at=then.expires_at)
        return [Step(steps.SET.name, wanted)]


KEEPERS = (InviteLinkKeeper(),)
