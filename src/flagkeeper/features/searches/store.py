"""Loading and saving searches, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from flagkeeper.features.searches.model import SavedSearch
from flagkeeper.features.searches.tables import saved_searches
from flagkeeper.storage.sequences import next_id, sequences
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

SOME = 500
"""Searches that are looked through in one step."""

COLUMNS = (
    saved_searches.c.id,
    saved_searches.c.name,
    saved_searches.c.query,
    saved_searches.c.description,
    saved_searches.c.shared,
    saved_searches.c.user_id,
    saved_searches.c.created_by,
    saved_searches.c.created_at,
    saved_searches.c.updated_at,
)


def to_search(
    id_: int,
    name: str,
    query: str,
    description: str | None,
    shared: bool,
    user_id: int | None,
    created_by: str,
    created_at: int,
    updated_at: int,
) -> SavedSearch:
    """A row of `COLUMNS` as a search."""
    return SavedSearch(
        id=id_,
        name=name,
        query=query,
        description=description,
        shared=shared,
        user_id=user_id,
        created_by=created_by,
        created_at=created_at,
        updated_at=updated_at,
    )


_LOCK_NAMES = Query(select(sequences.c.last).where(sequences.c.name == "saved_searches").with_for_update(), int)
_BY_ID = Query(select(*COLUMNS).where(saved_searches.c.id == bindparam("id")).with_for_update(), to_search)
_OF_OWNER = Query(
    select(*COLUMNS)
    .where(saved_searches.c.user_id.is_not_distinct_from(bindparam("owner")))
    .order_by(saved_searches.c.id)
    .with_for_update(),
    to_search,
)
_AFTER = Query(
    select(*COLUMNS)
    .where(saved_searches.c.id > bindparam("position"))
    .order_by(saved_searches.c.id)
    .limit(SOME)
    .with_for_update(),
    to_search,
)
_INSERT = Write[Any](insert(saved_searches))
_UPDATE = Write[Any](
    update(saved_searches)
    .where(saved_searches.c.id == bindparam("id"))
    .values({column: bindparam(column.name) for column in COLUMNS[1:]})
)
_DELETE = Write[Any](delete(saved_searches).where(saved_searches.c.id == bindparam("id")))


def new_id(tx: Transaction) -> int:
    """Also takes the lock under which names of searches are compared."""
    return next_id(tx, "saved_searches")


def lock_names(tx: Transaction) -> None:
    """Takes that lock by itself."""
    tx.first(_LOCK_NAMES)


def load(tx: Transaction, search_id: int) -> SavedSearch | None:
    """The search, locked until the unit ends."""
    return tx.first(_BY_ID, id=search_id)


def of_owner(tx: Transaction, user_id: int | None) -> list[SavedSearch]:
    """All searches of a user, or all that are nobody's, locked until the unit ends."""
    return tx.all(_OF_OWNER, owner=user_id)


def some_after(tx: Transaction, position: int) -> list[SavedSearch]:
    """The next `SOME` searches after an id, locked until the unit ends."""
    return tx.all(_AFTER, position=position)


def add(tx: Transaction, search: SavedSearch) -> None:
    tx.write(_INSERT, **msgspec.structs.asdict(search))


def save(tx: Transaction, search: SavedSearch) -> None:
    tx.write(_UPDATE, **msgspec.structs.asdict(search))


def remove(tx: Transaction, search_id: int) -> None:
    tx.write(_DELETE, id=search_id)
