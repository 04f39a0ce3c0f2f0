"""Loading and saving context fields, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, select, update

from flagkeeper.eventlog.catalogue.context import LegalValue
from flagkeeper.features.context_fields.model import ContextField
from flagkeeper.features.context_fields.tables import context_fields
from flagkeeper.kernel.clock import Millis
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = tuple(context_fields.c[name] for name in ContextField.__struct_fields__)
_CHANGING = ("description", "legal_values", "stickiness", "sort_order", "project")
_values = msgspec.json.Decoder(list[LegalValue]).decode


def to_field(
    name: str,
    description: str | None,
    legal_values: str,
    stickiness: bool,
    sort_order: int,
    project: str | None,
    created_at: Millis,
) -> ContextField:
    """A row of `COLUMNS` as a field."""
    return ContextField(
        name=name,
        description=description,
        legal_values=_values(legal_values),
        stickiness=stickiness,
        sort_order=sort_order,
        project=project,
        created_at=created_at,
    )


_BY_NAME = Query(select(*COLUMNS).where(context_fields.c.name == bindparam("name")).with_for_update(), to_field)
_OF_PROJECT = Query(
    select(*COLUMNS)
    .where(context_fields.c.project == bindparam("project"))
    .order_by(context_fields.c.name)
    .with_for_update(),
    to_field,
)
_ADD = Write[Any](upsert(context_fields, key=["name"]))
_SAVE = Write[Any](
    update(context_fields)
    .where(context_fields.c.name == bindparam("name"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_REMOVE = Write[Any](delete(context_fields).where(context_fields.c.name == bindparam("name")))


def find(tx: Transaction, name: str) -> ContextField | None:
    """The field, locked until the unit ends."""
    return tx.first(_BY_NAME, name=name)


def of_project(tx: Transaction, project: str) -> list[ContextField]:
    """Those that belong to it, locked until the unit ends."""
    return tx.all(_OF_PROJECT, project=project)


def add(tx: Transaction, field: ContextField) -> bool:
    """False when the name is taken; then nothing happens."""
    return tx.write(_ADD, **_row(field)) > 0


def save(tx: Transaction, field: ContextField) -> None:
    row = _row(field)
    del row["created_at"]
    tx.write(_SAVE, **row)


def remove(tx: Transaction, name: str) -> None:
    tx.write(_REMOVE, name=name)


def _row(field: ContextField) -> dict[str, Any]:
    row = msgspec.structs.asdict(field)
    row["legal_values"] = msgspec.json.encode(field.legal_values).decode()
    return row
