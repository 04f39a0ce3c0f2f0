"""What a request says of the changes that it makes, and what its answer says of them, in headers.

`X-Change-Reason` and `X-Change-Ticket` are text in UTF-8. Browsers send other bytes for whatever is not ASCII, so any
text may also be written as RFC 8187 has it for parameters: `UTF-8''Gr%C3%B6%C3%9Fe`. Bytes of another encoding are
refused, and never guessed.
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol
from urllib.parse import unquote_to_bytes

from flagkeeper.http.logging import REQUEST_ID
from flagkeeper.http.raw import Scope
from flagkeeper.kernel.change_context import LONGEST_REASON, LONGEST_TICKET, ChangeContext, check_reason, check_ticket
from flagkeeper.kernel.errors import BadData, Detail

REASON, TICKET, EVENTS = "X-Change-Reason", "X-Change-Ticket", "X-Flagkeeper-Events"
RECORDED = "recorded"
"""Where in its state a request keeps what it has recorded."""

_WRITTEN = "UTF-8, or `UTF-8''` and UTF-8 with percent signs"
ASKED = {
    REASON: f"Why: one line, at most {LONGEST_REASON} characters ({_WRITTEN}). It stands in the events.",
    TICKET: f"Where to read on: at most {LONGEST_TICKET} characters, written likewise.",
}
"""What documentation says about the headers of a change."""
ANSWERED = "The ids of the events that this has recorded: `4711`, `4711-4713`, or several, with commas. Absent: none."

_EXTENDED = re.compile(rb"(utf-8|iso-8859-1)'[\w-]*'(.*)", re.IGNORECASE | re.DOTALL)
_PERCENT = re.compile(rb"(?:[!#$&'()*+.^_`|~\w-]|%[0-9A-Fa-f]{2})*")
"""What JavaScript's `encodeURIComponent` writes, which is a little more than RFC 8187 has."""
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
"""A `traceparent` (W3C Trace Context). One that is none is to be ignored, says the standard."""


class Recorded(Protocol):
    """Events whose ids have no gap."""

    @property
    def first_id(self) -> int: ...
    @property
    def last_id(self) -> int: ...


def read_context(scope: Scope) -> ChangeContext:
    """What is true of all that a request changes.

    Raises:
        BadData: reason or ticket is not what it may be.
    """
    traces = _given(scope, b"traceparent")
    trace = _TRACE.fullmatch(traces[0]) if len(traces) == 1 else None
    return ChangeContext(
        reason=_text(scope, REASON, check_reason),
        ticket=_text(scope, TICKET, check_ticket),
        trace_id=trace[1].decode() if trace else REQUEST_ID.get() or None,
    )


def shown_ranges(recorded: Sequence[Recorded]) -> bytes:
    """Ranges of ids, both ends included, as the header has them; neighbours become one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted((each.first_id, each.last_id) for each in recorded):
        if joined and joined[-1][1] == first - 1:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in joined).encode()


def _given(scope: Scope, name: bytes) -> list[bytes]:
    return [value for key, value in scope["headers"] if key == name]


def _text(scope: Scope, name: str, check: Callable[[str, str], str]) -> str | None:
    given = _given(scope, name.lower().encode())
    if not given:
        return None
    path = f"/header/{name}"
    if len(given) > 1:
        raise _bad(name, "was given twice")
    try:
        return check(_decoded(given[0]), path)
    except UnicodeDecodeError as error:
        raise _bad(name, f"is not UTF-8. Send {_WRITTEN}, as in UTF-8''Gr%C3%B6%C3%9Fe") from error
    except BadData as error:
        raise _bad(name, f"cannot be used: {error.message}") from error


def _decoded(value: bytes) -> str:
    extended = _EXTENDED.fullmatch(value)
    if extended is None:
        return value.decode()
    if extended[1].upper() != b"UTF-8":
        raise BadData("It names an encoding that is not UTF-8.")
    if _PERCENT.fullmatch(extended[2]) is None:
        raise BadData("It has signs that must be written with percent signs.")
    return unquote_to_bytes(extended[2]).decode()


def _bad(name: str, problem: str) -> BadData:
    message = f"The header {name} {problem.rstrip('.')}."
    return BadData(message, Detail(message, f"/header/{name}"))
