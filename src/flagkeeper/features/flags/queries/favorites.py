"""Whose favourites flags are."""

from collections.abc import Mapping, Set

from sqlalchemy import bindparam, select

from flagkeeper.features.flags.model.favorite import FavoriteFlagState
from flagkeeper.features.flags.store.favorites import users_of
from flagkeeper.features.flags.tables import favorite_features
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_OF_USER = Query(
    select(favorite_features.c.feature_name).where(favorite_features.c.user_id == bindparam("user_id")), str
)


def favorite_flags(tx: Transaction, user_id: int) -> Set[str]:
    """The favourites of a person; nothing for tokens, which are nobody's."""
    return frozenset(tx.all(_OF_USER, user_id=user_id)) if user_id > 0 else frozenset()


def favorite_states(tx: Transaction, flags: list[str]) -> Mapping[str, FavoriteFlagState]:
    """By subject; a flag that is nobody's favourite is left out."""
    users = ((flag, users_of(tx, flag)) for flag in flags)
    return {f"favorite-flag/{flag}": FavoriteFlagState(users=found) for flag, found in users if found}
