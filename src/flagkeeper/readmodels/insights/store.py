"""Keeping what insights are made of. Private to this read model."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert

from flagkeeper.readmodels.insights.model import Added, ProjectUsage, ProjectWeek, Users
from flagkeeper.readmodels.insights.tables import project_week_counts, project_week_usage, project_weeks, user_days
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Write
from flagkeeper.storage.transaction import Transaction

_BY_WEEK = (project_week_counts, project_weeks, project_week_usage)
_new = insert(project_week_counts)
_ADD = Write[Any](
    _new.on_conflict_do_update(
        index_elements=["project", "week", "counted", "name"],
        set_={"number": project_week_counts.c.number + _new.excluded.number},
    )
)
_OF_PROJECT = tuple(Write[Any](delete(table).where(table.c.project == bindparam("gone"))) for table in _BY_WEEK)
_SET_WEEK = Write[Any](
    upsert(
        project_weeks,
        key=["project", "week"],
        update=["at", "flags", "stale", "potentially_stale", "members", "days_to_production"],
    )
)
_SET_USAGE = Write[Any](
    upsert(
        project_week_usage,
        key=["project", "week"],
        update=["at", "yes", "no", "applications", "flags", "environments"],
    )
)
_SET_USERS = Write[Any](upsert(user_days, key=["day"], update=["at", "people", "active"]))
_OLD = tuple(Write[Any](delete(table).where(table.c.week < bindparam("before"))) for table in _BY_WEEK)
_OLD_DAYS = Write[Any](delete(user_days).where(user_days.c.day < bindparam("before")))


def add(tx: Transaction, added: Added) -> None:
    """Rows are written in the order of their keys."""
    for each in _OF_PROJECT:
        tx.write_many(each, [{"gone": project} for project in sorted(added.gone)])
    tx.write_many(_ADD, [{**key._asdict(), "number": number} for key, number in sorted(added.numbers.items())])


def set_weeks(tx: Transaction, weeks: Sequence[ProjectWeek]) -> None:
    tx.write_many(_SET_WEEK, [each._asdict() for each in sorted(weeks)])


def set_usage(tx: Transaction, usage: Sequence[ProjectUsage]) -> None:
    tx.write_many(_SET_USAGE, [each._asdict() for each in sorted(usage)])


def set_users(tx: Transaction, users: Users) -> None:
    tx.write(_SET_USERS, **users._asdict())


def forget(tx: Transaction, week: int, day: int) -> None:
    """Forgets what was before a week, and before a day."""
    for each in _OLD:
        tx.write(each, before=week)
    tx.write(_OLD_DAYS, before=day)
