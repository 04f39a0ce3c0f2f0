"""Who made the flags of a project."""

from sqlalchemy import bindparam, func, select

from flagkeeper.features.flags.tables import features
from flagkeeper.features.projects import queries as projects
from flagkeeper.storage.statement import Query
from flagkeeper.storage.transaction import Transaction

_CREATORS = Query(
    select(features.c.created_by_user_id, func.max(features.c.created_by))
    .where(features.c.project == bindparam("project"))
    .group_by(features.c.created_by_user_id)
    .order_by(features.c.created_by_user_id),
    lambda id_, name: (int(id_), str(name)),
)


def flag_creators(tx: Transaction, project: str) -> list[tuple[int, str]]:
    """Id and name of everybody who made a flag that the project has, archived ones too. Raises `NotFound`."""
    projects.project(tx, project)
    return tx.all(_CREATORS, project=project)
