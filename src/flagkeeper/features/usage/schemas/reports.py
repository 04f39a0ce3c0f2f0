"""What SDKs and proxies send (facts: client-protocol.md, sections 4-6)."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from flagkeeper.eventlog.catalogue.application import (
    ClientMetrics,
    ClientRegister,
    MetricsBucket,
    MetricsData,
    RegistrationData,
    SdkMetadata,
)
from flagkeeper.features.usage.model import (
    LONGEST_FLAG,
    LONGEST_NAME,
    MOST_STRATEGIES,
    Count,
    CountKey,
    Report,
    Reporter,
    Sighting,
    hour_of,
    read_time,
)
from flagkeeper.kernel import clock
from flagkeeper.kernel.errors import BadData, Detail

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Number = Annotated[int, Meta(ge=0, le=2**40)]
Moment = str | float
"""ISO text, or milliseconds since 1970."""


class Sdk(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an SDK says about itself. Keys that we do not know are allowed."""

    app_name: Name
    instance_id: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    connection_id: str | None = None
    sdk_version: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    """`name:version`."""
    sdk_type: str | None = None
    platform_name: str | None = None
    platform_version: str | None = None
    yggdrasil_version: str | None = None
    spec_version: str | None = None

    def sighting(self, reporter: Reporter, now: clock.Millis, strategies: list[str] | None = None) -> Sighting:
        return Sighting(
            app_name=self.app_name,
            environment=reporter.environment,
            instance_id=self.instance_id or "default",
            sdk_version=self.sdk_version,
            sdk_type="frontend" if self.sdk_type == "frontend" else "backend",
            strategies=None if strategies is None else tuple(dict.fromkeys(strategies))[:MOST_STRATEGIES],
            projects=reporter.projects,
            actor=reporter.actor,
            seen_at=now,
        )

    def registration(self, reporter: Reporter) -> Report:
        name, _, version = (self.sdk_version or "").partition(":")
        return Report(
            reporter.actor,
            ClientRegister(
                data=RegistrationData(
                    app_name=self.app_name,
                    environment=reporter.environment,
                    sdk_name=name or None,
                    sdk_version=version or None,
                    metadata=SdkMetadata(
                        platform_name=self.platform_name,
                        platform_version=self.platform_version,
                        yggdrasil_version=self.yggdrasil_version,
                        spec_version=self.spec_version,
                    ),
                )
            ),
        )


class RegisterBody(Sdk, frozen=True, kw_only=True):
    """An SDK has started."""

    strategies: list[str]
    """Those that it can evaluate."""
    started: Moment
    interval: Annotated[float, Meta(ge=0)]
    """Between two polls: seconds from some SDKs, milliseconds from others."""


class FlagCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How often a flag was on and off."""

    yes: Number = 0
    no: Number = 0
    variants: dict[str, Number] | None = None

    def count(self) -> Count:
        variants = {name: number for name, number in (self.variants or {}).items() if len(name) <= LONGEST_FLAG}
        return Count(self.yes, self.no, variants)


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted from `start` to `stop`, by flag."""

    start: Moment
    stop: Moment
    toggles: dict[str, FlagCounts]


class MetricsBody(Sdk, frozen=True, kw_only=True):
    """What an SDK counted since it last said so."""

    bucket: Bucket | None = None
    """Missing when there is nothing but impact metrics."""
    impact_metrics: Any = None
    """Whatever is wrong with them, the other metrics count."""

    def counts(self, reporter: Reporter, now: clock.Millis) -> dict[CountKey, Count]:
        """Raises `BadData` for times that are none."""
        if self.bucket is None:
            return {}
        _moment(self.bucket.start, "/body/bucket/start")
        hour = hour_of(_moment(self.bucket.stop, "/body/bucket/stop"), now)
        return {
            CountKey(flag, reporter.environment, self.app_name, hour): counts.count()
            for flag, counts in self.bucket.toggles.items()
            if 1 <= len(flag) <= LONGEST_NAME
        }

    def report(self, reporter: Reporter) -> Report | None:
        """None when there is no bucket."""
        if self.bucket is None:
            return None
        start, stop = (clock.to_iso(read_time(each)) for each in (self.bucket.start, self.bucket.stop))
        toggles = len(self.bucket.toggles)
        return _metrics_report(reporter, self.app_name, reporter.environment, start, stop, toggles)


class Via(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A proxy on the way."""

    app_name: str
    instance_id: str


class BulkApplication(Sdk, frozen=True, kw_only=True):
    """An SDK that registered at a proxy."""

    environment: Annotated[str, Meta(min_length=1, max_length=LONGEST_FLAG)]
    strategies: list[str] = []
    started: Moment | None = None
    interval: float | None = None
    projects: list[str] | None = None
    connect_via: list[Via] | None = None

    def reporter(self, proxy: Reporter) -> Reporter:
        """It keeps its own environment; the token is the proxy's."""
        projects = tuple(each for each in self.projects or () if len(each) <= LONGEST_FLAG) or ("*",)
        return Reporter(proxy.actor, projects, self.environment)


class BulkCount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an SDK behind a proxy counted of one flag."""

    feature_name: str
    app_name: Name
    environment: str
    timestamp: Moment | None = None
    yes: Number = 0
    no: Number = 0
    variants: dict[str, Number] | None = None

    def at(self, place: str, now: clock.Millis) -> clock.Millis:
        """Raises `BadData`."""
        return now if self.timestamp is None else _moment(self.timestamp, place)


class BulkBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a proxy collected of many SDKs."""

    applications: list[BulkApplication]
    metrics: list[BulkCount]
    impact_metrics: Any = None
    seen_tokens: list[str] | None = None

    def counts(self, proxy: Reporter, now: clock.Millis) -> Iterator[tuple[CountKey, Count]]:
        """Those of the token's environment; what is counted elsewhere is not the token's to report.

        Raises:
            BadData: a time is none.
        """
        for i, each in enumerate(self.metrics):
            at = each.at(f"/body/metrics/{i}/timestamp", now)
            if each.environment == proxy.environment and 1 <= len(each.feature_name) <= LONGEST_NAME:
                count = FlagCounts(yes=each.yes, no=each.no, variants=each.variants).count()
                yield CountKey(each.feature_name, each.environment, each.app_name, hour_of(at, now)), count

    def reports(self, proxy: Reporter, counts: list[tuple[CountKey, Count]]) -> Iterator[Report]:
        """One for each application that is registered, and for each that counted."""
        for application in self.applications:
            yield application.registration(application.reporter(proxy))
        flags: dict[str, set[CountKey]] = {}
        for key, _ in counts:
            flags.setdefault(key.app_name, set()).add(key)
        for app_name, keys in flags.items():
            start, stop = min(key.hour for key in keys), max(key.hour for key in keys) + clock.HOUR
            names = {key.feature_name for key in keys}
            yield _metrics_report(
                proxy, app_name, proxy.environment, clock.to_iso(start), clock.to_iso(stop), len(names)
            )


def _metrics_report(reporter: Reporter, app_name: str, environment: str, start: str, stop: str, toggles: int) -> Report:
    bucket = MetricsBucket(start=start, stop=stop)
    data = MetricsData(app_name=app_name, environment=environment, bucket=bucket, toggles=toggles)
    return Report(reporter.actor, ClientMetrics(data=data))


def _moment(value: Moment, place: str) -> clock.Millis:
    try:
        return read_time(value)
    except (ValueError, OverflowError) as error:
        message = f"{value!r:.60} is no time. Send ISO 8601, 2026-11-22T17:00:00.000Z, or milliseconds since 1970."
        raise BadData(message, Detail("must be a time", place)) from error
