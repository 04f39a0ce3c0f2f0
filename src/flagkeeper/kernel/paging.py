"""Pages of a list: `limit` and `offset`, in which order, and other whole numbers in a query."""

import re

import msgspec

from flagkeeper.kernel.errors import BadData, Detail

MAX_OFFSET = 2**63 - 1

_WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)


class Page(msgspec.Struct, frozen=True):
    """`limit` rows after skipping `offset`."""

    limit: int
    offset: int = 0


def read_page(limit: str | None, offset: str | None, *, default: int, largest: int) -> Page:
    """A page from query text. What is left out, or empty, is the default.

    Raises:
        BadData: `limit` is no whole number from 1 to `largest`, or `offset` none from 0 on.
    """
    return Page(
        read_whole("limit", limit, default=default, smallest=1, largest=largest),
        read_whole("offset", offset, default=0, smallest=0, largest=MAX_OFFSET),
    )


def read_whole(name: str, text: str | None, *, default: int, smallest: int, largest: int) -> int:
    """The whole number in the parameter `name`. Raises `BadData` as `read_page` does."""
    if not text:
        return default
    number = int(text) if _WHOLE.fullmatch(text) else None
    if number is None or not smallest <= number <= largest:
        raise _bad(name, f"takes a whole number from {smallest} to {largest}, not {text[:50]}")
    return number


def read_word(name: str, text: str | None, usual: str, other: str) -> bool:
    """Whether the parameter `name` says `other`, and not what is usual, in whatever case. Raises `BadData` if it says
    something else."""
    word = (text or usual).lower()
    if word not in (usual, other):
        raise _bad(name, f"is {usual} or {other}, not {word[:50]}")
    return word == other


def _bad(name: str, problem: str) -> BadData:
    return BadData(f"The parameter {name} {problem}.", Detail(f"{name} {problem}", f"/query/{name}"))
