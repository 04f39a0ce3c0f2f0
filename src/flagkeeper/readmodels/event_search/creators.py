"""Who caused events, with the names that people have today (facts: endpoints-events.md, section 5)."""

from sqlalchemy import select

from flagkeeper.eventlog import read
from flagkeeper.eventlog.read import Creator, EventFilter
from flagkeeper.features.users.tables import users
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, SYSTEM_USER_ID
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_RESERVED = {SYSTEM_USER_ID: "Flagkeeper System", ADMIN_TOKEN_USER_ID: "Admin tokens"}

_NAMES = Query(
    select(users.c.id, users.c.name, users.c.email, users.c.username).where(any_of(users.c.id, "ids")),
    lambda user_id, name, email, username: (int(user_id), name or email or username),
)


def all_creators(tx: Transaction, visible: EventFilter) -> list[Creator]:
    """By id. Somebody who was deleted keeps the name under which the newest event was recorded."""
    found = read.creators(tx, visible)
    today = dict(tx.all(_NAMES, ids=[creator.id for creator in found]))
    return [
        Creator(creator.id, _RESERVED.get(creator.id) or today.get(creator.id) or f"{creator.name} (deleted)")
        for creator in found
    ]
