"""Loading and saving tags and tag types, for commands. Private to this slice."""

from typing import Any

from sqlalchemy import bindparam, delete, select, update

from flagkeeper.eventlog.catalogue.event import Tag
from flagkeeper.features.tags.model import TagType
from flagkeeper.features.tags.tables import tag_types, tags
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

TYPE_COLUMNS = (tag_types.c.name, tag_types.c.description, tag_types.c.icon, tag_types.c.color)


def to_tag_type(name: str, description: str, icon: str | None, color: str | None) -> TagType:
    """A row of `TYPE_COLUMNS` as a tag type."""
    return TagType(name=name, description=description, icon=icon, color=color)


_TYPE = select(*TYPE_COLUMNS).where(tag_types.c.name == bindparam("name"))
_TYPE_LOCKED = Query(_TYPE.with_for_update(), to_tag_type)
_TYPE_SHARED = Query(_TYPE.with_for_update(read=True), to_tag_type)
_INSERT_TYPE = Write[Any](upsert(tag_types, key=["name"]))
_UPDATE_TYPE = Write[Any](
    update(tag_types)
    .where(tag_types.c.name == bindparam("name"))
    .values(description=bindparam("description"), icon=bindparam("icon"), color=bindparam("color"))
)
_DELETE_TYPE = Write[Any](delete(tag_types).where(tag_types.c.name == bindparam("name")))
_INSERT = Write[Any](upsert(tags, key=["type", "value"]))
_DELETE = Write[Any](delete(tags).where(tags.c.type == bindparam("type"), tags.c.value == bindparam("value")))


def load_type(tx: Transaction, name: str) -> TagType | None:
    """The tag type, locked until the unit ends. Whoever deletes it or a tag of it holds this lock."""
    return tx.first(_TYPE_LOCKED, name=name)


def hold_type(tx: Transaction, name: str) -> TagType | None:
    """The tag type, which nobody may change until the unit ends, nor delete a tag of it; many may hold it at once."""
    return tx.first(_TYPE_SHARED, name=name)


def add_type(tx: Transaction, tag_type: TagType) -> bool:
    """False when the name is taken; then nothing happens."""
    return tx.write(_INSERT_TYPE, **_row(tag_type)) > 0


def save_type(tx: Transaction, tag_type: TagType) -> None:
    tx.write(_UPDATE_TYPE, **_row(tag_type))


def remove_type(tx: Transaction, name: str) -> None:
    tx.write(_DELETE_TYPE, name=name)


def add(tx: Transaction, tag: Tag) -> bool:
    """False when there is such a tag; then nothing happens."""
    return tx.write(_INSERT, type=tag.type, value=tag.value) > 0


def remove(tx: Transaction, tag: Tag) -> bool:
    """False when there is no such tag."""
    return tx.write(_DELETE, type=tag.type, value=tag.value) > 0


def _row(tag_type: TagType) -> dict[str, Any]:
    return {
        "name": tag_type.name,
        "description": tag_type.description,
        "icon": tag_type.icon,
        "color": tag_type.color,
    }
