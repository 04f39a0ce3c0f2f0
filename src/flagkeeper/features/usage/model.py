"""What SDKs report, and how it is added up in memory until it is written.
Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeVar

import msgspec

from flagkeeper.evaluation import operand
from flagkeeper.eventlog.catalogue.application import ClientMetrics, ClientRegister
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail
from flagkeeper.kernel.text import check_line

LONGEST_FLAG = 100
LONGEST_NAME = 255
"""Characters of the name of an application, an instance or an unknown flag."""
MOST_VARIANTS = 100
"""Names of variants counted of one flag, application and hour."""
MOST_STRATEGIES = 100
"""Names of strategies kept of one application."""
MOST_KEPT = 50_000
"""Different things of a kind held between two writes; who brings more is told to come back later."""
MOST_APPLICATIONS = 5_000
"""Names of applications are whatever holders of tokens send: more are not taken in."""

HOURS_KEPT = 48
"""Hours for which usage is kept by the hour; by the day it is kept for `DAYS_KEPT`."""
DAYS_KEPT = 91
INSTANCES_KEPT = 2 * clock.DAY
UNKNOWN_FLAGS_KEPT = clock.DAY
APPLICATIONS_KEPT = 30 * clock.DAY

ItemT = TypeVar("ItemT")
KeyT = TypeVar("KeyT")


class Reporter(msgspec.Struct, frozen=True):
    """Whose token a report came with, and from where."""

    token: str
    address: str
    projects: tuple[str, ...]
    environment: str


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """An instance of an application that said something."""

    app_name: str
    environment: str
    instance_id: str
    sdk_version: str | None = None
    """`name:version`."""
    sdk_type: str = "backend"
    strategies: tuple[str, ...] | None = None
    """None: it did not say which it can evaluate."""
    projects: tuple[str, ...]
    token: str
    """The name of the token that it came with."""
    address: str
    seen_at: clock.Millis

    @property
    def key(self) -> tuple[str, str, str]:
        return self.app_name, self.environment, self.instance_id

    def after(self, earlier: "Sighting | None") -> "Sighting":
        """What is known when this one follows: metrics do not repeat what a registration said."""
        if earlier is None:
            return self
        return msgspec.structs.replace(
            self,
            sdk_version=self.sdk_version or earlier.sdk_version,
            strategies=earlier.strategies if self.strategies is None else self.strategies,
        )


class Notes(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of an application. None: nothing of that."""

    strategies: tuple[str, ...] | None = None
    description: str | None = None
    url: str | None = None
    color: str | None = None
    icon: str | None = None


class CountKey(msgspec.Struct, frozen=True, order=True):
    """A flag in an environment, as one application read it in one hour."""

    feature_name: str
    environment: str
    app_name: str
    hour: clock.Millis


class Count(msgspec.Struct):
    """How often a flag was on and off, and which variants it gave."""

    yes: int = 0
    no: int = 0
    variants: dict[str, int] = {}

    def add(self, other: "Count") -> None:
        self.yes += other.yes
        self.no += other.no
        for variant, number in other.variants.items():
            if variant in self.variants or len(self.variants) < MOST_VARIANTS:
                self.variants[variant] = self.variants.get(variant, 0) + number


class Report(msgspec.Struct, frozen=True):
    """A `client-register` or `client-metrics` event to be recorded, unless its like was recorded today."""

    event: ClientRegister | ClientMetrics

    @property
    def key(self) -> tuple[str, str, str]:
        return self.event.about.type, self.event.data.app_name, self.event.data.environment


def hour_of(at: clock.Millis, now: clock.Millis) -> clock.Millis:
    """The hour in which something is counted: never in the future, never before what is kept."""
    bounded = min(max(at, now - HOURS_KEPT * clock.HOUR), now)
    return bounded - bounded % clock.HOUR


def read_time(value: str | float) -> clock.Millis:
    """A time as SDKs send it: ISO text of any precision, or a number of milliseconds (of seconds, before 1973).

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str):
        return clock.from_iso(value)
    if not 0 <= value < 1e15:
        raise ValueError(f"{value} is no time")
    return int(value if value >= 1e11 else value * clock.SECOND)


class Collected:
    """Everything reported since the last write."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self.sightings: dict[tuple[str, str, str], Sighting] = {}
        self.counts: dict[CountKey, Count] = {}
        self.reports: dict[tuple[str, str, str], Report] = {}
        self.dropped = 0
        """Reports that found no room."""

    def see(self, sighting: Sighting) -> None:
        if self._has_room(self.sightings, sighting.key):
            self.sightings[sighting.key] = sighting.after(self.sightings.get(sighting.key))

    def count(self, key: CountKey, count: Count) -> None:
        if (count.yes or count.no) and self._has_room(self.counts, key):
            self.counts.setdefault(key, Count()).add(count)

    def report(self, report: Report) -> None:
        if self._has_room(self.reports, report.key):
            self.reports.setdefault(report.key, report)

    def has_room_for(
        self, counts: Iterable[CountKey], sightings: Iterable[Sighting], leaving: "Collected | None" = None
    ) -> bool:
        """Whether all of a report finds room beside what is `leaving`, which may come back: else each attempt to write,
        while nothing can be written, would make room for as much again. A report that never would find room is taken
        in while there is nothing else, and what is too much of it is dropped."""
        other_counts, other_sightings = (len(leaving.counts), len(leaving.sightings)) if leaving else (0, 0)
        kept_counts, kept_sightings = len(self.counts) + other_counts, len(self.sightings) + other_sightings
        new_counts = sum(key not in self.counts for key in counts)
        new_sightings = sum(each.key not in self.sightings for each in sightings)
        return (not kept_counts or kept_counts + new_counts <= self._most) and (
            not kept_sightings or kept_sightings + new_sightings <= self._most
        )

    def absorb(self, earlier: "Collected") -> None:
        """Takes back what could not be written. None of that is dropped: as long as it is too much, nothing new is
        taken in."""
        for key, sighting in earlier.sightings.items():
            later = self.sightings.get(key)
            self.sightings[key] = sighting if later is None else later.after(sighting)
        for count_key, count in earlier.counts.items():
            self.counts.setdefault(count_key, Count()).add(count)
        for report in earlier.reports.values():
            self.reports.setdefault(report.key, report)

    def empty(self) -> bool:
        return not (self.sightings or self.counts or self.reports)

    def _has_room(self, kept: Mapping[KeyT, object], key: KeyT) -> bool:
        if key in kept or len(kept) < self._most:
            return True
        self.dropped += 1
        return False


def in_chunks(items: dict[KeyT, ItemT], size: int) -> Iterator[dict[KeyT, ItemT]]:
    """`size` of the items at a time; each lot is taken out once the next one is asked for."""
    while items:
        chunk = dict(islice(items.items(), size))
        yield chunk
        for key in chunk:
            del items[key]


OLDEST_SDKS = {
    "unleash-client-node": "5.3.2",
    "unleash-node-sdk": "6.6.0",
    "unleash-client-java": "9.2.0",
    "unleash-java-sdk": "11.0.2",
    "unleash-client-go": "4.1.0",
    "unleash-go-sdk": "5.0.3",
    "unleash-client-python": "5.11.0",
    "unleash-python-sdk": "6.3.0",
    "unleash-client-ruby": "5.0.0",
    "unleash-ruby-sdk": "6.3.1",
    "unleash-client-dotnet": "4.1.3",
    "unleash-dotnet-sdk": "5.3.0",
    "unleash-client-php": "2.3.0",
    "unleash-php-sdk": "2.9.1",
    "@unleash/nextjs": "1.6.2",
}
"""By the names that SDKs have, before and since they were called SDKs: older versions are outdated."""


def is_outdated(sdk_version: str) -> bool:
    """Whether what an SDK says of itself, `name:version`, is too old. Of one that we do not know, or whose version is
    none, nobody can say so."""
    name, _, text = sdk_version.partition(":")
    oldest, present = operand.version(OLDEST_SDKS.get(name, "")), operand.version(text)
    return oldest is not None and present is not None and present < oldest


def check_name(app_name: str) -> None:
    """Raises `BadData` for what cannot be the name of an application."""
    check_line(app_name, "/appName")
    if not 1 <= len(app_name) <= LONGEST_NAME:
        message = f"The name of an application has 1 to {LONGEST_NAME} characters, not {len(app_name)}."
        raise BadData(message, Detail(message, "/appName"))
