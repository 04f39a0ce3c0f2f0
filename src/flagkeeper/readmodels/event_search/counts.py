"""How many matching events there are: by time, and by type, project, environment, actor or flag."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import count, takewhile

import msgspec
from msgspec import UNSET, UnsetType

from flagkeeper.eventlog.index.groups import Groups
from flagkeeper.eventlog.index.terms import KINDS
from flagkeeper.eventlog.query import EventQuery
from flagkeeper.eventlog.query.conditions import Field, Is
from flagkeeper.eventlog.read import LogRows, log_position
from flagkeeper.kernel import clock
from flagkeeper.kernel.clock import Millis
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.readmodels.views.log import Log
from flagkeeper.readmodels.views.moments import LATEST
from flagkeeper.storage.transaction import Transaction

MOST_BUCKETS = 5_000
MOST_NUMBERS = 200_000
"""Numbers in one answer: some megabyte."""


class Bucket(StrEnum):
    """How long a bucket of time is; days begin when they do for the reader, weeks on Mondays, hours as in UTC."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    TOTAL = "total"
    """All time is one bucket."""


FIELDS = {
    "type": Field.TYPE,
    "project": Field.PROJECT,
    "environment": Field.ENVIRONMENT,
    "actor": Field.BY,
    "user": Field.USER,
    "flag": Field.FLAG,
}
"""What events can be counted by. An actor is the name in the event, a user is the number."""

_LENGTHS = {Bucket.HOUR: clock.HOUR, Bucket.DAY: clock.DAY, Bucket.WEEK: 7 * clock.DAY}


class Series(msgspec.Struct, frozen=True):
    """Events in all, and in each bucket."""

    events: int
    counts: list[int]


class ValueSeries(msgspec.Struct, frozen=True):
    """The events that have a value."""

    value: str
    events: int
    counts: list[int]


class OtherSeries(msgspec.Struct, frozen=True):
    """The events of all values that are not listed."""

    values: int
    """How many values these are."""
    events: int
    counts: list[int]


class Breakdown(msgspec.Struct, frozen=True):
    """The events by the value of one field, the most frequent first."""

    values: list[ValueSeries]
    others: OtherSeries
    without: Series
    """Events that have no such field."""


class Counts(msgspec.Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """Numbers of events over time."""

    bucket: Bucket
    since: clock.Iso
    until: clock.Iso
    """The end, which itself is not counted."""
    buckets: list[str]
    """When each begins; also those without events."""
    total: Series
    by: dict[str, Breakdown]
    incomplete: bool | UnsetType = UNSET
    """True: so many values contain the text that the search ended early; there may be more events."""


class CountQuestion(msgspec.Struct, frozen=True, kw_only=True):
    query: EventQuery
    bucket: Bucket
    by: tuple[str, ...] = ()
    limit: int = 50
    """Values of each field that are listed."""
    zone: tzinfo = UTC
    facets: bool = False
    """Whether each field is counted without what the query says of the field itself: what one may choose besides."""


def read_by(text: str) -> tuple[str, ...]:
    """The fields that are asked for, each once.

    Raises:
        BadData: there is no such field.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in FIELDS:
            raise _bad("by", f"knows {', '.join(FIELDS)}, separated by commas, not {name[:50]!r}")
    return names


def counts(tx: Transaction, log: Log, asked: CountQuestion, now: Millis) -> Counts:
    """The numbers.

    Raises:
        BadData: they would be too many.
    """
    head = log_position(tx)
    last_id = head.last_id
    since, until = _range(tx, log.rows, asked.query, last_id, now)
    starts = _starts(asked.bucket, since, until, asked.zone)
    if len(starts) * (asked.limit + 2) * len(asked.by) > MOST_NUMBERS:
        raise _bad("limit", f"times buckets times fields must be {MOST_NUMBERS} at most: ask for less of one")
    query = msgspec.structs.replace(asked.query, since=since, until=until)
    edges = [found or last_id + 1 for found in log.rows.first_ids(tx, starts, head)] + [last_id + 1]
    found, by = _grouped(tx, log, asked, query, edges if len(starts) > 1 else ())
    return Counts(
        bucket=asked.bucket,
        since=clock.to_iso(since),
        until=clock.to_iso(until),
        buckets=[clock.to_iso(start) for start in starts],
        total=_series(found.all[: len(starts)]),
        by={name: _breakdown(of, KINDS[FIELDS[name]], asked.limit, len(starts)) for name, of in by.items()},
        incomplete=UNSET if all(each.complete for each in (found, *by.values())) else True,
    )


def _grouped(
    tx: Transaction, log: Log, asked: CountQuestion, query: EventQuery, edges: Sequence[int]
) -> tuple[Groups, dict[str, Groups]]:
    """All matching events, and by the name of each field those among which its values are counted."""
    asides = {name: _aside(query, FIELDS[name]) if asked.facets else query for name in asked.by}
    groups: dict[EventQuery, Groups] = {}
    for each in dict.fromkeys((query, *asides.values())):
        fields = [FIELDS[name] for name, aside in asides.items() if aside == each]
        groups[each] = log.search.grouped(tx, each, log.visibility, fields, edges)
    return groups[query], {name: groups[aside] for name, aside in asides.items()}


def _aside(query: EventQuery, field: Field) -> EventQuery:
    """The query without its conditions on the field."""
    others = tuple(each for each in query.conditions if not (isinstance(each, Is) and each.field is field))
    return msgspec.structs.replace(query, conditions=others)


def _range(tx: Transaction, rows: LogRows, query: EventQuery, last_id: int, now: Millis) -> tuple[Millis, Millis]:
    """From when to when: where the query does not say, from the first event to the last, or to now."""
    ends = [] if last_id == 0 else [row.created_at for row in rows.of(tx, sorted({1, last_id}))]
    since = min(ends, default=now) if query.since is None else max(0, query.since)
    until = max([now, *ends]) + 1 if query.until is None else min(query.until, LATEST)
    return since, max(since, until)


def _starts(bucket: Bucket, since: Millis, until: Millis, zone: tzinfo) -> list[Millis]:
    if since == until:
        return []
    if bucket is Bucket.TOTAL:
        return [since]
    length = _LENGTHS[bucket]
    if until - since > (MOST_BUCKETS - 1) * length:
        raise _bad("bucket", f"{bucket} makes more than {MOST_BUCKETS} buckets: take longer ones, or a shorter time")
    if bucket is Bucket.HOUR:
        return list(range(since // length * length, until, length))
    first = clock.to_datetime(since).astimezone(zone).date()
    first -= timedelta(days=first.weekday() if bucket is Bucket.WEEK else 0)
    days = 7 if bucket is Bucket.WEEK else 1
    # Days are not all equally long: clocks are changed.
    begins = (clock.of_datetime(datetime.combine(first + timedelta(days=n), time(), zone)) for n in count(0, days))
    return list(takewhile(lambda begin: begin < until, begins))


def _breakdown(found: Groups, kind: str, limit: int, buckets: int) -> Breakdown:
    values = {value: numbers[:buckets] for value, numbers in found.of(kind).items()}
    ranked = sorted(values, key=lambda value: (-sum(values[value]), value))
    others = _series(_sum([values[value] for value in ranked[limit:]], buckets))
    all_values = _sum(list(values.values()), buckets)
    without = [every - valued for every, valued in zip(found.all, all_values, strict=False)]
    return Breakdown(
        [ValueSeries(value, sum(values[value]), values[value]) for value in ranked[:limit]],
        OtherSeries(len(ranked[limit:]), others.events, others.counts),
        _series(without),
    )


def _series(numbers: list[int]) -> Series:
    return Series(sum(numbers), numbers)


def _sum(rows: Sequence[list[int]], buckets: int) -> list[int]:
    return [sum(column) for column in zip(*rows, strict=True)] if rows else [0] * buckets


def _bad(parameter: str, problem: str) -> BadData:
    return BadData(f"The parameter {parameter} {problem}.", Detail(f"{parameter} {problem}", f"/query/{parameter}"))
