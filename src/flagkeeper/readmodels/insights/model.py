"""Weeks, and what follows from what was counted in them. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from statistics import median
from typing import NamedTuple

import msgspec

from flagkeeper.eventlog.catalogue.feature import FeatureArchived, FeatureCreated
from flagkeeper.eventlog.catalogue.project import ProjectDeleted
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.readmodels.views.recorded import Recorded

WEEKS_SHOWN = 26
"""When nobody says since when."""
WEEKS_KEPT = 106
"""Two years."""
DAYS_KEPT = 7 * WEEKS_KEPT
ACTIVE = 60 * clock.DAY
"""Who logged in or used a token within this time is active, and needs a seat where seats are sold."""
WEEK = 7 * clock.DAY

_EPOCH = date(1970, 1, 1)
_MONDAY = 3
"""Days between the Monday of week 0 and 1970-01-01."""


class Counted(StrEnum):
    CREATED = "created"
    ARCHIVED = "archived"
    CHANGED = "changed"


class Key(NamedTuple):
    """What is counted."""

    project: str
    week: int
    counted: Counted
    name: str


class Added:
    """What some events in a row add to what was counted before."""

    def __init__(self) -> None:
        self.numbers: Counter[Key] = Counter()
        self.gone: set[str] = set()
        """Projects of which what was counted before is forgotten."""

    def add(self, event: Recorded) -> None:
        project = event.project
        if project is None:
            return
        if event.type == _PROJECT_DELETED:
            self.gone.add(project)
            self.numbers = Counter({key: number for key, number in self.numbers.items() if key.project != project})
        elif (counted := _counted(event)) is not None:
            self.numbers[Key(project, week_of(event.created_at), *counted)] += 1


class Period(NamedTuple):
    """From one day to another, both included."""

    first: date
    last: date

    @property
    def days(self) -> tuple[int, int]:
        """As days since 1970."""
        return (self.first - _EPOCH).days, (self.last - _EPOCH).days

    @property
    def weeks(self) -> tuple[int, int]:
        """All weeks of which a day is in it."""
        first, last = self.days
        return (first + _MONDAY) // 7, (last + _MONDAY) // 7


class ProjectWeek(NamedTuple):
    """How a project got on in a week, as it was last seen."""

    project: str
    week: int
    at: clock.Millis
    flags: int
    """In use, stale or not."""
    stale: int
    potentially_stale: int
    members: int
    days_to_production: float


class ProjectUsage(NamedTuple):
    """What SDKs reported of a project in a week: how often flags were on and off, and how many different ones."""

    project: str
    week: int
    at: clock.Millis
    yes: int
    no: int
    applications: int
    flags: int
    environments: int


class Users(NamedTuple):
    """The people of a day."""

    day: int
    at: clock.Millis
    people: int
    active: int


class WeekCount(NamedTuple):
    project: str
    week: int
    counted: Counted
    name: str
    number: int


class Life(msgspec.Struct, frozen=True, gc=False):
    """When a flag entered each part of its life. None: it has not."""

    type: str
    began_at: clock.Millis
    live_at: clock.Millis | None
    completed_at: clock.Millis | None
    archived_at: clock.Millis | None


class Phase(StrEnum):
    """A part of a flag's life."""

    DEVELOP = "develop"
    PRODUCTION = "production"
    CLEANUP = "cleanup"


class Category(StrEnum):
    """What a flag is for, by its type: to be tried, to be released and removed, or to stay."""

    EXPERIMENTAL = "experimental"
    RELEASE = "release"
    PERMANENT = "permanent"


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """The flags that are in a phase now."""

    flags: int
    days_now: float
    """The median of how long they have been in it."""
    days_before: float
    """The same of flags that left it: how long they were in it."""
    new: Mapping[Category, int]
    """Those that entered it within a week."""
    older: Mapping[Category, int]


def added(events: Iterable[Recorded]) -> Added:
    found = Added()
    for event in events:
        found.add(event)
    return found


def week_of(at: clock.Millis) -> int:
    return (at // clock.DAY + _MONDAY) // 7


def start_of(week: int) -> clock.Millis:
    return (7 * week - _MONDAY) * clock.DAY


def name_of(week: int) -> str:
    """By ISO 8601: `2026-48`."""
    year, number, _ = (_EPOCH + timedelta(days=7 * week - _MONDAY)).isocalendar()
    return f"{year}-{number:02}"


def period(first: date | None, last: date | None, today: date) -> Period:
    """What was asked for, or the last half year.

    Raises:
        BadData: it ends before it begins.
    """
    last = last or today
    first = first or min(last, today) - timedelta(weeks=WEEKS_SHOWN)
    if last < first:
        raise BadData("The period ends before it begins.", Detail("It must not be before `from`.", "/query/to"))
    return Period(first, last)


def trends(lives: Sequence[Life], now: clock.Millis) -> Mapping[Phase, Trend]:
    """How long flags are in each phase of their life."""
    return {phase: _trend([_stay(life, phase) for life in lives], now) for phase in Phase}


class _Stay(NamedTuple):
    """A flag in a phase. None as a beginning: it has not been in it."""

    category: Category
    since: clock.Millis | None
    until: clock.Millis | None


_CATEGORIES = {
    "experiment": Category.EXPERIMENTAL,
    "kill-switch": Category.PERMANENT,
    "operational": Category.PERMANENT,
    "permission": Category.PERMANENT,
}


def _stay(life: Life, phase: Phase) -> _Stay:
    """A flag that was completed or archived without having been live was in development until then."""
    ends = [at for at in (life.completed_at, life.archived_at) if at is not None]
    end = min(ends, default=None)
    category = _CATEGORIES.get(life.type, Category.RELEASE)
    if phase is Phase.DEVELOP:
        return _Stay(category, life.began_at, end if life.live_at is None else life.live_at)
    if phase is Phase.PRODUCTION:
        return _Stay(category, life.live_at, end)
    return _Stay(category, life.completed_at, life.archived_at)


def _trend(stays: Sequence[_Stay], now: clock.Millis) -> Trend:
    inside = [(each.category, each.since) for each in stays if each.since is not None and each.until is None]
    left = [each.until - each.since for each in stays if each.since is not None and each.until is not None]
    new = Counter(category for category, since in inside if now - since < WEEK)
    return Trend(
        flags=len(inside),
        days_now=_days([now - since for _, since in inside]),
        days_before=_days(left),
        new=new,
        older=Counter(category for category, _ in inside) - new,
    )


def _days(times: Sequence[clock.Millis]) -> float:
    """The median of some times, in days; 0 when there are none."""
    return round(max(median(times), 0) / clock.DAY, 1) if times else 0


_CREATED, _ARCHIVED, _PROJECT_DELETED = (each.about.type for each in (FeatureCreated, FeatureArchived, ProjectDeleted))


class _Typed(msgspec.Struct):
    type: str


_typed = msgspec.json.Decoder(_Typed).decode


def _counted(event: Recorded) -> tuple[Counted, str] | None:
    if event.type == _CREATED and event.data is not None:
        return Counted.CREATED, _typed(event.data).type
    if event.type == _ARCHIVED:
        return Counted.ARCHIVED, ""
    if event.feature_name is not None and event.environment is not None:
        return Counted.CHANGED, event.environment
    return None
