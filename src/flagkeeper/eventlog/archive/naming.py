"""Under which names the log knows somebody who has an id: as the author of events, and in what they say of users."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import bindparam, or_, select

from flagkeeper.eventlog.archive.archive import Archive
from flagkeeper.eventlog.catalogue.access import UserCreated, UserDeleted, UserUpdated
from flagkeeper.eventlog.read import EVENT_COLUMNS, EventRow
from flagkeeper.eventlog.tables import events
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

TYPES = [kind.about.type for kind in (UserCreated, UserUpdated, UserDeleted)]


class _Said(msgspec.Struct, frozen=True):
    """What a payload says of a user."""

    id: int | None = None
    name: str | None = None
    email: str | None = None
    username: str | None = None


_ABOUT_USER = Query(
    select(*EVENT_COLUMNS).where(
        events.c.id >= bindparam("first"),
        events.c.id <= bindparam("last"),
        or_(events.c.created_by_user_id == bindparam("user"), any_of(events.c.type, "types")),
    ),
    EventRow,
)


def names_in_database(tx: Transaction, user_id: int, first: int, last: int) -> set[str]:
    """The names that the events from `first` to `last` have for a user."""
    return _names(tx.all(_ABOUT_USER, first=first, last=last, user=user_id, types=TYPES), user_id)


def names_in_archive(tx: Transaction, archive: Archive, user_id: int, first: int, last: int) -> set[str]:
    """The same of archived events."""
    return _names(archive.about_user(tx, user_id, TYPES, first, last), user_id)


def _names(rows: Iterable[EventRow], user_id: int) -> set[str]:
    names: set[str] = set()
    for row in rows:
        if row.created_by_user_id == user_id:
            names.add(row.created_by)
        if row.type in TYPES:
            for payload in (row.data, row.pre_data):
                names |= _said(payload, user_id)
    return names


def _said(payload: str | None, user_id: int) -> set[str]:
    try:
        said = msgspec.json.decode(payload or "{}", type=_Said)
    except msgspec.MsgspecError:
        # An imported event of another shape says nothing that could be understood.
        return set()
    return {name for name in (said.name, said.email, said.username) if name} if said.id == user_id else set()
