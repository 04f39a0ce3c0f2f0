"""The long form of `tests/db/test_log_truth.py`."""

from tests.truth import Story


def test_thirty_seconds_leave_no_impossible_history(database_url: str) -> None:
    story = Story(database_url)
    story.write(seconds=30)
    impossible = story.impossible()
    print(f"{story.changes} changes by 8 writers on 16 flags, {len(impossible)} impossible histories")

    assert not story.failures
    assert impossible == []
    assert story.ends_as_told()
    story.close()
