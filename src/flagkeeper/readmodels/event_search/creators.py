"""Who caused events, with the names that people have today."""

import msgspec
from sqlalchemy import select

from flagkeeper.eventlog.query.conditions import Field
from flagkeeper.features.users.tables import users
from flagkeeper.kernel.actor import ADMIN_TOKEN_USER_ID, NO_LOGIN_USER_ID, OPERATOR_USER_ID, SYSTEM_USER_ID
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


class Creator(msgspec.Struct, frozen=True):
    """Somebody who caused events."""

    id: int
    name: str


_RESERVED = {
    SYSTEM_USER_ID: "Flagkeeper System",
    ADMIN_TOKEN_USER_ID: "Admin tokens",
    OPERATOR_USER_ID: "Operators at the terminal",
    NO_LOGIN_USER_ID: "Anybody, without a login",
}

_NAMES = Query(
    select(users.c.id, users.c.name, users.c.email, users.c.username).where(any_of(users.c.id, "ids")),
    lambda user_id, name, email, username: (int(user_id), name or email or username),
)


def all_creators(tx: Transaction, log: Log) -> list[Creator]:
    """By id. Somebody who was deleted keeps the name under which the newest event was recorded."""
    newest = {int(user): event_id for user, event_id in log.search.newest_of(tx, log.visibility, Field.USER).items()}
    today = {**dict(tx.all(_NAMES, ids=sorted(newest))), **_RESERVED}
    gone = {user: event_id for user, event_id in newest.items() if not today.get(user)}
    last_name = {row.created_by_user_id: row.created_by for row in log.rows.of(tx, sorted(gone.values()))}
    return [Creator(user, today.get(user) or f"{last_name[user]} (deleted)") for user in sorted(newest)]
