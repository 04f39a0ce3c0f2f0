"""Who has a project among their favourites. Pure."""

from typing import ClassVar

from flagkeeper.eventlog.version import Gone, Snapshot, State
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.errors import Forbidden


class FavoriteProjectState(Snapshot, frozen=True, kw_only=True):
    """A version of who has a project among their favourites; when nobody has, there is no such subject."""

    kind: ClassVar = "favorite-project"
    users: list[int]
    """Their ids, sorted."""


def favorite_state(users: list[int]) -> State:
    return FavoriteProjectState(users=users) if users else Gone(FavoriteProjectState)


def person_of(actor: Actor) -> int:
    """The id of the user that `actor` is, for what is a person's own. Raises `Forbidden` for a token of nobody's."""
    if actor.user_id <= 0:
        raise Forbidden("Favourites are a person's own. Log in, or use a personal access token.")
    return actor.user_id


def demand_own(actor: Actor, user_id: int) -> None:
    """Raises `Forbidden` unless the actor is that user."""
    if person_of(actor) != user_id:
        raise Forbidden("Favourites are a person's own: nobody else can make or remove them.")
