"""Types of flags, and which flags have outlived theirs."""

from sqlalchemy import select

from flagkeeper.features.flags.model.flag_type import FlagType, outlived
from flagkeeper.features.flags.store.types import COLUMNS, to_type
from flagkeeper.features.flags.tables import feature_types, features
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_ALL = Query(select(*COLUMNS).order_by(feature_types.c.sort_order), to_type)
_AGES = Query(
    select(features.c.name, features.c.type, features.c.created_at, features.c.potentially_stale).where(
        features.c.archived_at.is_(None), features.c.stale.is_(False)
    ),
    lambda name, type_, created_at, marked: (str(name), str(type_), int(created_at), bool(marked)),
)


def all_types(tx: Transaction) -> list[FlagType]:
    return tx.all(_ALL)


def lifetimes(tx: Transaction) -> dict[str, int | None]:
    """Days by type."""
    return {each.id: each.lifetime_days for each in all_types(tx)}


def outdated_staleness(tx: Transaction, now: Millis) -> list[str]:
    """Flags in use whose mark "potentially stale" is not what their age and type say now."""
    days = lifetimes(tx)
    ages = tx.all(_AGES)
    return sorted(name for name, type_, born, marked in ages if outlived(born, days.get(type_), now) != marked)
