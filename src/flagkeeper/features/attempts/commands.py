"""Counting attempts."""

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.attempts import store
from flagkeeper.features.attempts.model import FORGOTTEN, PASSWORD, WINDOW, Tried, in_window, right, wrong


def count(unit: Unit, tried: Tried, who: str, most: int) -> None:
    """Counts one attempt of those who come from a network, `who`. Raises `RateLimited` when it is one too many."""
    known = store.find(unit.tx, tried, who)
    new = in_window(tried, most, known, unit.now)
    if known is None:
        store.make_room(unit.tx, tried, unit.now)
    store.save(unit.tx, tried, who, new, new.since + WINDOW)


def try_password(unit: Unit, account: str) -> None:
    """Counts one attempt as wrong, until `was_right`: many at once are not more than one after the other.

    Raises:
        RateLimited: too many were wrong.
    """
    known = store.find(unit.tx, PASSWORD, account)
    new = wrong(known, unit.now)
    if known is None:
        store.make_room(unit.tx, PASSWORD, unit.now)
    store.save(unit.tx, PASSWORD, account, new, new.since + FORGOTTEN)


def was_right(unit: Unit, account: str) -> None:
    known = store.find(unit.tx, PASSWORD, account)
    if known is not None:
        store.save(unit.tx, PASSWORD, account, right(known), known.since + FORGOTTEN)
