"""What the log tells can have happened: every event's previous state is what the event before it left. Short form; the
long one is in `tests/torture`."""

import pytest

from tests.truth import Story

pytestmark = pytest.mark.slow


def test_concurrent_writers_leave_no_impossible_history(database_url: str) -> None:
    story = Story(database_url)
    story.write(seconds=3)

    assert not story.failures
    assert story.changes > 200
    assert story.impossible() == []
    assert story.ends_as_told()
    story.close()
