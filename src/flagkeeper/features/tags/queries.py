"""Reading tags and tag types, for everybody."""

from msgspec import UNSET
from sqlalchemy import ColumnElement, ScalarSelect, bindparam, select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.tags.model import TagType
from flagkeeper.features.tags.store import TYPE_COLUMNS, to_tag_type
from flagkeeper.features.tags.tables import tag_types, tags
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction


def to_tag(type_: str, value: str, color: str | None) -> Tag:
    """A tag with the colour of its type."""
    return Tag(type_, value, UNSET if color is None else color)


def color_of(type_: ColumnElement[str]) -> ScalarSelect[str | None]:
    """For queries that read tags: the column beside it, which `to_tag` takes."""
    return select(tag_types.c.color).where(tag_types.c.name == type_).scalar_subquery()


_TYPES = Query(select(*TYPE_COLUMNS).order_by(tag_types.c.name), to_tag_type)
_TYPE = Query(select(*TYPE_COLUMNS).where(tag_types.c.name == bindparam("name")), to_tag_type)
_COLORED = select(tags.c.type, tags.c.value, color_of(tags.c.type))
_TAGS = Query(_COLORED.order_by(tags.c.type, tags.c.value), to_tag)
_OF_TYPE = Query(_COLORED.where(tags.c.type == bindparam("type")).order_by(tags.c.value), to_tag)
_TAG = Query(_COLORED.where(tags.c.type == bindparam("type"), tags.c.value == bindparam("value")), to_tag)

_TYPES_BY_NAMES = Query(select(*TYPE_COLUMNS).where(any_of(tag_types.c.name, "names")), to_tag_type)
_AMONG = Query(_COLORED.where(any_of(tags.c.type, "types"), any_of(tags.c.value, "values")), to_tag)


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


def all_tags(tx: Transaction) -> list[Tag]:
    return tx.all(_TAGS)


def tags_of_type(tx: Transaction, type_: str) -> list[Tag]:
    """None for an unknown type."""
    return tx.all(_OF_TYPE, type=type_)


def tag(tx: Transaction, type_: str, value: str) -> Tag:
    """Raises `NotFound`."""
    found = tx.first(_TAG, type=type_, value=value)
    if found is None:
        raise NotFound(f"There is no tag {type_}:{value}.")
    return found


def tag_types_among(tx: Transaction, names: list[str]) -> list[TagType]:
    """Those of `names` that exist."""
    return tx.all(_TYPES_BY_NAMES, names=names)


def tags_among(tx: Transaction, types: list[str], values: list[str]) -> list[Tag]:
    """Every tag that has one of these types and one of these values."""
    return tx.all(_AMONG, types=types, values=values)
