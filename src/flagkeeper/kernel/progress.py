"""How long work says how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Told how much is done, and how much there is in all: of what, the work says (events, rows, bytes)."""


def untold(_done: int, _total: int) -> None:
    """A `Progress` for work that nobody watches."""
