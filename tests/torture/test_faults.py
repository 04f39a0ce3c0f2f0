"""The long form of what `tests/story.py` does with one statement of each kind of change: every statement of every
command fails once, whatever calls it."""

from tests import tried
from tests.faults import commands


def test_nothing_is_left_of_a_change_of_which_a_statement_fails() -> None:
    found = tried.run(tried.everything())
    print(found)
    assert found.broken == []
    assert sorted(commands() - found.tried) == [], "no test calls them on both databases"
