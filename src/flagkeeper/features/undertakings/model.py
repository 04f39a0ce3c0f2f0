"""What an undertaking is. Pure."""

import msgspec

from flagkeeper.eventlog.step import Step
from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import ChangeContext
from flagkeeper.kernel.clock import Millis

PIECE = 50
"""About as many events, or rows that are as much work, are one piece: some 20 ms, during which others wait."""

Left = Step | None
"""What the operation of an undertaking returns: the step that does the rest, or None when all is done."""


class Undertaking(msgspec.Struct, frozen=True, kw_only=True):
    """A change of which a part has been done."""

    subject: str
    """What is changed as a whole, as a path: there is one undertaking about it at a time."""
    step: bytes
    """What is left to do."""
    done: int
    """Pieces."""
    actor: Actor
    """Who asked for it."""
    context: ChangeContext
    touched_at: Millis
    """When the last piece was done."""
