"""Tags on flags."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, delete, select

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.flags.tables import feature_tags
from flagkeeper.features.tags.queries import color_of, to_tag
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

OF_FLAG = Query(
    select(feature_tags.c.type, feature_tags.c.value, color_of(feature_tags.c.type)).where(
        feature_tags.c.feature_name == bindparam("feature_name")
    ),
    to_tag,
)
_FLAGS = Query(
    select(feature_tags.c.feature_name).where(
        feature_tags.c.type == bindparam("type"), feature_tags.c.value == bindparam("value")
    ),
    str,
)
_ADD = Write[Any](upsert(feature_tags, key=["feature_name", "type", "value"]))
_REMOVE = Write[Any](
    delete(feature_tags).where(
        feature_tags.c.feature_name == bindparam("feature_name"),
        feature_tags.c.type == bindparam("type"),
        feature_tags.c.value == bindparam("value"),
    )
)


def tags_of(tx: Transaction, flag: str) -> list[Tag]:
    """In the order of type and value."""
    return in_order(tx.all(OF_FLAG, feature_name=flag))


def flags_with(tx: Transaction, tag: Tag) -> list[str]:
    """Archived flags too, sorted."""
    return sorted(tx.all(_FLAGS, type=tag.type, value=tag.value))


def add(tx: Transaction, flag: str, tag: Tag) -> None:
    tx.write(_ADD, feature_name=flag, type=tag.type, value=tag.value)


def remove(tx: Transaction, flag: str, tag: Tag) -> None:
    tx.write(_REMOVE, feature_name=flag, type=tag.type, value=tag.value)


def in_order(tags: Iterable[Tag]) -> list[Tag]:
    return sorted(tags, key=lambda tag: (tag.type, tag.value))
