"""Undertakings: begun, gone on with, given up. What their pieces do is recorded by those."""

from collections.abc import Callable

from msgspec.structs import replace

from flagkeeper.eventlog.archive.replacement import Replacement
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.undertakings import store
from flagkeeper.features.undertakings.model import Undertaking
from flagkeeper.kernel.errors import Conflict

Do = Callable[[Unit, bytes], bytes | None]
"""Does a piece of a step, and returns what is left of it. None: nothing."""


def begin(unit: Unit, subject: str, step: bytes, do: Do) -> bool:
    """Does the first piece, and puts down what is left. False: that was all.

    Raises:
        Conflict: there is one about this subject already.
    """
    if store.lock(unit.tx, subject) is not None:
        raise Conflict(f"A change of {subject} is under way. Wait until it has ended, then look again.")
    left = do(unit, step)
    if left is None:
        return False
    new = Undertaking(subject=subject, step=left, done=1, actor=unit.actor, context=unit.context, touched_at=unit.now)
    store.add(unit.tx, new)
    return True


def go_on(unit: Unit, subject: str, group_id: str | None, do: Do) -> bool:
    """Does the next piece of the undertaking whose events have this group, whoever did those before; what `do` raises
    undoes it. False: nothing is left."""
    found = store.lock(unit.tx, subject)
    if found is None or found.context.origin.group_id != group_id:
        return False
    left = do(unit, found.step)
    if left is None:
        store.remove(unit.tx, subject)
        return False
    store.save(unit.tx, replace(found, step=left, done=found.done + 1, touched_at=unit.now))
    return True


def give_up(unit: Unit, subject: str, group_id: str | None) -> None:
    """Ends one of which a piece cannot be done. What was done until then stays."""
    found = store.lock(unit.tx, subject)
    if found is not None and found.context.origin.group_id == group_id:
        store.remove(unit.tx, subject)


def forget_actors(unit: Unit, replacement: Replacement, _position: int) -> None:
    """Puts the pseudonym in the place of a person's name (`eventlog.archive.pseudonymiser.Elsewhere`)."""
    for each in store.every(unit.tx):
        if replacement.is_name(each.actor.name):
            store.save_actor(unit.tx, each.subject, replace(each.actor, name=replacement.pseudonym))
