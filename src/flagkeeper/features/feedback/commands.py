"""Keeping feedback. It changes nothing that is audited."""

from msgspec.structs import asdict

from flagkeeper.eventlog.unit import Unit
from flagkeeper.features.feedback import store
from flagkeeper.features.feedback.model import MOST_KEPT, Feedback, FeedbackDraft


def give(unit: Unit, draft: FeedbackDraft) -> Feedback:
    """Raises `BadData`."""
    draft.check()
    given = Feedback(id=store.new_id(unit.tx), created_at=unit.now, **asdict(draft))
    store.add(unit.tx, given, MOST_KEPT)
    return given
