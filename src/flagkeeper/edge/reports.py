"""What is sent upstream as `POST /api/client/metrics/bulk`: in parts that every server takes. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from flagkeeper.edge.impact import Impact, Key
from flagkeeper.features.measurements.model import ImpactMetric
from flagkeeper.features.usage.model import Collected, Count, CountKey, Sighting
from flagkeeper.kernel import clock

LARGEST = 90_000
"""Bytes of one request: Unleash refuses a body of more than 100 kB."""
SightingKey = tuple[str, str, str]


class Part(msgspec.Struct):
    """What one request says, and of what it is the report."""

    applications: list[msgspec.Raw] = []
    metrics: list[msgspec.Raw] = []
    impact: list[msgspec.Raw] = []
    sightings: list[SightingKey] = []
    counts: list[CountKey] = []
    samples: list[Key] = []

    def __len__(self) -> int:
        return len(self.applications) + len(self.metrics) + len(self.impact)

    @property
    def body(self) -> bytes:
        found = {"applications": self.applications, "metrics": self.metrics}
        return msgspec.json.encode({**found, "impactMetrics": self.impact} if self.impact else found)

    def halves(self) -> Iterator["Part"]:
        """The same in two parts, for a server that finds it too large. One that cannot be divided has none."""
        if len(self) < 2:
            return
        for pick in (slice(None, None, 2), slice(1, None, 2)):
            yield Part(*(getattr(self, name)[pick] for name in self.__struct_fields__))


def parts(environment: str, usage: Collected, impact: Impact, via: Any, every: float) -> Iterator[Part]:
    """All of an environment that waits. `via` is who sends it, `every` the seconds between two reports."""
    part, size = Part(), 0
    for raw, add in _items(environment, usage, impact, via, every):
        if size and size + len(raw) > LARGEST:
            yield part
            part, size = Part(), 0
        size += len(raw) + 1
        add(part, raw)
    if len(part):
        yield part


def _items(
    environment: str, usage: Collected, impact: Impact, via: Any, every: float
) -> Iterator[tuple[msgspec.Raw, Any]]:
    for seen in list(usage.sightings.values()):
        if seen.environment == environment:
            yield _encoded(application(seen, via, every)), _adding("applications", "sightings", seen.key)
    for key, count in list(usage.counts.items()):
        if key.environment == environment:
            yield _encoded(_count(key, count)), _adding("metrics", "counts", key)
    for series, metric in list(impact.of(environment)):
        yield _encoded(_measured(metric)), _adding("impact", "samples", series)


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _adding(said: str, of: str, key: Any) -> Any:
    def add(part: Part, raw: msgspec.Raw) -> None:
        getattr(part, said).append(raw)
        getattr(part, of).append(key)

    return add


def environments(usage: Collected, impact: Impact) -> list[str]:
    found = {key.environment for key in usage.counts} | {each.environment for each in usage.sightings.values()}
    return sorted(found | {key.environment for key in impact.samples})


def application(seen: Sighting, via: Iterable[Mapping[str, str]], every: float) -> dict[str, Any]:
    """What is not known is left out: Unleash refuses the whole report for an empty version."""
    told = {"sdkVersion": seen.sdk_version} if seen.sdk_version else {}
    return {
        "appName": seen.app_name,
        "instanceId": seen.instance_id,
        "environment": seen.environment,
        **told,
        "sdkType": seen.sdk_type,
        "strategies": list(seen.strategies or ()),
        "started": clock.to_iso(seen.seen_at),
        "interval": int(every * 1_000),
        "projects": list(seen.projects),
        "connectVia": via,
    }


def _measured(metric: ImpactMetric) -> dict[str, Any]:
    """A counter has no buckets, and a histogram no value."""
    samples = [
        {name: value for name, value in msgspec.structs.asdict(each).items() if value not in (None, [])}
        for each in metric.samples
    ]
    return {"name": metric.name, "help": metric.help, "type": metric.type, "samples": samples}


def _count(key: CountKey, count: Count) -> dict[str, Any]:
    return {
        "featureName": key.feature_name,
        "appName": key.app_name,
        "environment": key.environment,
        "timestamp": clock.to_iso(key.hour),
        "yes": count.yes,
        "no": count.no,
        "variants": count.variants,
    }
