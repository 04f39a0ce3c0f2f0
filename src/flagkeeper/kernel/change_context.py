"""What a change says about itself beside its events: why it is made, what led to it, and as part of what it runs."""

from enum import StrEnum

import msgspec

from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_REASON = 1_000
"""Characters."""
LONGEST_TICKET = 200


class CauseKind(StrEnum):
    """What sort of thing may lead to a change."""

    EVENT = "event"
    SCHEDULE = "schedule"
    SIGNAL = "signal"
    CHANGE_REQUEST = "change-request"


class Cause(msgspec.Struct, frozen=True):
    """What led to a change."""

    kind: str
    """A `CauseKind`; what is read may be of a release that knows more of them."""
    id: str
    """Which one of that kind."""


class OriginKind(StrEnum):
    """As part of what a change runs: the `groupType` of its events."""

    DIRECT = "transaction"
    """Nothing else: somebody asked for it. Unleash's name."""
    CHANGE_REQUEST = "change-request"
    SCHEDULE = "schedule"
    IMPORT = "import"
    REVERT = "revert"


class Origin(msgspec.Struct, frozen=True):
    """What a change is part of.

    Args:
        group_id: the `groupId` of its events, no other origin's. None: each change gets one of its own.
    """

    kind: OriginKind = OriginKind.DIRECT
    group_id: str | None = None


class ChangeContext(msgspec.Struct, frozen=True, kw_only=True):
    """What is true of all changes of one request, one command, or one run of a job."""

    reason: str | None = None
    """In one line of somebody's own words."""
    ticket: str | None = None
    """Where to read on: a number or an address in another system."""
    cause: Cause | None = None
    trace_id: str | None = None
    """Under which id other systems, and the lines of our own log, know the request."""
    origin: Origin = Origin()


NO_CONTEXT = ChangeContext()


def check_reason(text: str, path: str) -> str:
    """The reason, without blanks around it. `path` says in errors where it stands.

    Raises:
        BadData: it is empty, too long, or more than one plain line.
    """
    return _checked(text, path, LONGEST_REASON)


def check_ticket(text: str, path: str) -> str:
    """The same for a ticket."""
    return _checked(text, path, LONGEST_TICKET)


def _checked(text: str, path: str, longest: int) -> str:
    check_line(text, path)
    bare = text.strip()
    if not bare:
        raise BadData("It is empty: leave it out instead.", Detail("It is empty.", path))
    if len(bare) > longest:
        message = f"It has {len(bare)} characters, and may have {longest}."
        raise BadData(message, Detail(message, path))
    return bare
