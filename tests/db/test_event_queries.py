"""The index answers as the plain meaning of the language does: the same events, in the same order, the same number."""

import random

import pytest

from flagkeeper.eventlog.query import Candidate, EventQuery, Visibility, matches, parse
from flagkeeper.eventlog.query.evaluate import visible
from flagkeeper.eventlog.read import EventRow
from tests.events import START, SearchedLog, write_log
from tests.random_events import random_query, random_row, random_sight

pytestmark = pytest.mark.slow

EVENTS = 500
QUERIES = 160
"""80,000 pairs of an event and a query, on each database."""


def expected(rows: list[EventRow], query: EventQuery, visibility: Visibility) -> list[int]:
    return [row.id for row in reversed(rows) if visible(row, visibility) and matches(query, Candidate(row))]


@pytest.mark.parametrize("on_disk", [0, 200, EVENTS])
def test_index_and_plain_meaning_agree(database_url: str, on_disk: int) -> None:
    """With all events in memory, some of them on disk, and as many on disk as there are full blocks."""
    rng = random.Random(f"{database_url.split(':', 1)[0]}-{on_disk}")
    rows = [random_row(rng, number) for number in range(1, EVENTS + 1)]
    log = SearchedLog(database_url)
    write_log(log.database, rows[:on_disk] or rows)
    if on_disk:
        log.indexer.build(lambda _done, _all: None)
        if rows[on_disk:]:
            write_log(log.database, rows[on_disk:])
    log.load()
    differences = []
    for _ in range(QUERIES):
        text, visibility = random_query(rng, EVENTS), random_sight(rng)
        query = parse(text, START + EVENTS * 60_000)
        wanted = expected(rows, query, visibility)
        if log.find(query, visibility) != wanted or log.total(query, visibility) != len(wanted):
            differences.append(text)
        elif wanted:
            middle = wanted[len(wanted) // 2]
            assert log.find(query, visibility, limit=7, before=middle) == [each for each in wanted if each < middle][:7]
            assert (
                log.find(query, visibility, limit=7, after=middle)
                == [each for each in reversed(wanted) if each > middle][:7]
            )
            assert log.find(query, visibility, limit=5, offset=3) == wanted[3:8]
            page, total = log.reader.now(log.search.page, query, visibility, limit=7, before=middle, at_most=3)
            assert page.ids == [each for each in wanted if each < middle][:7]
            assert min(total.events, 3) == min(len(wanted), 3)
    log.close()
    assert differences == []
