"""What people say, and what goes wrong in their browsers. Pure."""

import re

import msgspec

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

LONGEST_TEXT = 5_000
MOST_KEPT = 10_000
"""The oldest go first."""
LONGEST_LOGGED = 2_000
_SECRET = re.compile(r"[A-Za-z0-9_-]{24,}")
"""Tokens, links, hashes: nothing that anybody would read in a stack trace is so long."""


class FeedbackDraft(msgspec.Struct, frozen=True, kw_only=True):
    category: str
    user_type: str | None
    difficulty_score: float | None
    positive: str | None
    areas_for_improvement: str | None

    def check(self) -> None:
        """Raises `BadData`."""
        texts = {
            "category": self.category,
            "userType": self.user_type,
            "positive": self.positive,
            "areasForImprovement": self.areas_for_improvement,
        }
        for field, text in texts.items():
            if text is not None and len(text) > LONGEST_TEXT:
                raise BadData("That is too long.", Detail(f"At most {LONGEST_TEXT} characters.", f"/body/{field}"))
        if not self.category.strip():
            raise BadData("Say what it is about.", Detail("It is empty.", "/body/category"))


class Feedback(FeedbackDraft, frozen=True, kw_only=True):
    id: int
    created_at: clock.Millis


def for_the_log(text: str) -> str:
    """What a browser reports, without what might be a secret in an address or a message."""
    return _SECRET.sub("***", text[:LONGEST_LOGGED])
