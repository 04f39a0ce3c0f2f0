"""Counts and timelines against the plainest ways to work them out, on random logs with small blocks."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, pairwise, product

import pytest

from flagkeeper.eventlog.catalogue import EVENTS, TIMELINE_TYPES
from flagkeeper.eventlog.query import ALL, EVERYTHING, EventQuery, Visibility, parse
from flagkeeper.eventlog.query.conditions import Field, condition
from flagkeeper.eventlog.query.evaluate import Candidate, matches, visible
from flagkeeper.eventlog.read import EventRow, View
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData
from flagkeeper.readmodels.event_search.counts import Bucket, CountQuestion, Counts, counts
from flagkeeper.readmodels.timeline.grouping import CELLS, cell_of
from flagkeeper.readmodels.timeline.timeline import Timeline, Window, timeline
from flagkeeper.readmodels.timeline.what_changed import KEY_TYPES, WhatChanged, what_changed
from flagkeeper.readmodels.views.log import Log
from flagkeeper.storage.database import parse_database_url
from tests.events import START, SearchedLog, row, write_log

TYPES = ["feature-created", "feature-environment-enabled", "segment-updated", "feature-tagged", "user-created"]
SOME = Visibility(hidden_projects=frozenset({"hush"}))
SIGHTS = (EVERYTHING, SOME)
VIEW = View("http://flagkeeper.test", with_ip=False)


def random_rows(size: int, seed: int) -> list[EventRow]:
    """Events in bursts and with long pauses, of several projects and none, some in groups."""
    dice = random.Random(seed)
    at, group = START, "g0"
    rows = []
    for number in range(1, size + 1):
        at += dice.choice([0, 1, 50, 1_000, 30_000, clock.MINUTE, 20 * clock.MINUTE, 5 * clock.HOUR, 3 * clock.DAY])
        if dice.random() < 0.5:
            group = f"g{number}"
        rows.append(
            row(
                number,
                created_at=at,
                type=dice.choice(TYPES),
                project=dice.choice(["default", "web", "hush", None]),
                environment=dice.choice(["production", "development", "staging", None]),
                feature_name=dice.choice(["checkout", "search", None]),
                created_by=dice.choice(["alice@example.com", "bob"]),
                group_id=dice.choice([group, group, None]),
                data='{"name":"checkout","on":true}',
                pre_data='{"name":"checkout","on":false}',
            )
        )
    return rows


class Numbers:
    """A random log, searched and as a list."""

    def __init__(self, url: str) -> None:
        self.rows = random_rows(500, seed=7)
        write_log(parse_database_url(url), self.rows)
        self.searched = SearchedLog(url)
        self.searched.indexer.build(lambda _done, _all: None)
        self.searched.load()

    def log(self, visibility: Visibility) -> Log:
        return Log(self.searched.search, self.searched.rows, visibility, VIEW)

    def matching(self, query: EventQuery, visibility: Visibility) -> list[EventRow]:
        return [each for each in self.rows if visible(each, visibility) and matches(query, Candidate(each))]

    def counts(self, question: CountQuestion, visibility: Visibility = EVERYTHING) -> Counts:
        return self.searched.reader.now(counts, self.log(visibility), question, self.rows[-1].created_at)

    def timeline(self, window: Window, visibility: Visibility) -> Timeline:
        return self.searched.reader.now(timeline, self.log(visibility), window)

    def what_changed(self, window: Window, at: int, visibility: Visibility, limit: int) -> WhatChanged:
        return self.searched.reader.now(what_changed, self.log(visibility), window, at, limit)


@pytest.fixture
def numbers(database_url: str) -> Iterator[Numbers]:
    numbers = Numbers(database_url)
    yield numbers
    numbers.searched.close()


def floor(moment: int, bucket: Bucket) -> str:
    """When the bucket begins that a moment is in, worked out on the calendar."""
    text = clock.to_iso(moment)
    if bucket is Bucket.HOUR:
        return f"{text[:13]}:00:00.000Z"
    day = clock.from_iso(text[:10])
    while bucket is Bucket.WEEK and weekday(day) != 0:
        day -= clock.DAY
    return clock.to_iso(day)


def weekday(day: int) -> int:
    return (day // clock.DAY + 3) % 7  # 1970 began on a Thursday


@pytest.mark.parametrize("text", ["", "type:feature-*", "env:production -by:bob since:90d", "checkout until:30d"])
def test_counts_are_those_of_a_plain_count(numbers: Numbers, text: str) -> None:
    for visibility in SIGHTS:
        check_counts(numbers, text, visibility)


def check_counts(numbers: Numbers, text: str, visibility: Visibility) -> None:
    query = parse(text, numbers.rows[-1].created_at)
    expected = numbers.matching(query, visibility)
    for bucket in (Bucket.DAY, Bucket.WEEK, Bucket.TOTAL):
        found = numbers.counts(CountQuestion(query=query, bucket=bucket, by=("type", "project", "flag")), visibility)
        assert found.total.events == sum(found.total.counts) == len(expected)
        assert len(found.total.counts) == len(found.buckets)
        if bucket is not Bucket.TOTAL:
            by_bucket = Counter(floor(each.created_at, bucket) for each in expected)
            assert dict(zip(found.buckets, found.total.counts, strict=True)) == {
                start: by_bucket[start] for start in found.buckets
            }
            assert by_bucket.keys() <= set(found.buckets)
        by_type = Counter(each.type for each in expected)
        assert {each.value: each.events for each in found.by["type"].values} == by_type
        by_flag = Counter(each.feature_name for each in expected)
        assert found.by["flag"].without.events == by_flag.pop(None, 0)
        assert {each.value: each.events for each in found.by["flag"].values} == by_flag
        for breakdown in found.by.values():
            columns = [*(each.counts for each in breakdown.values), breakdown.others.counts, breakdown.without.counts]
            assert [sum(column) for column in zip(*columns, strict=True)] == found.total.counts


def test_the_most_frequent_come_first_and_the_rest_is_summed(numbers: Numbers) -> None:
    found = numbers.counts(CountQuestion(query=ALL, bucket=Bucket.TOTAL, by=("type",), limit=2)).by["type"]
    ranked = Counter(each.type for each in numbers.rows).most_common()
    assert [(each.value, each.events) for each in found.values] == ranked[:2]
    assert (found.others.values, found.others.events) == (3, sum(number for _, number in ranked[2:]))


def test_hours_are_counted_and_too_many_are_refused(numbers: Numbers) -> None:
    last = numbers.rows[-1].created_at
    found = numbers.counts(CountQuestion(query=EventQuery(since=last - 7 * clock.DAY, until=last), bucket=Bucket.HOUR))
    assert len(found.buckets) == 7 * 24 + 1
    with pytest.raises(BadData, match="5000 buckets"):
        numbers.counts(CountQuestion(query=EventQuery(since=0), bucket=Bucket.HOUR))
    with pytest.raises(BadData, match="200000"):
        numbers.counts(CountQuestion(query=ALL, bucket=Bucket.DAY, by=("type", "flag"), limit=1000))


def test_a_time_that_ends_before_it_begins_has_no_buckets(numbers: Numbers) -> None:
    found = numbers.counts(
        CountQuestion(query=EventQuery(since=START + 10, until=START), bucket=Bucket.DAY, by=("type",))
    )
    assert (found.buckets, found.total.counts, found.total.events) == ([], [], 0)
    assert found.by["type"].values == []


def concerns(event: EventRow, environment: str | None) -> bool:
    return environment is None or event.environment in (None, environment)


def test_groups_are_those_of_the_rule(numbers: Numbers) -> None:
    spans = (30 * clock.MINUTE, 3 * clock.HOUR, 2 * clock.DAY, 60 * clock.DAY)
    for span, environment, visibility in product(spans, (None, "production", "nowhere"), SIGHTS):
        check_groups(numbers, span, environment, visibility)


def check_groups(numbers: Numbers, span: int, environment: str | None, visibility: Visibility) -> None:
    """A group ends with the fourth cell from that of its first event, and there are no more groups than asked for."""
    for marks, end in zip(cycle((60, 7, 1)), [each.created_at + 7 for each in numbers.rows[40::90]], strict=False):
        asked = Window(start=end - span, end=end, environment=environment, query=ALL, marks=marks)
        found = numbers.timeline(asked, visibility)
        cell = cell_of(end - span, end, marks)
        assert len(found.groups) <= marks
        window = EventQuery(conditions=(condition(Field.TYPE, *TIMELINE_TYPES),), since=end - span, until=end + 1)
        expected = [each for each in numbers.matching(window, visibility) if concerns(each, environment)]
        groups: list[list[EventRow]] = []
        for event in expected:
            if groups and event.created_at // cell - groups[-1][0].created_at // cell < CELLS:
                groups[-1].append(event)
            else:
                groups.append([event])
        assert found.total == len(expected)
        assert [(each.at, each.until, each.total) for each in found.groups] == [
            (clock.to_iso(group[0].created_at), clock.to_iso(group[-1].created_at), len(group)) for group in groups
        ]
        for group, drawn in zip(groups, found.groups, strict=True):
            assert [each.id for each in drawn.events] == [each.id for each in group[:5]]
            assert drawn.types == Counter(each.type for each in group)
            assert drawn.tones == Counter(EVENTS[each.type].about.tone for each in group)
            assert (drawn.first_id, drawn.last_id) == (group[0].id, group[-1].id)
            assert numbers.matching(parse(drawn.query, 0), visibility) == group
            assert drawn.position == pytest.approx(100 * (group[0].created_at - (end - span)) / span, abs=0.001)


def test_every_change_is_in_one_entry_or_left_out(numbers: Numbers) -> None:
    for environment, limit, visibility in product((None, "production"), (3, 100), SIGHTS):
        check_entries(numbers, environment, limit, visibility)


def check_entries(numbers: Numbers, environment: str | None, limit: int, visibility: Visibility) -> None:
    for at in [each.created_at for each in numbers.rows[100::130]]:
        start, end = at - 5 * clock.DAY, at + clock.DAY
        found = numbers.what_changed(
            Window(start=start, end=end, environment=environment, query=ALL), at, visibility, limit
        )
        window = EventQuery(since=start, until=end + 1)
        expected = [each for each in numbers.matching(window, visibility) if concerns(each, environment)]
        assert sum(entry.total for entry in found.entries) + found.left_out.events == len(expected)
        if limit == 100 and len(found.entries) < limit:
            assert found.left_out.events == 0
        groups = [entry.group_id for entry in found.entries if entry.group_id is not None]
        assert len(groups) == len(set(groups))
        ranks = [(not entry.key, entry.seconds_before < 0, abs(entry.seconds_before)) for entry in found.entries]
        assert all(earlier <= later for earlier, later in pairwise(ranks))
        for entry in found.entries:
            own = [each for each in expected if entry.group_id is not None and each.group_id == entry.group_id]
            assert entry.total == max(1, len(own))
            assert entry.key is any(each.type in KEY_TYPES for each in own) or entry.group_id is None
            assert {each.event.id for each in entry.events} <= {each.id for each in expected}
            assert [line.text for line in entry.events[0].lines] == ["on: false -> true"]
