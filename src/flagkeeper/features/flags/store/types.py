"""Types of flags."""

from typing import Any

from sqlalchemy import bindparam, select, update

from flagkeeper.features.flags.model.flag_type import FlagType
from flagkeeper.features.flags.tables import feature_types
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    feature_types.c.id,
    feature_types.c.name,
    feature_types.c.description,
    feature_types.c.lifetime_days,
    feature_types.c.sort_order,
)


def to_type(id_: str, name: str, description: str, lifetime_days: int | None, sort_order: int) -> FlagType:
    """A row of `COLUMNS` as a type."""
    return FlagType(id=id_, name=name, description=description, lifetime_days=lifetime_days, sort_order=sort_order)


_LOCK = Query(select(*COLUMNS).where(feature_types.c.id == bindparam("id")).with_for_update(), to_type)
_INSERT = Write[Any](upsert(feature_types, key=["id"]))
_SET_LIFETIME = Write[Any](
    update(feature_types).where(feature_types.c.id == bindparam("id")).values(lifetime_days=bindparam("lifetime_days"))
)


def load(tx: Transaction, type_id: str) -> FlagType:
    """The type, locked until the unit ends. Raises `NotFound`."""
    found = tx.first(_LOCK, id=type_id)
    if found is None:
        raise NotFound(f"There is no flag type {type_id!r}.")
    return found


def add(tx: Transaction, flag_type: FlagType) -> None:
    """Does nothing when it is there already."""
    tx.write(
        _INSERT,
        id=flag_type.id,
        name=flag_type.name,
        description=flag_type.description,
        lifetime_days=flag_type.lifetime_days,
        sort_order=flag_type.sort_order,
    )


def set_lifetime(tx: Transaction, type_id: str, days: int | None) -> None:
    tx.write(_SET_LIFETIME, id=type_id, lifetime_days=days)
