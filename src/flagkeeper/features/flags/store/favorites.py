"""Favourite flags of people."""

from typing import Any

from sqlalchemy import bindparam, delete, select

from flagkeeper.features.flags.tables import favorite_features
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_USERS = Query(
    select(favorite_features.c.user_id)
    .where(favorite_features.c.feature_name == bindparam("feature_name"))
    .order_by(favorite_features.c.user_id),
    int,
)
_ADD = Write[Any](upsert(favorite_features, key=["feature_name", "user_id"]))
_REMOVE = Write[Any](
    delete(favorite_features).where(
        favorite_features.c.feature_name == bindparam("feature_name"),
        favorite_features.c.user_id == bindparam("user_id"),
    )
)
_REMOVE_ALL = Write[Any](delete(favorite_features).where(favorite_features.c.feature_name == bindparam("feature_name")))


def users_of(tx: Transaction, flag: str) -> list[int]:
    """Whose favourite it is, sorted."""
    return tx.all(_USERS, feature_name=flag)


def add(tx: Transaction, flag: str, user_id: int) -> bool:
    """False when it is one already."""
    return tx.write(_ADD, feature_name=flag, user_id=user_id) > 0


def remove(tx: Transaction, flag: str, user_id: int) -> bool:
    """False when it is none."""
    return tx.write(_REMOVE, feature_name=flag, user_id=user_id) > 0


def remove_all(tx: Transaction, flag: str) -> None:
    tx.write(_REMOVE_ALL, feature_name=flag)
