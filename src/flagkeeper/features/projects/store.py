"""Loading and saving projects and their environments, for commands. Private to this slice."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, func, select, update

from flagkeeper.eventlog.catalogue.payload import FeatureNaming, LinkTemplate, by_name
from flagkeeper.eventlog.catalogue.project import DefaultStrategyData
from flagkeeper.features.projects.model import Mode, Project
from flagkeeper.features.projects.tables import favorite_projects, project_environments, projects
from flagkeeper.kernel.errors import NotFound
from flagkeeper.storage.dialects import upsert
from flagkeeper.storage.statement import Query, Write
from flagkeeper.storage.transaction import Transaction

COLUMNS = (
    projects.c.id,
    projects.c.name,
    projects.c.description,
    projects.c.mode,
    projects.c.default_stickiness,
    projects.c.feature_limit,
    projects.c.feature_naming_pattern,
    projects.c.feature_naming_example,
    projects.c.feature_naming_description,
    projects.c.link_templates,
    projects.c.created_at,
    projects.c.updated_at,
    projects.c.archived_at,
)


def to_project(*row: Any) -> Project:
    """A row of `COLUMNS` as a project."""
    id_, name, description, mode, stickiness, limit, pattern, example, meaning, links, created, updated, archived = row
    return Project(
        id=id_,
        name=name,
        description=description,
        mode=Mode(mode),
        default_stickiness=stickiness,
        feature_limit=limit,
        feature_naming=FeatureNaming(pattern=pattern, example=example, description=meaning),
        link_templates=msgspec.json.decode(links, type=list[LinkTemplate]),
        created_at=created,
        updated_at=updated,
        archived_at=archived,
    )


def to_strategy(stored: str | None) -> DefaultStrategyData | None:
    if stored is None:
        return None
    strategy = msgspec.json.decode(stored, type=DefaultStrategyData)
    return msgspec.structs.replace(strategy, variants=by_name(strategy.variants))


_LOCKED = Query(
    select(*COLUMNS).where(projects.c.id == bindparam("id"), projects.c.archived_at.is_(None)).with_for_update(),
    to_project,
)
_ANY_LOCKED = Query(select(*COLUMNS).where(projects.c.id == bindparam("id")).with_for_update(), to_project)
_IDS = Query(select(projects.c.id), str)
_COUNT = Query(select(func.count()).select_from(projects).where(projects.c.archived_at.is_(None)), int)
_INSERT = Write[Any](upsert(projects, key=["id"]))
_CHANGING = (
    *("name", "description", "mode", "default_stickiness", "feature_limit", "feature_naming_pattern"),
    *(
        "feature_naming_example",
        "feature_naming_description",
        "link_templates",
        "created_at",
        "updated_at",
        "archived_at",
    ),
)
_UPDATE = Write[Any](
    update(projects).where(projects.c.id == bindparam("id")).values({name: bindparam(name) for name in _CHANGING})
)
_DELETE = Write[Any](delete(projects).where(projects.c.id == bindparam("id")))
_ATTACHED = Query(
    select(project_environments.c.environment, project_environments.c.default_strategy).where(
        project_environments.c.project == bindparam("project")
    ),
    lambda environment, strategy: (str(environment), to_strategy(strategy)),
)
_ATTACH = Write[Any](upsert(project_environments, key=["project", "environment"]))
_ONE = (
    project_environments.c.project == bindparam("project"),
    project_environments.c.environment == bindparam("environment"),
)
_USERS = Query(
    select(favorite_projects.c.user_id)
    .where(favorite_projects.c.project == bindparam("project"))
    .order_by(favorite_projects.c.user_id),
    int,
)
_ADD_FAVORITE = Write[Any](upsert(favorite_projects, key=["project", "user_id"]))
_REMOVE_FAVORITE = Write[Any](
    delete(favorite_projects).where(
        favorite_projects.c.project == bindparam("project"), favorite_projects.c.user_id == bindparam("user_id")
    )
)
_REMOVE_FAVORITES = Write[Any](delete(favorite_projects).where(favorite_projects.c.project == bindparam("project")))
_DETACH = Write[Any](delete(project_environments).where(*_ONE))
_SET_STRATEGY = Write[Any](
    update(project_environments).where(*_ONE).values(default_strategy=bindparam("default_strategy"))
)


def load(tx: Transaction, project_id: str) -> Project:
    """The project, locked until the unit ends.

    Raises:
        NotFound: there is no such project, or it is archived.
    """
    found = tx.first(_LOCKED, id=project_id)
    if found is None:
        raise NotFound(f"There is no project with the id {project_id!r}.")
    return found


def find(tx: Transaction, project_id: str) -> Project | None:
    """The project, archived or not, locked until the unit ends."""
    return tx.first(_ANY_LOCKED, id=project_id)


def ids(tx: Transaction) -> set[str]:
    """Of all projects, archived ones too."""
    return set(tx.all(_IDS))


def count(tx: Transaction) -> int:
    """How many projects are in use."""
    return tx.first(_COUNT) or 0


def add(tx: Transaction, project: Project) -> bool:
    """False when the id is taken, also by an archived project; then nothing happens."""
    return tx.write(_INSERT, **_row(project)) > 0


def save(tx: Transaction, project: Project) -> None:
    tx.write(_UPDATE, **_row(project))


def remove(tx: Transaction, project_id: str) -> None:
    tx.write(_DELETE, id=project_id)


def attached(tx: Transaction, project_id: str) -> dict[str, DefaultStrategyData | None]:
    """The project's environments, with the default strategy of each."""
    return dict(tx.all(_ATTACHED, project=project_id))


def attach(tx: Transaction, project_id: str, environment: str, strategy: DefaultStrategyData | None) -> bool:
    """False when the project has the environment already; then nothing happens."""
    return tx.write(_ATTACH, project=project_id, environment=environment, default_strategy=_stored(strategy)) > 0


def detach(tx: Transaction, project_id: str, environment: str) -> None:
    tx.write(_DETACH, project=project_id, environment=environment)


def set_strategy(tx: Transaction, project_id: str, environment: str, strategy: DefaultStrategyData | None) -> None:
    tx.write(_SET_STRATEGY, project=project_id, environment=environment, default_strategy=_stored(strategy))


def _stored(strategy: DefaultStrategyData | None) -> str | None:
    return None if strategy is None else msgspec.json.encode(strategy).decode()


def _row(project: Project) -> dict[str, Any]:
    return {
        "id": project.id,
        "created_at": project.created_at,
        "name": project.name,
        "description": project.description,
        "mode": project.mode,
        "default_stickiness": project.default_stickiness,
        "feature_limit": project.feature_limit,
        "feature_naming_pattern": project.feature_naming.pattern,
        "feature_naming_example": project.feature_naming.example,
        "feature_naming_description": project.feature_naming.description,
        "link_templates": msgspec.json.encode(project.link_templates).decode(),
        "updated_at": project.updated_at,
        "archived_at": project.archived_at,
    }


def favorite_of(tx: Transaction, project: str) -> list[int]:
    """Whose favourite a project is, sorted."""
    return tx.all(_USERS, project=project)


def add_favorite(tx: Transaction, project: str, user_id: int) -> bool:
    """False when it is one already."""
    return tx.write(_ADD_FAVORITE, project=project, user_id=user_id) > 0


def remove_favorites(tx: Transaction, project: str) -> None:
    """Everybody's."""
    tx.write(_REMOVE_FAVORITES, project=project)


def remove_favorite(tx: Transaction, project: str, user_id: int) -> bool:
    """False when it is none."""
    return tx.write(_REMOVE_FAVORITE, project=project, user_id=user_id) > 0
