"""What changing a flag in an environment begins with, in one round trip."""

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.model.environment import FlagEnvironment
from flagkeeper.features.flags.model.flag import Flag
from flagkeeper.features.flags.store import environments, flags, tags
from flagkeeper.storage.transaction import Transaction


def load(tx: Transaction, project: str, name: str, environment: str) -> tuple[Flag, FlagEnvironment, list[Tag]]:
    """A flag, locked until the unit ends, its state in an environment, and its tags. The state is read after the lock
    was taken.

    Raises:
        NotFound: the project has no such flag or environment.
        FlagArchived: the flag has to be revived first.
    """
    found, states, own = tx.together(
        (flags.LOCK, {"feature_name": name}),
        (environments.ONE, {"feature_name": name, "environment": environment}),
        (tags.OF_FLAG, {"feature_name": name}),
    )
    flag = flags.active(flags.demanded(found[0] if found else None, name, project))
    return flag, environments.one_of(states, name, environment), tags.in_order(own)
