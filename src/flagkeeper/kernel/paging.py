"""Pages of a list: `limit` and `offset` as Unleash reads them."""

import msgspec

MAX_OFFSET = 2**63 - 1


class Page(msgspec.Struct, frozen=True):
    """`limit` rows after skipping `offset`."""

    limit: int
    offset: int = 0


def read_page(limit: str | None, offset: str | None, *, default: int, largest: int) -> Page:
    """A page from query text. What is out of range or no number falls back to the default, as Unleash does it."""
    size = _whole(limit)
    skip = _whole(offset)
    return Page(
        size if size is not None and 1 <= size <= largest else default,
        skip if skip is not None and 0 < skip <= MAX_OFFSET else 0,
    )


def _whole(text: str | None) -> int | None:
    if text is None or len(text) > 19 or not text.lstrip("-").isascii() or not text.lstrip("-").isdigit():
        return None
    return int(text)
