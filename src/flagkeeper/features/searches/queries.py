"""Reading saved searches, for everybody who may see them."""

from sqlalchemy import bindparam, or_, select

from flagkeeper.features.searches.model import Asker, SavedSearch, named
from flagkeeper.features.searches.store import COLUMNS, to_search
from flagkeeper.features.searches.tables import saved_searches
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_VISIBLE = Query(
    select(*COLUMNS)
    .where(or_(saved_searches.c.shared, saved_searches.c.user_id == bindparam("owner")))
    .order_by(saved_searches.c.name, saved_searches.c.id),
    to_search,
)
_SHARED = Query(
    select(*COLUMNS).where(saved_searches.c.shared).order_by(saved_searches.c.name, saved_searches.c.id), to_search
)
_BY_IDS = Query(select(*COLUMNS).where(any_of(saved_searches.c.id, "ids")), to_search)
_BY_ID = Query(select(*COLUMNS).where(saved_searches.c.id == bindparam("id")), to_search)


def searches_for(tx: Transaction, asker: Asker) -> list[SavedSearch]:
    """The asker's own and all shared ones, by name."""
    return tx.all(_VISIBLE, owner=asker.user_id)


def search_for(tx: Transaction, search_id: int, asker: Asker) -> SavedSearch:
    """Raises `NotFound`, also for what the asker may not see."""
    found = tx.first(_BY_ID, id=search_id)
    if found is None or not found.is_seen_by(asker):
        raise NotFound(f"There is no search with the id {search_id}.")
    return found


def shared_search(tx: Transaction, wanted: str) -> SavedSearch:
    """The shared search that is meant. Raises what `named` does."""
    return named(tx.all(_SHARED), wanted)


def searches_among(tx: Transaction, ids: list[int]) -> list[SavedSearch]:
    """Those of `ids` that exist, whoever may see them."""
    return tx.all(_BY_IDS, ids=ids)
