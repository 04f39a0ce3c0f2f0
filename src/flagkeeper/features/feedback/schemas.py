"""Feedback on the wire."""

import msgspec

from flagkeeper.features.feedback.model import Feedback, FeedbackDraft
from flagkeeper.kernel import clock


class FeedbackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    category: str
    user_type: str | None = None
    difficulty_score: float | None = None
    positive: str | None = None
    areas_for_improvement: str | None = None

    def draft(self) -> FeedbackDraft:
        return FeedbackDraft(**msgspec.structs.asdict(self))


class FeedbackOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    id: int
    created_at: clock.Iso
    category: str
    user_type: str | None
    difficulty_score: float | None
    positive: str | None
    areas_for_improvement: str | None


class UiErrorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    error_message: str
    error_stack: str | None = None


def shown(given: Feedback) -> FeedbackOut:
    return FeedbackOut(**{**msgspec.structs.asdict(given), "created_at": clock.to_iso(given.created_at)})
