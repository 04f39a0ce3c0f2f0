"""Server-Sent Events, as browsers' `EventSource` reads them.

Events of the log have no `event:` field, so that they arrive as plain messages (`onmessage`) and nobody has to name 181
types in advance; what type an event has stands in it. Only what the stream says of itself has one: `reset` and `end`.
"""

import msgspec

from flagkeeper.eventlog.read import EventRow, View
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.readmodels.views.listed import listed

RETRY = 2_000
"""Milliseconds after which a client whose connection broke should come back."""

_LARGEST_ID = 2**63 - 1
_encode = msgspec.json.Encoder().encode


class Mark(msgspec.Struct, frozen=True):
    """A place in a log: everything up to the event `position` is behind it. On the wire `<epoch>-<position>`."""

    epoch: str
    position: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.position}"


def read_mark(text: str, place: str = "/headers/Last-Event-ID") -> Mark:
    """The place that a client was told, and now comes back with. `place`: where the request has it.

    Raises:
        BadData: it is none of ours.
    """
    epoch, _, position = text.rpartition("-")
    if not epoch or not position.isascii() or not position.isdecimal() or len(position) > len(str(_LARGEST_ID)):
        problem = "must be the id of a message of this stream, as it was received"
        raise BadData(f"Last-Event-ID {problem}.", Detail(f"Last-Event-ID {problem}", place))
    return Mark(epoch, min(int(position), _LARGEST_ID))


def message(mark: Mark, row: EventRow, view: View) -> bytes:
    """One event, as lists show it, in one line."""
    return b"id: %b\ndata: %b\n\n" % (str(mark).encode(), _in_one_line(_encode(listed(row, view))))


def beginning(mark: Mark) -> bytes:
    """What comes first."""
    return b"retry: %d\n%b" % (RETRY, here(mark))


def here(mark: Mark) -> bytes:
    """A sign of life. The client dispatches nothing, but remembers where it is: it will not have to be looked for."""
    return b": still here\nid: %b\n\n" % str(mark).encode()


def reset(mark: Mark) -> bytes:
    """The log that the client knew is gone, a backup is in its place; the stream goes on from now."""
    return b"event: reset\nid: %b\ndata: %b\n\n" % (str(mark).encode(), _encode({"after": mark.position}))


def end(name: str, reason: str) -> bytes:
    """The stream was ended by the server, and coming back the same way is of no use."""
    return b"event: end\ndata: %b\n\n" % _encode({"name": name, "message": reason})


def _in_one_line(document: bytes) -> bytes:
    """Stored payloads may have been written with line breaks between their values; inside values JSON has none."""
    return document.replace(b"\n", b" ").replace(b"\r", b" ")
