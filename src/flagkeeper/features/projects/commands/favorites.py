"""Who has a project among their favourites."""

from flagkeeper.eventlog.catalogue.project import FavoriteProjectData, ProjectFavorited, ProjectUnfavorited
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.projects import queries, store
from flagkeeper.features.projects.model import favorite_state, person_of


def add_favorite(unit: Unit, project_id: str) -> None:
    """Makes a project a favourite of the actor's; does nothing when it is one. Raises `NotFound`, or `Forbidden` for a
    token that is nobody's."""
    user_id = person_of(unit.actor)
    queries.lock_shared(unit.tx, project_id)
    if store.add_favorite(unit.tx, project_id, user_id):
        unit.record(
            ProjectFavorited(project=project_id, data=FavoriteProjectData(project=project_id)),
            favorite_state(store.favorite_of(unit.tx, project_id)),
        )


def remove_favorite(unit: Unit, project_id: str) -> None:
    """Does nothing when it is none. Raises `NotFound` or `Forbidden`, as `add_favorite`."""
    user_id = person_of(unit.actor)
    queries.lock_shared(unit.tx, project_id)
    if store.remove_favorite(unit.tx, project_id, user_id):
        unit.record(
            ProjectUnfavorited(project=project_id, data=FavoriteProjectData(project=project_id)),
            favorite_state(store.favorite_of(unit.tx, project_id)),
        )
