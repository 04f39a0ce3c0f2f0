"""Who has worked on a flag."""

from collections.abc import Iterable

from sqlalchemy import bindparam, func, select

from flagkeeper.eventlog.tables import events, log_subjects, log_versions
from flagkeeper.kernel.actor import SYSTEM
from flagkeeper.storage.dialects import any_of
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_WHO = Query(
    select(events.c.created_by_user_id, func.max(events.c.created_by))
    .join(log_versions, log_versions.c.event_id == events.c.id)
    .join(log_subjects, log_subjects.c.id == log_versions.c.subject_id)
    .where(any_of(log_subjects.c.path, "paths"), events.c.created_by_user_id != bindparam("system"))
    .group_by(events.c.created_by_user_id)
    .order_by(events.c.created_by_user_id),
    lambda id_, name: (int(id_), str(name)),
)


def collaborators(tx: Transaction, flag: str, environments: Iterable[str]) -> list[tuple[int, str]]:
    """Id and name of everybody who changed a flag, or what it is in an environment, as far as the database still has
    the events."""
    paths = [f"flag/{flag}", *(f"flag/{flag}/{environment}" for environment in environments)]
    return tx.all(_WHO, paths=paths, system=SYSTEM.user_id)
