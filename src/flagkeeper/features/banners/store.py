"""Loading and saving banners, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from flagkeeper.features.banners.model import Banner
from flagkeeper.features.banners.tables import banners
from flagkeeper.storage.sequences import next_id
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

_NAMES = tuple(column.name for column in banners.c)


def to_banner(*values: Any) -> Banner:
    """A row as a banner."""
    return Banner(**dict(zip(_NAMES, values, strict=True)))


_BY_ID = Query(select(banners).where(banners.c.id == bindparam("id")).with_for_update(), to_banner)
_COUNT = Query(select(func.count()).select_from(banners), int)
_INSERT = Write[Any](insert(banners))
_UPDATE = Write[Any](
    update(banners)
    .where(banners.c.id == bindparam("id"))
    .values({name: bindparam(name) for name in _NAMES if name != "id"})
)
_DELETE = Write[Any](delete(banners).where(banners.c.id == bindparam("id")))


def new_id(tx: Transaction) -> int:
    return next_id(tx, "banners")


def count(tx: Transaction) -> int:
    return tx.first(_COUNT) or 0


def load(tx: Transaction, banner_id: int) -> Banner | None:
    """The banner, locked until the unit ends."""
    return tx.first(_BY_ID, id=banner_id)


def add(tx: Transaction, banner: Banner) -> None:
    tx.write(_INSERT, **msgspec.structs.asdict(banner))


def save(tx: Transaction, banner: Banner) -> None:
    tx.write(_UPDATE, **msgspec.structs.asdict(banner))


def remove(tx: Transaction, banner_id: int) -> None:
    tx.write(_DELETE, id=banner_id)
