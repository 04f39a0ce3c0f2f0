"""What a person has been shown of the web interface, and has answered. Pure."""

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail, NotFound

LONGEST_ID = 100
MOST_NOTES = 200
"""Of each kind and user."""


SUBSCRIPTIONS = ("productivity-report",)
"""Kinds of mails of which everybody chooses for themselves whether they want them."""


class Answered(msgspec.Struct, frozen=True):
    """A question for feedback that somebody has been asked."""

    feedback_id: str
    given_at: clock.Millis | None
    """When they answered it."""
    never_show: bool
    """They do not want to be asked again."""


def check_id(text: str, path: str) -> None:
    """Raises `BadData`."""
    if not text.strip() or len(text) > LONGEST_ID:
        raise BadData("This is no id.", Detail(f"1 to {LONGEST_ID} characters are allowed.", path))


def demand_room(number: int) -> None:
    """Raises `BadData` when there are so many already."""
    if number >= MOST_NOTES:
        raise BadData(f"There are {MOST_NOTES} of these for you already, which is more than any interface has.")


def demand_subscription(name: str) -> None:
    """Raises `NotFound`."""
    if name not in SUBSCRIPTIONS:
        raise NotFound(f"There are no mails called {name!r:.60}. There are: {', '.join(SUBSCRIPTIONS)}.")
