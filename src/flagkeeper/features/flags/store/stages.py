"""What usage says of the life of flags, for commands."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from flagkeeper.features.flags.tables import feature_stages, features
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import any_of, upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_NOT_PRE_LIVE = Query(
    select(features.c.name)
    .outerjoin(feature_stages, feature_stages.c.feature_name == features.c.name)
    .where(any_of(features.c.name, "names"), feature_stages.c.pre_live_at.is_(None))
    .order_by(features.c.name),
    str,
)


def _enter(column: str) -> Write[Any]:
    """Another server may have been first: then its moment stays."""
    new = insert(feature_stages)
    first = func.coalesce(feature_stages.c[column], new.excluded[column])
    return Write[Any](new.on_conflict_do_update(index_elements=["feature_name"], set_={column: first}))


_PRE_LIVE, _LIVE = _enter("pre_live_at"), _enter("live_at")
_BEGIN_AGAIN = Write[Any](upsert(feature_stages, key=["feature_name"], update=["revived_at", "pre_live_at", "live_at"]))


def not_pre_live(tx: Transaction, names: Sequence[str]) -> list[str]:
    """Those of the flags that nobody has asked for."""
    return tx.all(_NOT_PRE_LIVE, names=list(names))


def enter_pre_live(tx: Transaction, names: Sequence[str], at: Millis) -> None:
    tx.write_many(_PRE_LIVE, [_row(name, pre_live_at=at) for name in names])


def enter_live(tx: Transaction, names: Sequence[str], at: Millis) -> None:
    tx.write_many(_LIVE, [_row(name, live_at=at) for name in names])


def begin_again(tx: Transaction, flag: str, at: Millis) -> None:
    """A flag that was revived has not been asked for yet."""
    tx.write(_BEGIN_AGAIN, **_row(flag, revived_at=at))


def _row(flag: str, **moments: Millis) -> dict[str, Any]:
    return {"feature_name": flag, "revived_at": None, "pre_live_at": None, "live_at": None, **moments}
