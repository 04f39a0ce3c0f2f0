"""What is counted of requests, and how it is added up in memory until it is written. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

STEP = 5 * clock.MINUTE
"""Requests per second are averages of so long."""
RATES_KEPT = 6 * clock.HOUR
DAYS_KEPT = 800
"""Two years, and some weeks to look back from their end."""
MOST_APPLICATIONS = 200
"""Names of applications that are told apart within a step, by one process; the others are counted without a name."""
MOST_KEPT = 50_000
"""Different things held between two writes; what comes on top is dropped and counted."""
POLL = 15
"""Seconds between two polls of an SDK that nobody has configured: what an application that is connected all the time
asks for."""

AREAS = ("/api/admin", "/api/client", "/api/frontend")
POLLS = frozenset({"/api/client/features", "/api/client/delta", "/api/frontend"})
"""Routes by which SDKs ask for flags, over and over."""
GROUPS = {2: "successful-requests", 3: "not-modified-requests", 4: "refused-requests", 5: "failed-requests"}
"""What the answers of a kind of status are called."""


class Grouping(StrEnum):
    DAILY = "daily"
    MONTHLY = "monthly"


class Counted(NamedTuple):
    """What requests have in common that are counted as one."""

    step: clock.Millis
    """When the step began in which they were answered."""
    area: str
    route: str
    application: str
    """Empty: it did not say, or is one of too many."""
    series: int
    """The first digit of the status."""


class Day(NamedTuple):
    """Answers of a kind in an area on one day (days since 1970)."""

    day: int
    area: str
    series: int


class Rate(NamedTuple):
    """Requests in one step."""

    step: clock.Millis
    route: str
    application: str


class DayCount(NamedTuple):
    requests: int
    polls: int
    """Those of them that asked for flags."""

    def plus(self, requests: int, polls: int) -> "DayCount":
        return DayCount(self.requests + requests, self.polls + polls)


class Collected:
    """Everything counted since the last write."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self.counts: Counter[Counted] = Counter()
        self.dropped = 0
        self._step = 0
        self._applications: set[str] = set()
        self._again: dict[tuple[str, int, str], Counted] = {}
        """What answers count as that have been given in this step; an application among them has a name here."""

    def count(self, route: str, status: int, application: str, now: clock.Millis) -> None:
        """Counts one answer. An application is named only by who was let in."""
        step = now - now % STEP
        if step != self._step:
            self._step, self._applications, self._again = step, set(), {}
        counted = self._again.get((route, status, application))
        if counted is None:
            area = area_of(route)
            if area is None:
                return
            named = application if status < 400 and self._knows(application) else ""
            counted = Counted(step, area, route, named, status // 100)
            if named == application:
                self._again[route, status, application] = counted
        self._add(counted, 1)

    def absorb(self, earlier: "Collected") -> None:
        """Takes back what could not be written."""
        self.dropped += earlier.dropped
        for counted, number in earlier.counts.items():
            self._add(counted, number)

    def _knows(self, application: str) -> bool:
        if application and application not in self._applications and len(self._applications) < MOST_APPLICATIONS:
            self._applications.add(application)
        return application in self._applications

    def _add(self, counted: Counted, number: int) -> None:
        if counted in self.counts or len(self.counts) < self._most:
            self.counts[counted] += number
        else:
            self.dropped += number


def area_of(route: str) -> str | None:
    """None: it belongs to none that is counted."""
    return next((area for area in AREAS if route == area or route.startswith(f"{area}/")), None)


def by_day(counts: Mapping[Counted, int]) -> dict[Day, DayCount]:
    found: dict[Day, DayCount] = {}
    for counted, number in counts.items():
        day = Day(counted.step // clock.DAY, counted.area, counted.series)
        polls = number if counted.route in POLLS and counted.series in (2, 3) else 0
        found[day] = found.get(day, DayCount(0, 0)).plus(number, polls)
    return found


def by_step(counts: Mapping[Counted, int]) -> dict[Rate, int]:
    found: Counter[Rate] = Counter()
    for counted, number in counts.items():
        found[Rate(counted.step, counted.route, counted.application)] += number
    return found


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    def check(self) -> None:
        """Raises `BadData`."""
        if self.last < self.first:
            raise BadData("The period ends before it begins.", Detail("It must not be before `from`.", "/query/to"))
        if (self.last - self.first).days > DAYS_KEPT:
            raise BadData(
                "The period is too long.", Detail(f"At most {DAYS_KEPT} days lie before `to`.", "/query/from")
            )

    @property
    def days(self) -> tuple[int, int]:
        """As days since 1970."""
        return _number(self.first), _number(self.last)


def period_of(day: int, grouping: Grouping) -> str:
    """The name of the period in which a day is: `2026-11-22`, or `2026-11`."""
    text = (_EPOCH + timedelta(days=day)).isoformat()
    return text if grouping is Grouping.DAILY else text[:7]


def connections(polls: Mapping[int, int], grouping: Grouping, now: clock.Millis) -> dict[str, float]:
    """How many SDKs were connected at the same time, on average of each period, if all poll as often as they do when
    nobody configured it. `polls` are by day. A period that is not over is divided by what has gone by of it."""
    total: Counter[str] = Counter()
    for day, number in polls.items():
        total[period_of(day, grouping)] += number
    return {period: round(number * POLL / _elapsed(period, now), 2) for period, number in sorted(total.items())}


def rates(counts: Iterable[tuple[Rate, int]], now: clock.Millis) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """Requests per second by route and application: for each step of the last hours its beginning, in seconds since
    1970, and the average. Steps without requests are 0."""
    found: defaultdict[tuple[str, str], dict[clock.Millis, int]] = defaultdict(dict)
    for rate, number in counts:
        found[rate.route, rate.application][rate.step] = number
    last = now - now % STEP
    first = min((min(each) for each in found.values()), default=last)
    steps = range(first, last + 1, STEP)
    return {
        key: [(step // 1000, round(of.get(step, 0) * 1000 / _lasted(step, now), 3)) for step in steps]
        for key, of in sorted(found.items())
    }


_EPOCH = date(1970, 1, 1)
_SHORTEST = 10 * clock.SECOND
"""A step or period that has just begun is taken to have lasted so long."""


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _lasted(step: clock.Millis, now: clock.Millis) -> clock.Millis:
    return max(min(STEP, now - step), _SHORTEST)


def _elapsed(period: str, now: clock.Millis) -> float:
    """Seconds of a day or month that have gone by."""
    begin = date.fromisoformat(period if len(period) > 7 else f"{period}-01")
    end = begin + timedelta(days=1) if len(period) > 7 else (begin + timedelta(days=31)).replace(day=1)
    started, over = (datetime(each.year, each.month, each.day, tzinfo=UTC).timestamp() for each in (begin, end))
    return max(min(over, now / 1000) - started, _SHORTEST / 1000)
