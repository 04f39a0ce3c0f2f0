"""The states of integrations, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.integrations.config import queries, steps
from flagkeeper.integrations.config.model import IntegrationState, definition_of, is_same
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class IntegrationKeeper:
    """Of all integrations, `integration/{id}`."""

    pattern = "integration/{id}"
    state = IntegrationState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, IntegrationState]:
        found = queries.integrations_of(tx, [int(names(path, 1)[0]) for path in paths])
        return {f"integration/{each.id}": each.state() for each in found}

    def refers(self, _path: str, _state: IntegrationState) -> Iterable[str]:
        """Nothing: what an integration is limited to may be gone, or yet to come."""
        return ()

    def steps(self, path: str, now: IntegrationState | None, then: IntegrationState | None) -> list[Step]:
        if now == then:
            return []
        if then is None:
            return [Step(steps.DELETE.name, steps.ById(id=int(names(path, 1)[0])))]
        if now is None:
            then.restored()
            return [Step(steps.RESTORE.name, steps.Restore(state=then))]
        _demand_kept(now, then)
        return [Step(steps.UPDATE.name, steps.Update(id=then.id, draft=then.draft()))]


def _demand_kept(now: IntegrationState, then: IntegrationState) -> None:
    """Whether everything that `then` takes is still there.

    Raises:
        InvalidOperation: something is not; the message says what.
    """
    if now.parameters is None or then.parameters is None:
        raise InvalidOperation(f"Nobody knows which parameters the integration {then.id} had. Set them by hand.")
    lost = [name for name, entry in then.entries.items() if now.entries.get(name) != entry]
    if lost:
        raise InvalidOperation(
            f"The integration {then.id} had other secrets then, and nobody has them any more: "
            f"{', '.join(sorted(lost))}. Enter them anew, and set the rest by hand."
        )
    definition = definition_of(then.provider)
    address_is_secret = definition.where is not None and definition.where.sensitive
    if then.entries and not address_is_secret and not is_same(definition, now.parameters, then.parameters):
        raise InvalidOperation(
            f"The integration {then.id} had another address then, and its secrets go to nobody but whom they were "
            "entered for. Set the address by hand, and enter them anew."
        )


KEEPERS = (IntegrationKeeper(),)
