"""What an event says beside what happened: why, what led to it, and with what kind of credential. Pure.

It is stored as JSON text in one column, `more`, which is null in events that say nothing of this: those of releases
that did not know it, and imported ones.
"""

import msgspec

from flagkeeper.kernel.actor import Actor
from flagkeeper.kernel.change_context import Cause, ChangeContext


class More(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """The column `more`. The names are those under which events show it. What is absent is not known."""

    reason: str | None = None
    ticket: str | None = None
    cause: Cause | None = None
    actor_kind: str | None = None
    """A `kernel.actor.ActorKind`; what is read may be of a release that knows more of them."""
    credential_id: str | None = None
    trace_id: str | None = None

    def text(self) -> str | None:
        """As it is stored."""
        return None if self == NOTHING else _encode(self).decode()


NOTHING = More()
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(More).decode


def read_more(text: str | None) -> More:
    """What the column holds."""
    return NOTHING if text is None else _decode(text)


def more_of(actor: Actor, context: ChangeContext) -> More:
    """What the events of a change say."""
    return More(
        reason=context.reason,
        ticket=context.ticket,
        cause=context.cause,
        actor_kind=actor.kind,
        credential_id=actor.credential_id,
        trace_id=context.trace_id,
    )
