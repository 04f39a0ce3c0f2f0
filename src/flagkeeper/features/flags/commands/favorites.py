"""Favourite flags. They are a person's own: nobody else makes or removes them."""

from flagkeeper.eventlog.catalogue.feature_relation import FavoriteFlagData, FeatureFavorited, FeatureUnfavorited
from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.flags.model.favorite import favorite_state
from flagkeeper.features.flags.store import favorites, flags
from flagkeeper.features.projects.model import person_of


def add(unit: Unit, name: str, project: str | None = None) -> None:
    """Of a certain project or any. Does nothing when it is one already.

    Raises:
        NotFound, FlagArchived: for the flag.
        Forbidden: a token that is nobody's has no favourites.
    """
    user_id = person_of(unit.actor)
    flags.load_active(unit.tx, name, project)
    if favorites.add(unit.tx, name, user_id):
        unit.record(
            FeatureFavorited(feature_name=name, data=FavoriteFlagData(feature=name)),
            favorite_state(favorites.users_of(unit.tx, name)),
        )


def remove(unit: Unit, name: str, project: str | None = None) -> None:
    """Does nothing when it is none. Raises `NotFound` or `Forbidden`."""
    user_id = person_of(unit.actor)
    flags.load(unit.tx, name, project)
    if favorites.remove(unit.tx, name, user_id):
        unit.record(
            FeatureUnfavorited(feature_name=name, data=FavoriteFlagData(feature=name)),
            favorite_state(favorites.users_of(unit.tx, name)),
        )
