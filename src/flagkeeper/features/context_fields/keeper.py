"""The states of context fields, and the steps from one to another."""

from collections.abc import Iterable, Mapping, Sequence

from flagkeeper.eventlog.keeper import names
from flagkeeper.eventlog.step import Step
from flagkeeper.features.context_fields import queries, steps
from flagkeeper.features.context_fields.model import ContextFieldState
from flagkeeper.kernel.clock import to_iso
from flagkeeper.kernel.errors import InvalidOperation
from flagkeeper.storage.transaction import Transaction


class ContextFieldKeeper:
    """Of all context fields, `context-field/{name}`."""

    pattern = "context-field/{name}"
    state = ContextFieldState

    def read(self, tx: Transaction, paths: Sequence[str]) -> Mapping[str, ContextFieldState]:
        found = queries.fields_among(tx, [names(path, 1)[0] for path in paths])
        return {f"context-field/{each.name}": each.state() for each in found}

    def refers(self, _path: str, state: ContextFieldState) -> Iterable[str]:
        return [f"project/{state.field.project}"] if state.field.project else []

    def steps(self, path: str, now: ContextFieldState | None, then: ContextFieldState | None) -> list[Step]:
        (name,) = names(path, 1)
        if now == then:
            return []
        if now is None:
            return [Step(steps.RESTORE.name, then)] if then else []
        if then is None:
            return [Step(steps.DELETE.name, steps.Delete(name=name, project=now.field.project))]
        if now.created_at != then.created_at:
            raise InvalidOperation(
                f"The context field {name!r}, created at {to_iso(now.created_at)}, is another one than that of "
                f"{to_iso(then.created_at)}. Delete the one to get the other back."
            )
        wanted = steps.Update(name=name, project=now.field.project, change=then.change())
        return [Step(steps.UPDATE.name, wanted)]


KEEPERS = (ContextFieldKeeper(),)
