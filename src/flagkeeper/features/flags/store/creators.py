"""Who created flags."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select, update

from flagkeeper.features.flags.tables import features
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_CREATORS = Query(
    select(features.c.name, features.c.created_by).order_by(features.c.name),
    lambda name, created_by: (str(name), str(created_by)),
)
_RENAME = Write[Any](
    update(features).where(features.c.name == bindparam("feature_name")).values(created_by=bindparam("new_name"))
)


def creators(tx: Transaction) -> list[tuple[str, str]]:
    """Pairs of flag, archived ones too, and creator."""
    return tx.all(_CREATORS)


def rename(tx: Transaction, flags: Iterable[str], created_by: str) -> None:
    tx.write_many(_RENAME, [{"feature_name": flag, "new_name": created_by} for flag in flags])
