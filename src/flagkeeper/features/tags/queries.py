"""Reading tags and tag types, for everybody."""

from sqlalchemy import bindparam, select

from flagkeeper.eventlog.catalogue.payload import TagData
from flagkeeper.features.tags.model import TagType
from flagkeeper.features.tags.store import TAG_COLUMNS, TYPE_COLUMNS, to_tag, to_tag_type
from flagkeeper.features.tags.tables import tag_types, tags
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_TYPES = Query(select(*TYPE_COLUMNS).order_by(tag_types.c.name), to_tag_type)
_TYPE = Query(select(*TYPE_COLUMNS).where(tag_types.c.name == bindparam("name")), to_tag_type)
_TAGS = Query(select(*TAG_COLUMNS).order_by(tags.c.type, tags.c.value), to_tag)
_OF_TYPE = Query(select(*TAG_COLUMNS).where(tags.c.type == bindparam("type")).order_by(tags.c.value), to_tag)
_TAG = Query(select(*TAG_COLUMNS).where(tags.c.type == bindparam("type"), tags.c.value == bindparam("value")), to_tag)


def all_tag_types(tx: Transaction) -> list[TagType]:
    return tx.all(_TYPES)


def tag_type(tx: Transaction, name: str) -> TagType:
    """Raises `NotFound`."""
    found = tx.first(_TYPE, name=name)
    if found is None:
        raise NotFound(f"There is no tag type called {name!r}.")
    return found


def tag_type_exists(tx: Transaction, name: str) -> bool:
    return tx.first(_TYPE, name=name) is not None


def all_tags(tx: Transaction) -> list[TagData]:
    return tx.all(_TAGS)


def tags_of_type(tx: Transaction, type_: str) -> list[TagData]:
    """None for an unknown type."""
    return tx.all(_OF_TYPE, type=type_)


def tag(tx: Transaction, type_: str, value: str) -> TagData:
    """Raises `NotFound`."""
    found = tx.first(_TAG, type=type_, value=value)
    if found is None:
        raise NotFound(f"There is no tag {type_}:{value}.")
    return found
