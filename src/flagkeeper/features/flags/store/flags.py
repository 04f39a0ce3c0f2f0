"""Flags themselves."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select, update

from flagkeeper.eventlog.catalogue.payload import VariantData, by_name
from flagkeeper.features.flags.model.flag import Flag, Rollup
from flagkeeper.features.flags.tables import feature_environments, feature_last_seen, feature_stages, features
from flagkeeper.kernel.errors import FlagArchived, NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = tuple(features.c[name] for name in Flag.__struct_fields__)

LOCK = Query(select(*COLUMNS).where(features.c.name == bindparam("feature_name")).with_for_update(), Flag)
COUNT_ALL = Query(select(func.count()).select_from(features), int)
_COUNT = Query(select(func.count()).select_from(features).where(features.c.archived_at.is_(None)), int)
_COUNT_OF_PROJECT = Query(
    select(func.count())
    .select_from(features)
    .where(features.c.archived_at.is_(None), features.c.project == bindparam("project")),
    int,
)
_NAMES_OF_PROJECT = Query(select(features.c.name).where(features.c.project == bindparam("project")), str)
_LAST_SEEN = (
    select(func.max(feature_last_seen.c.at))
    .where(feature_last_seen.c.feature_name == bindparam("feature_name"))
    .scalar_subquery()
)
_VARIANTS = (
    select(feature_environments.c.variants)
    .where(feature_environments.c.feature_name == bindparam("feature_name"), feature_environments.c.variants != "[]")
    .order_by(feature_environments.c.environment)
    .limit(1)
    .scalar_subquery()
)
_ROLLUP = Query(
    select(_LAST_SEEN, _VARIANTS),
    lambda at, variants: Rollup(
        last_seen_at=at, variants=by_name(msgspec.json.decode(variants or "[]", type=list[VariantData]))
    ),
)
_FIXED = ("created_at", "created_by", "created_by_user_id")
_VALUES: dict[str, Any] = {
    name: bindparam("feature_name" if name == "name" else name) for name in Flag.__struct_fields__
}
_INSERT = Write[Any](upsert(features, key=["name"]).values(_VALUES))
_UPDATE = Write[Any](
    update(features)
    .where(features.c.name == bindparam("feature_name"))
    .values({name: bindparam(name) for name in Flag.__struct_fields__ if name not in ("name", *_FIXED)})
)
_DELETE = Write[Any](delete(features).where(features.c.name == bindparam("feature_name")))
_FORGET = tuple(
    Write[Any](delete(table).where(table.c.feature_name == bindparam("feature_name")))
    for table in (feature_last_seen, feature_stages)
)


def find(tx: Transaction, name: str) -> Flag | None:
    """The flag, locked until the unit ends: whoever changes a flag, or anything of it, holds this lock."""
    return tx.first(LOCK, feature_name=name)


def load(tx: Transaction, name: str, project: str | None = None) -> Flag:
    """The flag, archived or not, locked until the unit ends.

    Raises:
        NotFound: there is no such flag, or it belongs to another project than `project`.
    """
    return demanded(find(tx, name), name, project)


def demanded(flag: Flag | None, name: str, project: str | None) -> Flag:
    """The flag that was looked for. Raises `NotFound` when it is not there."""
    if flag is None or project not in (None, flag.project):
        where = "" if project is None else f" in project {project!r}"
        raise NotFound(f"There is no flag called {name!r}{where}.")
    return flag


def load_active(tx: Transaction, name: str, project: str | None = None) -> Flag:
    """Raises also `FlagArchived`, when the flag has to be revived before it can be changed."""
    return active(load(tx, name, project))


def active(flag: Flag) -> Flag:
    """The flag, if it can be changed. Raises `FlagArchived`."""
    if flag.archived_at is not None:
        raise FlagArchived(f"The flag {flag.name!r} is archived. Revive it first.")
    return flag


def rollup(tx: Transaction, name: str) -> Rollup:
    return tx.first(_ROLLUP, feature_name=name) or Rollup()


def are_as_many_as(tx: Transaction, limit: int, counted: int) -> bool:
    """Whether so many flags are in use, given what `COUNT_ALL` counted: archived ones too, which SQLite does without
    reading them."""
    return counted >= limit and (tx.first(_COUNT) or 0) >= limit


def count(tx: Transaction, project: str) -> int:
    """Flags in use of a project."""
    return tx.first(_COUNT_OF_PROJECT, project=project) or 0


def names_of_project(tx: Transaction, project: str) -> list[str]:
    """Archived flags too."""
    return sorted(tx.all(_NAMES_OF_PROJECT, project=project))


def add(tx: Transaction, flag: Flag) -> bool:
    """False when the name is taken, if only by an archived flag; then nothing happens."""
    return tx.write(_INSERT, **_row(flag)) > 0


def save(tx: Transaction, flag: Flag) -> None:
    row = _row(flag)
    for fixed in _FIXED:
        del row[fixed]
    tx.write(_UPDATE, **row)


def remove(tx: Transaction, name: str) -> None:
    """With all that hangs on it."""
    for forget in _FORGET:
        tx.write(forget, feature_name=name)
    tx.write(_DELETE, feature_name=name)


def _row(flag: Flag) -> dict[str, Any]:
    row = msgspec.structs.asdict(flag)
    row["feature_name"] = row.pop("name")
    return row
