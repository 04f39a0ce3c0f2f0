"""How many of a server's live tails one caller may hold. Pure."""

from collections.abc import Collection

from flagkeeper.http.caller import Caller, Holder
from flagkeeper.kernel.errors import RateLimited, Unavailable

PARTS = 10
"""One caller has a tenth of all places, and administrators a tenth that nobody else can take."""
SMALLEST = 5
"""Places that one caller has at least: a few windows of a browser."""
FULL = 10
"""Seconds after which a client that was refused may try again."""


def demand_place(taken: Collection[Holder], caller: Caller, most: int) -> None:
    """Whether there is room for one more.

    Args:
        taken: who holds the places that are taken, once for each place.
        caller: who wants one.
        most: places of the server.

    Raises:
        RateLimited: the caller has its share.
        Unavailable: all places are taken that it could have.
    """
    share = max(SMALLEST, most // PARTS)
    if sum(each == caller.holder for each in taken) >= share:
        raise RateLimited(f"You follow the log {share} times already on this server. End one of them first.", FULL)
    if len(taken) >= (most if caller.is_admin else most - most // PARTS):
        raise Unavailable("Too many live tails are open on this server. Try again later.")
