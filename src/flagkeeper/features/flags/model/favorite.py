"""Whose favourite a flag is. Pure."""

from typing import ClassVar

from flagkeeper.eventlog.version import Gone, Snapshot, State


class FavoriteFlagState(Snapshot, frozen=True, kw_only=True):
    """A version of who has a flag among their favourites; when nobody has, there is no such subject."""

    kind: ClassVar = "favorite-flag"
    users: list[int]
    """Their ids, sorted."""


def favorite_state(users: list[int]) -> State:
    return FavoriteFlagState(users=users) if users else Gone(FavoriteFlagState)
