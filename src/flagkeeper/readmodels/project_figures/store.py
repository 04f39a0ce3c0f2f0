"""Keeping the figures of projects. Private to this read model."""

from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import Insert, insert

from flagkeeper.readmodels.project_figures.model import Added, Day
from flagkeeper.readmodels.project_figures.tables import flag_first_enabled, project_days, project_health_days
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction


def _add_day() -> Insert:
    new = insert(project_days)
    return new.on_conflict_do_update(
        index_elements=["project", "day"],
        set_={name: project_days.c[name] + new.excluded[name] for name in Day._fields},
    )


_ADD_DAY = Write[Any](_add_day())
_FIRST_ENABLED = Write[Any](upsert(flag_first_enabled, key=["feature_name", "environment"]))
_FORGET_FLAG = Write[Any](delete(flag_first_enabled).where(flag_first_enabled.c.feature_name == bindparam("flag")))
_BY_DAY = (project_days, project_health_days)
_OF_PROJECT = tuple(Write[Any](delete(table).where(table.c.project == bindparam("gone"))) for table in _BY_DAY)
_SET_HEALTH = Write[Any](upsert(project_health_days, key=["project", "day"], update=["health"]))
_OLD = tuple(Write[Any](delete(table).where(table.c.day < bindparam("before"))) for table in _BY_DAY)


def add(tx: Transaction, added: Added) -> None:
    """Rows are written in the order of their keys."""
    tx.write_many(_FORGET_FLAG, [{"flag": flag} for flag in sorted(added.gone_flags)])
    for each in _OF_PROJECT:
        tx.write_many(each, [{"gone": project} for project in sorted(added.gone_projects)])
    tx.write_many(
        _ADD_DAY,
        [
            {"project": project, "day": day, **counted._asdict()}
            for (project, day), counted in sorted(added.days.items())
        ],
    )
    tx.write_many(
        _FIRST_ENABLED,
        [
            {"feature_name": flag, "environment": environment, "at": at}
            for (flag, environment), at in sorted(added.first_enabled.items())
        ],
    )


def set_health(tx: Transaction, day: int, health: dict[str, int]) -> None:
    """By project."""
    rows = [{"project": project, "day": day, "health": each} for project, each in sorted(health.items())]
    tx.write_many(_SET_HEALTH, rows)


def forget(tx: Transaction, before: int) -> None:
    """Forgets the days before one."""
    for each in _OLD:
        tx.write(each, before=before)
