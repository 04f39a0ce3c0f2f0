"""An import that is under way, and how its work is shared out. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.clock import Millis

WHOLE = 150
"""Rows, about, up to which an import is one unit, and one change for all who look."""
CHUNK = 60
"""Rows, about, that a unit of a larger import writes: some 30 ms, during which others wait."""


class Phase(StrEnum):
    STAGED = "staged"
    """What is to be done is still being put down. Should that end too early, nothing was imported."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """What it needed was changed meanwhile by somebody else; what was done stays."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An import that is, or was, under way."""

    id: str
    """And the `groupId` of its events."""
    phase: Phase
    done: int
    """Chunks."""
    total: int
    actor: Actor
    context: ChangeContext
    problem: str | None
    touched_at: Millis
    """When somebody last did some of it."""


class Piece(msgspec.Struct, frozen=True):
    """A step as it is stored, and about how many rows it writes."""

    text: bytes
    weight: int


def chunks_of(pieces: Sequence[Piece], size: int = CHUNK) -> list[list[Piece]]:
    """In order, as many together as fit; all of them, if they are few."""
    if sum(piece.weight for piece in pieces) <= WHOLE:
        return [list(pieces)] if pieces else []
    return list(_filled(pieces, size))


def _filled(pieces: Iterable[Piece], size: int) -> Iterable[list[Piece]]:
    chunk: list[Piece] = []
    room = size
    for piece in pieces:
        if chunk and piece.weight > room:
            yield chunk
            chunk, room = [], size
        chunk.append(piece)
        room -= piece.weight
    if chunk:
        yield chunk
