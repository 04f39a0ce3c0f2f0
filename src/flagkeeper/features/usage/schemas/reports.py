"""What SDKs and proxies send."""

from collections.abc import Iterator
from typing import Annotated, Any, TypeVar

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
from flagkeeper.kernel.text import is_one_line

Name = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
Number = Annotated[int, Meta(ge=0, le=2**40)]
ItemT = TypeVar("ItemT")
NUL = b"\\u0000"
"""In JSON. No database of ours keeps it everywhere."""
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
    sdk_flavor: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None
    """Of SDKs that wrap another one."""
    sdk_flavor_version: Annotated[str, Meta(max_length=LONGEST_NAME)] | None = None

    def __post_init__(self) -> None:
        # What SDKs are called stands in lists and events, on one line.
        texts = (getattr(self, name) for name in Sdk.__struct_fields__)
        _check_names(*texts)

    def sighting(self, reporter: Reporter, now: clock.Millis, strategies: list[str] | None = None) -> Sighting:
        return Sighting(
            app_name=self.app_name,
            environment=reporter.environment,
            instance_id=self.instance_id or "default",
            sdk_version=self.sdk_version,
            sdk_type="frontend" if self.sdk_type == "frontend" else "backend",
            strategies=None
            if strategies is None
            else tuple(dict.fromkeys(filter(is_one_line, strategies)))[:MOST_STRATEGIES],
            projects=reporter.projects,
            token=reporter.token,
            address=reporter.address,
            seen_at=now,
        )

    def registration(self, reporter: Reporter) -> Report:
        name, _, version = (self.sdk_version or "").partition(":")
        return Report(
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
        if not self.variants:
            return Count(self.yes, self.no)
        variants = {
            name: number for name, number in self.variants.items() if len(name) <= LONGEST_FLAG and is_one_line(name)
        }
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
            if _is_name(flag)
        }

    def report(self, reporter: Reporter) -> Report | None:
        """None when there is no bucket."""
        if self.bucket is None:
            return None
        start, stop = (clock.to_iso(read_time(each)) for each in (self.bucket.start, self.bucket.stop))
        toggles = len(self.bucket.toggles)
        return _metrics_report(self.app_name, reporter.environment, start, stop, toggles)


class RegisterParts(Sdk, frozen=True, kw_only=True):
    """A `RegisterBody` of which nobody has looked at what the strategies are: one that has no name must not cost the
    application its place in the lists."""

    strategies: list[Any]
    started: Moment
    interval: Annotated[float, Meta(ge=0)]

    def read(self) -> RegisterBody:
        named = [each for each in self.strategies if isinstance(each, str)]
        return RegisterBody(**{**msgspec.structs.asdict(self), "strategies": named})


class BucketParts(msgspec.Struct, frozen=True, kw_only=True):
    """A `Bucket` whose counts are not read yet."""

    start: Moment
    stop: Moment
    toggles: dict[str, msgspec.Raw]


class MetricsParts(Sdk, frozen=True, kw_only=True):
    """A `MetricsBody` whose counts are not read yet: SDKs send them once, so that one that is wrong must not cost the
    others."""

    bucket: BucketParts | None = None
    impact_metrics: Any = None

    def read(self) -> tuple[MetricsBody, int]:
        """What can be read, and the number of counts that cannot."""
        given = msgspec.structs.asdict(self)
        if self.bucket is None:
            return MetricsBody(**given), 0
        read = ((name, _read(raw, _COUNTS)) for name, raw in self.bucket.toggles.items())
        counts = {name: each for name, each in read if each is not None}
        bucket = Bucket(start=self.bucket.start, stop=self.bucket.stop, toggles=counts)
        return MetricsBody(**{**given, "bucket": bucket}), len(self.bucket.toggles) - len(counts)


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
        return Reporter(proxy.token, proxy.address, projects, self.environment)


class BulkCount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What an SDK behind a proxy counted of one flag."""

    feature_name: str
    app_name: Name
    environment: str
    timestamp: Moment | None = None
    yes: Number = 0
    no: Number = 0
    variants: dict[str, Number] | None = None

    def __post_init__(self) -> None:
        _check_names(self.app_name)
        if self.timestamp is not None:
            read_time(self.timestamp)

    def at(self, now: clock.Millis) -> clock.Millis:
        return now if self.timestamp is None else read_time(self.timestamp)


class BulkBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a proxy collected of many SDKs."""

    applications: list[BulkApplication]
    metrics: list[BulkCount]
    impact_metrics: Any = None
    seen_tokens: list[str] | None = None
    """That SDKs have shown to the proxy."""

    def counts(self, proxy: Reporter, now: clock.Millis) -> Iterator[tuple[CountKey, Count]]:
        """Those of the token's environment; what is counted elsewhere is not the token's to report."""
        for each in self.metrics:
            if each.environment == proxy.environment and _is_name(each.feature_name):
                count = FlagCounts(yes=each.yes, no=each.no, variants=each.variants).count()
                yield CountKey(each.feature_name, each.environment, each.app_name, hour_of(each.at(now), now)), count

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
            yield _metrics_report(app_name, proxy.environment, clock.to_iso(start), clock.to_iso(stop), len(names))


class BulkParts(msgspec.Struct, frozen=True, kw_only=True):
    """A `BulkBody` whose items are not read yet: a proxy speaks for many, and one that errs must not cost the others
    their counts, which nobody sends again."""

    applications: list[msgspec.Raw]
    metrics: list[msgspec.Raw]
    impact_metrics: Any = msgspec.field(name="impactMetrics", default=None)
    seen_tokens: Any = msgspec.field(name="seenTokens", default=None)

    def read(self) -> tuple[BulkBody, int]:
        """What can be read, and the number of items that cannot."""
        applications = _readable(self.applications, _APPLICATION)
        metrics = _readable(self.metrics, _BULK_COUNT)
        unread = len(self.applications) + len(self.metrics) - len(applications) - len(metrics)
        seen = self.seen_tokens if isinstance(self.seen_tokens, list) else []
        tokens = [each for each in seen if isinstance(each, str)]
        body = BulkBody(
            applications=applications, metrics=metrics, impact_metrics=self.impact_metrics, seen_tokens=tokens
        )
        return body, unread


_COUNTS = msgspec.json.Decoder(FlagCounts, strict=False)
_APPLICATION = msgspec.json.Decoder(BulkApplication, strict=False)
_BULK_COUNT = msgspec.json.Decoder(BulkCount, strict=False)


def _readable(items: list[msgspec.Raw], decoder: "msgspec.json.Decoder[ItemT]") -> list[ItemT]:
    return [found for item in items if (found := _read(item, decoder)) is not None]


def _read(item: msgspec.Raw, decoder: "msgspec.json.Decoder[ItemT]") -> ItemT | None:
    """None: it cannot be read."""
    try:
        return None if NUL in bytes(item) else decoder.decode(item)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _check_names(*names: str | None) -> None:
    if not all(is_one_line(name) for name in names if name):
        raise ValueError("Control characters and signs that change the direction of text are not allowed in names")


def _is_name(flag: str) -> bool:
    """Whether it can be the name of a flag, perhaps of one that we do not know."""
    return 1 <= len(flag) <= LONGEST_NAME and is_one_line(flag)


def _metrics_report(app_name: str, environment: str, start: str, stop: str, toggles: int) -> Report:
    bucket = MetricsBucket(start=start, stop=stop)
    data = MetricsData(app_name=app_name, environment=environment, bucket=bucket, toggles=toggles)
    return Report(ClientMetrics(data=data))


def _moment(value: Moment, place: str) -> clock.Millis:
    try:
        return read_time(value)
    except (ValueError, OverflowError) as error:
        message = f"{value!r:.60} is no time. Send ISO 8601, 2026-11-22T17:00:00.000Z, or milliseconds since 1970."
        raise BadData(message, Detail("must be a time", place)) from error
