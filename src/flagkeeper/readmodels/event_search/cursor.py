"""Cursors: where a page ends, as opaque text. Pure."""

import base64
import re
from typing import Literal

import msgspec

from flagkeeper.kernel.errors import BadData, Detail

Side = Literal["older", "newer"]

_TEXT = re.compile(r"(older|newer)\.([1-9]\d{0,18})\.(\w+)", re.ASCII)


class Cursor(msgspec.Struct, frozen=True):
    """Stands beside the event `id`, and goes on to what is older or newer than it."""

    side: Side
    id: int
    epoch: str
    """Of which log: after a backup was restored, an id may be another event's."""

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(f"{self.side}.{self.id}.{self.epoch}".encode()).decode().rstrip("=")

    def demand(self, epoch: str) -> None:
        """Raises `BadData` unless the cursor is of the log `epoch`."""
        if self.epoch != epoch:
            raise _bad("belongs to the log as it was before a backup was restored. Begin again without a cursor.")


def read_cursor(text: str) -> Cursor:
    """Raises `BadData` for what was never a cursor."""
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        plain = ""
    match = _TEXT.fullmatch(plain)
    if match is None:
        raise _bad("is no cursor: take it from `next` or `prev` of another page.")
    return Cursor("older" if match[1] == "older" else "newer", int(match[2]), match[3])


def _bad(problem: str) -> BadData:
    return BadData(f"The parameter cursor {problem}", Detail(f"cursor {problem}", "/query/cursor"))
