"""Reading banners."""

from collections.abc import Sequence

from sqlalchemy import select

from flagkeeper.features.banners.model import Banner
from flagkeeper.features.banners.store import to_banner
from flagkeeper.features.banners.tables import banners
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(banners).order_by(banners.c.id.desc()), to_banner)
_BY_IDS = Query(select(banners).where(any_of(banners.c.id, "ids")), to_banner)


def all_banners(tx: Transaction) -> list[Banner]:
    """The newest first, also those that are off."""
    return tx.all(_ALL)


def banners_among(tx: Transaction, ids: Sequence[int]) -> list[Banner]:
    """Those of `ids` that exist."""
    return tx.all(_BY_IDS, ids=list(ids))


def not_found(banner_id: int) -> NotFound:
    return NotFound(f"There is no banner with the id {banner_id}.")
