"""One event with all that helps to understand it: also one that this version does not know, or that stands alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from flagkeeper.eventlog.query import EVERYTHING, Visibility
from flagkeeper.eventlog.read import View
from flagkeeper.kernel.errors import NotFound
from flagkeeper.readmodels.event_search.permalink import EventPage, event_page
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.database import parse_database_url
from tests.events import SearchedLog, row, write_log

VIEW = View("http://flagkeeper.test", with_ip=False)
SEGMENT = (
    '{"id":%d,"name":"beta","description":null,"constraints":[],"createdBy":"ada","createdAt":"2026","project":null}'
)


def segment(event_id: int, number: int, **more: Any) -> Any:
    return row(event_id, type="segment-updated", feature_name=None, data=SEGMENT % number, **more)


ROWS = [
    row(1, feature_name="a", group_id="g"),
    segment(2, 12, group_id="g"),
    row(3, type="invented-lately", feature_name=None, data='{"name":"a"}'),
    segment(4, 1),
    row(5, type="feature-archived", feature_name="a", project="hush"),
    segment(6, 12),
    row(7, feature_name="ab"),
    row(8, type="feature-archived", feature_name="a"),
]


@pytest.fixture
def searched(database_url: str) -> Iterator[SearchedLog]:
    write_log(parse_database_url(database_url), ROWS)
    searched = SearchedLog(database_url)
    searched.load()
    yield searched
    searched.close()


def page(searched: SearchedLog, event_id: int, visibility: Visibility = EVERYTHING) -> EventPage:
    found: EventPage = searched.reader.now(event_page, Log(searched.search, searched.rows, visibility, VIEW), event_id)
    return found


def beside(found: EventPage) -> tuple[str, int | None, int | None]:
    around = found.neighbours
    before, after = (None if each is None else each.id for each in (around.previous, around.next))
    return around.of, before, after


def test_events_about_the_same_thing(searched: SearchedLog) -> None:
    assert beside(page(searched, 1)) == ("flag/a", None, 5)
    assert beside(page(searched, 5)) == ("flag/a", 1, 8)
    assert beside(page(searched, 8)) == ("flag/a", 5, None)
    assert beside(page(searched, 2)) == ("segment/12", None, 6), "words of 12 are not in 1, and the other way round"
    assert beside(page(searched, 4)) == ("segment/1", None, None)
    some = Visibility(hidden_projects=frozenset({"hush"}))
    assert beside(page(searched, 8, some)) == ("flag/a", 1, None)


def test_an_event_of_a_type_that_nobody_knows(searched: SearchedLog) -> None:
    found = page(searched, 3)
    assert (beside(found), found.group) == (("", None, None), None)
    assert (found.parts.tone, found.event.type) == ("neutral", "invented-lately")


def test_a_group_names_the_others(searched: SearchedLog) -> None:
    found = page(searched, 1)
    assert found.group is not None
    assert (found.group.total, [each.id for each in found.group.others]) == (2, [2])
    assert found.permalink == "http://flagkeeper.test/api/admin/log/events/1"


def test_what_is_not_there_or_not_theirs(searched: SearchedLog) -> None:
    for event_id in (0, 9, -1):
        with pytest.raises(NotFound):
            page(searched, event_id)
    with pytest.raises(NotFound):
        page(searched, 5, Visibility(hidden_projects=frozenset({"hush"})))
